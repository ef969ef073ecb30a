"""Where a webhook may lead: to public addresses of the internet, never into the house (settings may allow that).

A name is looked up once and the connection goes to the address that was checked, so a name that answers differently
the second time gains nothing.
"""

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from common.errors import FieldError, LoyaltyError

LONGEST = 300
PORTS = {"https": 443, "http": 80}
# Addresses that stand for others: what looks public may lead inside.
TRANSLATED = tuple(ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class AddressRefused(LoyaltyError):
    code = "address_refused"
    title = "This address can't be called"


def checked_url(url: str) -> str:
    """The address as it is stored; AddressRefused where it could never be called. Names are looked up at each call."""
    try:
        found = _faults(url)
    except ValueError:
        found = "This is no web address."
    if found:
        raise AddressRefused(found, errors=[FieldError(pointer="/url", code="address_refused", detail=found)])
    return url


def address_of(host: str, port: int) -> str:
    """The address to connect to; AddressRefused where the name leads to one that is not public, OSError where it leads
    nowhere."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not all(_is_open(one) for one in addresses):
        raise AddressRefused(f"{host} leads to an address that is not public.")
    return addresses[0]


def allows_private() -> bool:
    return bool(settings.LOYALTY_WEBHOOKS_PRIVATE)


def _faults(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        return f"An address has at most {LONGEST} plain characters."
    if parts.scheme not in (PORTS if allows_private() else ("https",)):
        return "An address begins with https://."
    if not host or not _port(parts) or "@" in parts.netloc or parts.fragment:
        return "An address names a host, and neither a user nor a part behind #."
    if (_is_ip(host) and not _is_open(host)) or (host == "localhost" and not allows_private()):
        return f"{host} is not a public address."
    return ""


def _port(parts: SplitResult) -> int:
    return PORTS[parts.scheme] if parts.port is None else parts.port


def host_and_port(url: str) -> tuple[SplitResult, str, int]:
    """Of an address that was checked when it was registered."""
    parts = urlsplit(url)
    return parts, parts.hostname or "", _port(parts)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_open(address: str) -> bool:
    if allows_private():
        return True
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.version == 6 and (found.ipv4_mapped or any(found in network for network in TRANSLATED)):
        return False
    return found.is_global and not found.is_multicast
