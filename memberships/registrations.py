"""What becomes of the registration of a found card: done, or withdrawn (domain 1.10).

The verbs stand in registering.py. Changes of memberships call this: an absorption settles what waited for it, and a
change that comes to nothing, or is undone, takes its registration along.
"""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from common.db import lock_rows
from gateway.events import record_event
from memberships.models import (
    CardRegistration,
    Membership,
    MembershipChange,
    RegistrationOutcome,
    RegistrationStatus,
)

WAITS = (RegistrationStatus.WAITING, RegistrationStatus.AWAITING_CONSENT)


def open_registrations() -> QuerySet[CardRegistration]:
    """Those that wait, the oldest first."""
    return CardRegistration.objects.filter(status__in=WAITS).select_related("card").order_by("pk")


def registrations_about(membership: Membership) -> QuerySet[CardRegistration]:
    """Those that wait for the membership, or are to bring it to somebody."""
    return open_registrations().filter(Q(membership=membership) | Q(target=membership))


def waited_for(ids: Collection[int]) -> set[int]:
    """Of these memberships those that somebody's found card waits to come into."""
    waiting = open_registrations().filter(target__any_of=ids, status=RegistrationStatus.WAITING)
    return set(waiting.values_list("target_id", flat=True))


def settle(source: Membership, change: MembershipChange, *, receiver_id: int | None, at: datetime) -> None:
    """The anonymous membership went into another one: the registration of whoever received it is done, another's is
    over."""
    for registration in lock_rows(open_registrations().filter(membership=source)):
        if registration.change_id == change.pk or registration.customer_id == receiver_id:
            registration.change = change
            finish(registration, RegistrationOutcome.ABSORBED, into=change.prime_id, at=at)
        else:
            drop(registration, at=at)


def withdraw_with(change: MembershipChange, *, at: datetime) -> None:
    """The change came to nothing or was undone: the card is nobody's again, and can be registered anew."""
    mine = Q(change=change, status__in=(*WAITS, RegistrationStatus.DONE))
    for registration in lock_rows(CardRegistration.objects.select_related("card").filter(mine)):
        drop(registration, at=at)


def finish(registration: CardRegistration, outcome: RegistrationOutcome, *, into: int, at: datetime) -> None:
    """The card is the person's, in the membership `into`."""
    registration.status, registration.outcome = RegistrationStatus.DONE, outcome
    registration.ended_at = at
    registration.save()
    record_event(
        "card.registered",
        program_id=registration.program_id,
        subject_id=registration.card_id,
        facts={
            "number": registration.card.number_id,
            "registration": registration.pk,
            "customer": registration.customer_id,
            "membership": into,
            "outcome": str(outcome),
        },
    )


def drop(registration: CardRegistration, *, at: datetime) -> None:
    """It leads to nothing; the card stays as it is."""
    registration.status, registration.outcome = RegistrationStatus.WITHDRAWN, ""
    registration.ended_at = at
    registration.save()
    tell("withdrawn", registration)


def tell(what: str, registration: CardRegistration) -> None:
    """The event of a registration that is not done."""
    record_event(
        f"registration.{what}",
        program_id=registration.program_id,
        subject_id=registration.pk,
        facts={
            "number": registration.card.number_id,
            "customer": registration.customer_id,
            "membership": registration.membership_id,
            "target": registration.target_id,
        },
    )
