"""Two spellings of one thing have one key, different things have different ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.keys import document_key, email_key, name_key, phone_key
from customers.masking import masked_email, masked_name, masked_phone


@pytest.mark.parametrize(
    ("given_email", "key"),
    [
        (" Michael@Example.COM ", "michael@example.com"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("straße@example.com", "strasse@example.com"),
        # Tricks of one provider are not everybody's.
        ("m.adams+shop@example.com", "m.adams+shop@example.com"),
        ("", None),
        (None, None),
    ],
)
def test_email(given_email: str | None, key: str | None) -> None:
    assert email_key(given_email) == key


@pytest.mark.parametrize(
    ("phone", "country", "key"),
    [
        ("+43 664 1234567", "", "+436641234567"),
        ("+43 (0)664/123-45-67", "", "+436641234567"),
        ("0664 1234567", "AT", "+436641234567"),
        ("0043 664 1234567", "AT", "+436641234567"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("(202) 555-0143", "US", "+12025550143"),
        # Without a country a national number is compared by its digits.
        ("0664 1234567", "", "06641234567"),
        ("555-0101", "", "5550101"),
        ("0664 1234567", "XX", "06641234567"),
        ("ext", "", None),
        ("", "AT", None),
        (None, "AT", None),
    ],
)
def test_phone(phone: str | None, country: str, key: str | None) -> None:
    assert phone_key(phone, country) == key


def test_the_setting_names_the_usual_country(settings: object) -> None:
    settings.LOYALTY_PHONE_REGION = "DE"  # type: ignore[attr-defined]
    assert phone_key("0171 1234567") == "+491711234567"
    assert phone_key("0664 1234567", "AT") == "+436641234567"


@pytest.mark.parametrize(
    ("number", "key"), [("p 123-456", "P123456"), ("ÄB.12/7", "ÄB127"), ("---", None), ("", None), (None, None)]
)
def test_document(number: str | None, key: str | None) -> None:
    assert document_key(number) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  José   García-López ", "jose garcia lopez"),
        ("JOSE GARCIA LOPEZ", "jose garcia lopez"),
        ("Jose\u0301 Garci\u0301a Lo\u0301pez", "jose garcia lopez"),
        ("Groß", "gross"),
        ("Søren Łukasz Æther", "soren lukasz aether"),
        ("O’Neil", "o neil"),
        ("王小明", "王小明"),
        ("🙂", None),
        (None, None),
    ],
)
def test_name(name: str | None, key: str | None) -> None:
    assert name_key(name) == key


@given(st.text(max_size=180))
def test_keys_fit_their_columns_and_are_their_own_keys(text: str) -> None:
    for make, room in ((name_key, 180), (phone_key, 20)):
        key = make(text)
        assert key is None or 0 < len(key) <= room
    name = name_key(text)
    assert name is None or name_key(name.upper()) in (name_key(name), name_key(name.upper().lower()))


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        (masked_name("Michael Adams"), "M*** A***"),
        (masked_name("王小明"), "王***"),
        (masked_name(None), None),
        (masked_email("michael@example.com"), "m***@e***.com"),
        (masked_email("m@mail.example.co.uk"), "m***@m***.uk"),
        (masked_email("root@localhost"), "r***@l***"),
        (masked_email(None), None),
        (masked_phone("+436641234567"), "***67"),
        (masked_phone(None), None),
    ],
)
def test_masks(shown: str | None, masked: str | None) -> None:
    assert shown == masked
