"""Personal values in the one form in which two spellings of the same thing are equal.

Keys are compared and searched, never shown. None means: nothing to compare.
"""

import re
import unicodedata

import phonenumbers
from django.conf import settings

NAME_KEY_LENGTH = 180
PHONE_KEY_LENGTH = 20
# Letters that do not fall apart into a base letter and its accent.
PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ß": "ss"}
)


def email_key(email: str | None) -> str | None:
    """Letter case and white space do not tell addresses apart; dots and tags of a provider do."""
    return unicodedata.normalize("NFKC", email or "").strip().casefold() or None


def phone_key(phone: str | None, country: str = "") -> str | None:
    """E.164 where the number can be read, by itself or as one of `country`; else its digits."""
    given = unicodedata.normalize("NFKC", phone or "").strip()
    region = country or getattr(settings, "LOYALTY_PHONE_REGION", "") or None
    try:
        number = phonenumbers.parse(given, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_possible_number(number):
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return re.sub(r"\D", "", given)[:PHONE_KEY_LENGTH] or None


def document_key(number: str | None) -> str | None:
    """Letters and digits only, in capitals."""
    plain = unicodedata.normalize("NFKC", number or "").upper()
    return "".join(letter for letter in plain if letter.isalnum()) or None


def name_key(name: str | None) -> str | None:
    """Without case, accents, punctuation and double spaces."""
    folded = unicodedata.normalize("NFKD", (name or "").casefold()).translate(PLAIN)
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    words = "".join(letter if letter.isalnum() else " " for letter in bare).split()
    return " ".join(words)[:NAME_KEY_LENGTH].strip() or None
