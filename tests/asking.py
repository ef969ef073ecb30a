"""Proposals made as rows, the staff who ask about them, and what their letters held."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from common import clock
from common.actor import Actor
from common.history import audit_context
from customers.models import Customer, Message
from memberships.models import (
    ChangeKind,
    ChangeParty,
    ChangeStatus,
    Consent,
    ConsentDecision,
    ConsentInvitation,
    Membership,
    MembershipChange,
    MembershipType,
    PartyRole,
    SpendingCode,
)
from tests.changes import people_of
from tests.factories import ACTOR, member_of

DIGEST = "a" * 64
OTHER = "b" * 64
ALL = frozenset({"changes:consent", "changes:attest", "changes:decide"})


def staff(user_id: int, *rights: str) -> Actor:
    """A member of staff with these rights, or with all about consents."""
    has = frozenset(rights) or ALL
    return Actor("user", user_id, 1, f"staff {user_id}", lambda action, program_id: action in has, None)


AGENT, SUPERVISOR, COLLEAGUE = staff(11, "changes:consent"), staff(12), staff(13)
TILL = Actor("channel", None, 7, "till", lambda action, program_id: action == "changes:consent", None)


def proposed(prime: Membership, secondary: Membership | None = None, **values: Any) -> MembershipChange:
    """A change that waits for everyone in these memberships: a merge into a shared account unless said otherwise."""
    now = clock.program_now(prime.program)
    parties = [one for one in (prime, secondary) if one is not None]
    defaults = {
        "kind": ChangeKind.MERGE,
        "status": ChangeStatus.AWAITING_CONSENT,
        "result_type": MembershipType.SHARED,
        "digest": DIGEST,
        "proposed_at": now,
        "expires_at": now + timedelta(days=14),
        "channel_id": 1,
    }
    with audit_context(ACTOR, "test"):
        change: MembershipChange = MembershipChange.objects.create(
            program=prime.program, prime=prime, secondary=secondary, **(defaults | values)
        )
        for membership in parties:
            role = PartyRole.PRIME if membership == prime else PartyRole.SECONDARY
            ChangeParty.objects.create(
                change=change, program=prime.program, membership=membership, role=role, is_open=change.status in OPENED
            )
            for customer_id in people_of(membership):
                Consent.objects.create(
                    change=change, program=prime.program, customer_id=customer_id, membership=membership
                )
    return change


OPENED = (ChangeStatus.AWAITING_CONSENT, ChangeStatus.AGREED)


def split_of(membership: Membership, leaver: int, *sharing: Membership, **values: Any) -> MembershipChange:
    """`sharing`: the others who use the pool."""
    change = proposed(
        membership,
        kind=ChangeKind.SPLIT,
        leaver_id=leaver,
        result_type="",
        **({"policy": "by_contribution"} | values),
    )
    with audit_context(ACTOR, "test"):
        for one in sharing:
            ChangeParty.objects.create(
                change=change, program=one.program, membership=one, role=PartyRole.POOL, is_open=True
            )
            Consent.objects.create(change=change, program=one.program, customer_id=member_of(one), membership=one)
    return change


def status_of(change: MembershipChange) -> str:
    return str(MembershipChange.objects.get(pk=change.pk).status)


def consent_of(change: MembershipChange, customer_id: int) -> Consent:
    found: Consent = Consent.objects.get(change=change, customer_id=customer_id)
    return found


def log_of(change: MembershipChange) -> list[tuple[int, str, str]]:
    """(customer, decision, method) in order."""
    decisions = ConsentDecision.objects.filter(consent__change=change).order_by("pk")
    return [(one.consent.customer_id, str(one.decision), str(one.method)) for one in decisions]


def reachable(*memberships: Membership) -> None:
    """Everyone in them has an e-mail address."""
    for membership in memberships:
        for pk in people_of(membership):
            customer = Customer.objects.get(pk=pk)
            customer.email = customer.email_key = f"c{pk}@example.com"
            customer.save()


def code_in(invitation: ConsentInvitation | SpendingCode) -> str:
    """What the letter says."""
    assert invitation.message is not None
    found = re.search(r"\b(\d{6})\b", invitation.message.body or "")
    assert found is not None
    return found[1]


def token_in(invitation: ConsentInvitation) -> str:
    assert invitation.message is not None
    found = re.search(r"/consent/(\S+)", invitation.message.body or "")
    assert found is not None
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def snapshot() -> list[Any]:
    """Everything an answer could change, to prove that a refused one changed nothing."""
    models: Iterable[Any] = (MembershipChange, ChangeParty, Consent, ConsentDecision, ConsentInvitation, Message)
    return [list(model.objects.order_by("pk").values()) for model in models]
