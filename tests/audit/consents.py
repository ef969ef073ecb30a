"""Changes in the small sound world: Michael and Katrin once agreed to share, Jane refused John."""

from datetime import datetime
from typing import Any

from memberships.models import (
    ChangeParty,
    Consent,
    ConsentDecision,
    ConsentDocument,
    ConsentInvitation,
    MembershipChange,
)

from .world import World, days

DIGEST = "d" * 64
AGENT, SECOND = 11, 12


def add_changes(world: World) -> None:
    at = world.now - days(60)
    shared = _change(
        world, "michael", "katrin", result_type="shared", status="carried_out", carried_out_at=at + days(2), ended_at=at
    )
    shared.result = world.memberships["michael"]
    shared.save()
    by_link = _consent(world, shared, "michael", "given", at, method="link", evidence="link 1")
    ConsentInvitation.objects.create(
        consent=by_link,
        program=world.north,
        kind="link",
        secret_digest=b"s" * 32,
        sent_at=at,
        expires_at=at + days(5),
        used_at=at,
    )
    on_paper = _consent(
        world,
        shared,
        "katrin",
        "given",
        at,
        method="document",
        evidence="letter",
        user_id=AGENT,
        confirmed_by_id=SECOND,
    )
    ConsentDocument.objects.create(
        consent=on_paper,
        program=world.north,
        decides="document",
        digest=DIGEST,
        evidence="letter",
        recorded_at=at,
        channel_id=1,
        user_id=AGENT,
        confirmed_at=at,
        confirmed_by_id=SECOND,
    )
    refused = _change(world, "john", "jane", result_type="group", status="refused", ended_at=at)
    _consent(world, refused, "john", "asked", None)
    _consent(world, refused, "jane", "refused", at, method="in_person", evidence="at the desk", user_id=AGENT)


def _change(world: World, prime: str, secondary: str, **values: Any) -> MembershipChange:
    change: MembershipChange = MembershipChange.objects.create(
        program=world.north,
        kind="merge",
        prime=world.memberships[prime],
        secondary=world.memberships[secondary],
        digest=DIGEST,
        proposed_at=world.now - days(61),
        expires_at=world.now - days(31),
        channel_id=1,
        **values,
    )
    for name, role in ((prime, "prime"), (secondary, "secondary")):
        ChangeParty.objects.create(
            change=change, program=world.north, membership=world.memberships[name], role=role, is_open=False
        )
    return change


def _consent(
    world: World, change: MembershipChange, name: str, status: str, at: datetime | None, **told: Any
) -> Consent:
    if at is not None:
        told |= {"digest": DIGEST, "decided_at": at, "channel_id": 1}
    consent: Consent = Consent.objects.create(
        change=change,
        program=world.north,
        customer=world.customers[name],
        membership=world.memberships[name],
        status=status,
        **told,
    )
    if at is not None:
        ConsentDecision.objects.create(consent=consent, decision=status, **told)
    return consent
