"""Who calls: the channel behind a bearer token, found by one SELECT and kept for seconds.

A revoked token, a scope or a program taken away works on for at most CACHED_SECONDS in a process that knew it.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from common import clock
from common.actor import Actor

CACHED_SECONDS = 5.0
CACHED_TOKENS = 10_000
MAX_TOKEN = 255

FIND = """
SELECT channel.id, channel.code, channel.scope_list, channel.requests_per_minute, token.scope, token.expires,
       CASE WHEN NOT channel.all_programs THEN ARRAY(
           SELECT program_id FROM gateway_channelprogram WHERE channel_id = channel.id) END
FROM oauth2_provider_accesstoken token JOIN gateway_channel channel ON channel.id = token.application_id
WHERE token.token_checksum = %s AND NOT channel.built_in
"""


@dataclass(frozen=True, slots=True)
class ChannelAuth:
    """`request.auth` of a channel. `programs` None means every program."""

    channel_id: int
    code: str
    scopes: frozenset[str]
    programs: frozenset[int] | None
    requests_per_minute: int
    expires: datetime

    # Keys and counts of a channel are its own.
    key_owner = ""

    @property
    def throttle_subject(self) -> str:
        return f"channel:{self.channel_id}"

    def may(self, action: str, program_id: int | None = None) -> bool:
        """In that program, or with None in any program at all."""
        return action in self.scopes and (program_id is None or self.programs is None or program_id in self.programs)

    def actor(self) -> Actor:
        return Actor("channel", None, self.channel_id, self.code, self.may, self.programs)


class ChannelAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, ChannelAuth] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        auth = find_channel(token.strip())
        if auth is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked. Ask /oauth/token for a new one.")
        return AnonymousUser(), auth

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


_known: dict[str, tuple[float, ChannelAuth]] = {}


def find_channel(token: str) -> ChannelAuth | None:
    """The channel of a valid token."""
    if not 0 < len(token) <= MAX_TOKEN:
        return None
    checksum = hashlib.sha256(token.encode()).hexdigest()
    until, auth = _known.get(checksum, (0.0, None))
    if auth is None or until < time.monotonic():
        auth = _load(checksum)
        if auth is None:
            _known.pop(checksum, None)
            return None
        if len(_known) >= CACHED_TOKENS:
            _known.clear()
        _known[checksum] = (time.monotonic() + CACHED_SECONDS, auth)
    return auth if clock.now() < auth.expires else None


def forget_tokens() -> None:
    """Make this process ask the database again: after a change of a channel, and between tests."""
    _known.clear()


def _load(checksum: str) -> ChannelAuth | None:
    with connection.cursor() as cursor:
        cursor.execute(FIND, [checksum])
        row = cursor.fetchone()
    if row is None:
        return None
    channel_id, code, scope_list, per_minute, scope, expires, programs = row
    return ChannelAuth(
        channel_id=channel_id,
        code=code,
        # Both: a token never says more than the channel may now.
        scopes=frozenset(scope.split()) & frozenset(scope_list),
        programs=None if programs is None else frozenset(programs),
        requests_per_minute=per_minute,
        expires=expires,
    )
