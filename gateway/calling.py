"""One POST to somebody else's server: to a checked address, within ten seconds in all, following no redirect."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from gateway.addresses import AddressRefused, address_of, host_and_port

TIMEOUT = 10.0
# What went wrong, in words that tell nothing about our own network.
WORDS: tuple[tuple[type[Exception], str], ...] = (
    (AddressRefused, gettext_noop("the name leads to an address that is not public")),
    (TimeoutError, gettext_noop("no answer in time")),
    (ssl.SSLCertVerificationError, gettext_noop("its certificate is not trusted")),
    (ssl.SSLError, gettext_noop("no secured connection")),
    (ConnectionRefusedError, gettext_noop("connection refused")),
    (socket.gaierror, gettext_noop("the name of the host is not known")),
    (OSError, gettext_noop("connection lost")),
    (http.client.HTTPException, gettext_noop("no answer in HTTP")),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None where there was none; then `problem` says why."""

    status: int | None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def call(url: str, *, body: bytes, headers: Mapping[str, str], timeout: float = TIMEOUT) -> Answer:
    """What the server answered; its body is not read. Never raises for what the other side does."""
    connection = _Connection(url, timeout)
    watch = threading.Timer(timeout, connection.give_up)
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", connection.target, body, dict(headers))
        return Answer(connection.getresponse().status)
    except (OSError, http.client.HTTPException, AddressRefused) as error:
        # A server that sends a byte now and then is cut off, which looks like a lost connection.
        return Answer(None, _told(TimeoutError() if connection.gave_up else error))
    finally:
        watch.cancel()
        connection.close()


def _told(error: Exception) -> str:
    return next(words for kind, words in WORDS if isinstance(error, kind))


class _Connection(http.client.HTTPConnection):
    """Asks for the host by its name, and goes to the address that was checked."""

    def __init__(self, url: str, timeout: float) -> None:
        parts, self.name, port = host_and_port(url)
        super().__init__(self.name, port, timeout=timeout)
        self.secured = parts.scheme == "https"
        # What it says in Host.
        self.default_port = 443 if self.secured else 80
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.gave_up = False

    def connect(self) -> None:
        address = address_of(self.name, self.port)
        self.sock = socket.create_connection((address, self.port), self.timeout)
        if self.secured:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.name)

    def give_up(self) -> None:
        self.gave_up = True
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
