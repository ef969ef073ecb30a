"""Channels with a token, for tests that come through the API."""

from collections.abc import Iterable
from datetime import timedelta

from oauth2_provider.models import AccessToken

from common import clock
from gateway.channels import create_channel, system_actor
from gateway.models import Channel
from programs.models import Program


def channel_of(code: str, scopes: Iterable[str], *programs: Program) -> Channel:
    """A channel with these scopes in these programs; in every program where none is named."""
    channel, _ = create_channel(
        code, name=code.title(), scopes=scopes, actor=system_actor(), programs=programs, all_programs=not programs
    )
    return channel


def bearer(channel: Channel) -> str:
    """The Authorization header with a token of the channel that lasts an hour."""
    raw = f"token-of-{channel.code}"
    if not AccessToken.objects.filter(application=channel).exists():
        token = AccessToken(
            application=channel, scope=" ".join(channel.scope_list), expires=clock.now() + timedelta(hours=1)
        )
        token._raw_token = raw
        token.save()
    return f"Bearer {raw}"
