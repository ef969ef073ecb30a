"""Registrations that wait for the person's membership: carried out once it is active, or withdrawn (domain 1.10)."""

from django.db.models import QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import LoyaltyError
from common.history import audit_context
from customers.models import Customer
from memberships import admission
from memberships.absorption import absorb_found, absorption_of, is_ready
from memberships.changes.proposing import withdraw
from memberships.changes.sides import affected_ids
from memberships.errors import ReasonMissing, RegistrationClosed
from memberships.locking import locked_memberships
from memberships.models import CardRegistration, Member, Membership, RegistrationStatus
from memberships.registrations import drop, open_registrations

REASON = "the membership is active"


def ids_to_lock(target: Membership, *, actor: Actor) -> set[int]:
    """The memberships that are touched where what waits for this one is carried out together with its activation."""
    ids: set[int] = set()
    for registration in _waiting_for(target):
        ids.add(registration.membership_id)
        member = _taking_part(registration)
        if member is not None:
            ids.update(affected_ids(absorption_of(member, registration.membership, actor=actor)))
    return ids


def carry_out_waiting(target: Membership, *, actor: Actor) -> None:
    """The membership became active, in this transaction, which holds the locks. What is refused goes on waiting: the
    activation stands, and the person may register again."""
    for registration in lock_rows(_waiting_for(target)):
        member = _taking_part(registration)
        if member is None or not is_ready(member):
            continue
        try:
            with in_program(target.program_id), audit_context(actor, REASON):
                absorb_found(registration, member, registration.membership, actor=actor, reason=REASON)
        except LoyaltyError:
            continue


def withdraw_registration(registration: CardRegistration, *, actor: Actor, reason: str) -> CardRegistration:
    """It was a mistake, or its wait has no end: the card stays anonymous, and anybody may register it again."""
    if not reason.strip():
        raise ReasonMissing("A registration is withdrawn with a reason.")
    with in_program(registration.program_id), audit_context(actor, reason):
        if registration.status == RegistrationStatus.AWAITING_CONSENT and registration.change is not None:
            withdraw(registration.change, actor=actor, reason=reason)
        else:
            _withdraw(registration)
        registration.refresh_from_db()
        return registration


def withdraw_all_of(customer: Customer, *, actor: Actor, reason: str) -> None:
    """Who is erased waits for nothing."""
    for registration in open_registrations().filter(customer=customer):
        withdraw_registration(registration, actor=actor, reason=reason)


def _withdraw(registration: CardRegistration) -> None:
    locked_memberships([registration.membership_id])
    (row,) = lock_rows(CardRegistration.objects.select_related("card", "program").filter(pk=registration.pk))
    if row.status != RegistrationStatus.WAITING:
        raise RegistrationClosed(
            f"This registration is {row.get_status_display()}; only one that waits is withdrawn.",
            facts={"registration": row.pk, "status": str(row.status)},
        )
    drop(row, at=program_now(row.program))


def _waiting_for(target: Membership) -> QuerySet[CardRegistration]:
    waiting = open_registrations().filter(target=target, status=RegistrationStatus.WAITING)
    return waiting.select_related("card", "membership")


def _taking_part(registration: CardRegistration) -> Member | None:
    return admission.current_participation(registration.customer_id, program_id=registration.program_id)
