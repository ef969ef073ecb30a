"""Channels: the two built-in ones, and how a system gets its own."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from django.conf import settings
from django.db import connection, transaction
from oauth2_provider.generators import generate_client_secret

from common.actor import Actor
from common.errors import LoyaltyError
from common.history import audit_context
from gateway.authentication import ChannelAuth
from gateway.events import record_event
from gateway.models import Channel, ChannelProgram
from programs.models import Program

BuiltIn = Literal["desk", "system"]
# Reserved ids, so that no request has to look them up and every copy of the database has the same ones.
BUILT_IN: dict[BuiltIn, int] = {"desk": 1, "system": 2}


class UnknownScope(LoyaltyError):
    code = "unknown_scope"
    title = "This scope does not exist"


def built_in_channel_id(code: BuiltIn) -> int:
    """`desk`: what staff do. `system`: what runs do."""
    return BUILT_IN[code]


def system_actor() -> Actor:
    return Actor.system(BUILT_IN["system"])


def actor_of_channel(channel: Channel) -> Actor:
    """The channel with all it may, where no token of it says less."""
    given = ChannelProgram.objects.filter(channel=channel).values_list("program_id", flat=True)
    auth = ChannelAuth(
        channel_id=channel.pk,
        code=channel.code,
        scopes=frozenset(channel.scope_list),
        programs=None if channel.all_programs else frozenset(given),
        requests_per_minute=channel.requests_per_minute,
        expires=datetime.max.replace(tzinfo=UTC),
    )
    return auth.actor()


def all_scopes() -> dict[str, str]:
    """Every scope a channel may be given, with its meaning."""
    provider: dict[str, Any] = settings.OAUTH2_PROVIDER
    scopes: dict[str, str] = provider["SCOPES"]
    return scopes


def create_channel(
    code: str,
    *,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    programs: Iterable[Program] = (),
    all_programs: bool = False,
    requests_per_minute: int = 6000,
) -> tuple[Channel, str]:
    """The channel and its secret, which is stored only hashed: nobody can show it again."""
    wanted = sorted(set(scopes))
    if unknown := set(wanted) - set(all_scopes()):
        raise UnknownScope(f"No such scopes: {', '.join(sorted(unknown))}.", facts={"scopes": sorted(unknown)})
    secret = generate_client_secret()
    with transaction.atomic(), audit_context(actor):
        channel = Channel.objects.create(
            code=code,
            name=name,
            scope_list=wanted,
            all_programs=all_programs,
            requests_per_minute=requests_per_minute,
            client_secret=secret,
            **OF_MACHINES,
        )
        for program in programs:
            ChannelProgram.objects.create(channel=channel, program=program)
    return channel, secret


def renew_secret(channel: Channel, *, actor: Actor) -> str:
    """A new secret; the old one stops working at once, tokens already given live on to their end."""
    secret: str = generate_client_secret()
    with transaction.atomic(), audit_context(actor):
        locked = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
        locked.client_secret = secret
        locked.save()
        # History holds no secrets, so it would not show that there is a new one.
        record_event("channel.secret_renewed", program_id=None, subject_id=channel.pk, facts={})
    return secret


# Of OAuth2 a channel uses nothing but client credentials.
OF_MACHINES: dict[str, Any] = {
    "client_type": Channel.CLIENT_CONFIDENTIAL,
    "authorization_grant_type": Channel.GRANT_CLIENT_CREDENTIALS,
}


def make_built_in_channels(**_: Any) -> None:
    """Runs after every migrate, and so after a test emptied the tables; what is there stays as it is."""
    present = set(Channel.objects.filter(pk__in=BUILT_IN.values()).values_list("pk", flat=True))
    missing = [(code, pk) for code, pk in BUILT_IN.items() if pk not in present]
    if not missing:
        return
    with transaction.atomic(), audit_context(system_actor(), "built in"):
        for code, pk in missing:
            Channel.objects.create(
                pk=pk,
                code=code,
                name=code,
                built_in=True,
                all_programs=True,
                # None at all: no token is ever issued to them.
                client_secret="",
                hash_client_secret=False,
                **OF_MACHINES,
            )
        _keep_ids_reserved()


def _keep_ids_reserved() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('gateway_channel', 'id'),"
            " GREATEST(%s, (SELECT max(id) FROM gateway_channel)))",
            [max(BUILT_IN.values())],
        )
