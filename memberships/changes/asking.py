"""The consents a change waits for, and how given ones become void (domain 1.9)."""

from datetime import datetime

from common.actor import Actor
from common.history import create_with_history
from memberships.changes.plan import Plan
from memberships.models import Consent, ConsentDecision, ConsentStatus, MembershipChange


def ask_everyone(change: MembershipChange, plan: Plan) -> None:
    """A consent for everyone asked who has none yet. Whose it still is stands in the terms."""
    known = set(Consent.objects.filter(change=change).values_list("customer_id", flat=True))
    memberships = {person.customer_id: person.membership_id for person in plan.people}
    for umbrella_id, customer_id in plan.signatories.items():
        # Who signs for the organization may be the person who joins, and is asked once.
        memberships.setdefault(customer_id, umbrella_id)
    create_with_history(
        Consent(change=change, program_id=change.program_id, customer_id=customer, membership_id=memberships[customer])
        for customer in sorted(plan.asked)
        if customer not in known
    )


def void_given(change: MembershipChange, *, actor: Actor, at: datetime) -> list[int]:
    """Consents to other terms count no more; the customers. Row and log keep the digest that was consented to."""
    given = Consent.objects.filter(change=change, status=ConsentStatus.GIVEN).order_by("pk").select_for_update()
    voided = []
    for consent in given:
        consent.status, consent.decided_at = ConsentStatus.VOID, at
        consent.save()
        ConsentDecision.objects.create(
            consent=consent,
            decision=ConsentStatus.VOID,
            method=consent.method,
            digest=consent.digest,
            channel_id=actor.channel_id,
            user_id=actor.user_id,
            decided_at=at,
        )
        voided.append(consent.customer_id)
    return voided
