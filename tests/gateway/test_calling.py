"""One POST to a server that may be down, slow, malicious or in the house."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.addresses import AddressRefused, address_of, checked_url
from gateway.calling import Answer, call
from tests.gateway.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.LOYALTY_WEBHOOKS_PRIVATE = True
    with receiving() as one:
        yield one


def send(url: str, timeout: float = 5.0) -> Answer:
    return call(url, body=b'{"a":1}', headers={"webhook-id": "evt_1"}, timeout=timeout)


@pytest.mark.parametrize(("status", "good"), [(200, True), (204, True), (299, True), (400, False), (500, False)])
def test_what_was_answered_is_told(receiver: Receiver, status: int, good: bool) -> None:
    receiver.answers.append(status)
    found = send(f"{receiver.url}/hooks?key=a%20b")
    assert (found, found.is_good) == (Answer(status), good)
    ((headers, body),) = receiver.got
    assert (headers["webhook-id"], body) == ("evt_1", b'{"a":1}')


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers.append(302)
    assert send(receiver.url) == Answer(302)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("behavior", ["silent", "drip"])
def test_ten_seconds_are_the_time_for_all_of_it(receiver: Receiver, behavior: str) -> None:
    receiver.answers.append(behavior)
    begun = time.monotonic()
    assert send(receiver.url, timeout=0.4) == Answer(None, "no answer in time")
    assert time.monotonic() - begun < 2


def test_a_server_that_is_down_is_told(settings: Any) -> None:
    settings.LOYALTY_WEBHOOKS_PRIVATE = True
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert send(f"http://127.0.0.1:{port}") == Answer(None, "connection refused")


def test_no_http_and_no_tls_are_told(settings: Any, receiver: Receiver) -> None:
    receiver.answers.append("nothing")
    assert send(receiver.url) == Answer(None, "connection lost")
    assert send(receiver.url.replace("http:", "https:")) == Answer(None, "no secured connection")


def test_a_name_that_leads_into_the_house_is_not_called(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOYALTY_WEBHOOKS_PRIVATE = False
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(receiver.url.rpartition(":")[2])))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: inside)
    assert send("https://hooks.example.com") == Answer(None, "the name leads to an address that is not public")
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
    ],
)  # fmt: skip
def test_one_private_address_among_public_ones_is_enough(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", (one, 443)) for one in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    with pytest.raises(AddressRefused):
        address_of("hooks.example.com", 443)
    found.pop()
    assert address_of("hooks.example.com", 443) == "93.184.216.34"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com", "ftp://hooks.example.com", "https://", "hooks.example.com", "https://10.0.0.1/x",
        "https://[::1]/", "https://user@hooks.example.com", "https://user:pw@hooks.example.com", "https://localhost/x",
        "https://hooks.example.com/#part", "https://hooks.example.com:99999/", "https://hooks.example.com/ä",
        "https://hooks.example.com/a b", "https://hooks.example.com/\nHost: x", "https://h.example.com/" + "x" * 300,
        "https://[nonsense", "https://2130706433.example:0/", "",
    ],
)  # fmt: skip
def test_an_address_that_can_never_be_called_is_refused_when_it_is_registered(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        checked_url(url)
    assert refused.value.errors[0]["pointer"] == "/url"


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com", "https://hooks.example.com:8443/a/b?c=d", "https://8.8.8.8/"]
)
def test_a_public_address_is_taken_as_it_is(url: str) -> None:
    assert checked_url(url) == url
