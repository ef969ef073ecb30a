"""The life of a membership: activate, pause, suspend, reinstate, renew, and its members apart (domain 1.5).

Each verb: lock, re-read, check, change, record. Asked for what already is, it refuses and changes nothing.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context
from customers.models import Customer
from gateway.events import record_event
from memberships import admission
from memberships.card_holding import activate_cards
from memberships.errors import NothingToPay, NotRestorable, ReasonMissing, WrongStatus
from memberships.following import record_members
from memberships.locking import locked_memberships
from memberships.models import EndReason, Member, Membership, MembershipStatus
from memberships.organization_pools import lives_on
from memberships.organizations import refuse_second_umbrella
from memberships.paid_terms import first_unpaid, last_term, next_term
from memberships.waiting_registrations import carry_out_waiting, ids_to_lock
from programs.models import Activation, Program

INACTIVE, ACTIVE, SUSPENDED, EXPIRED = (
    MembershipStatus.INACTIVE,
    MembershipStatus.ACTIVE,
    MembershipStatus.SUSPENDED,
    MembershipStatus.EXPIRED,
)
# The statuses a verb leads on from; `renew` and `terminate` ask more than the status.
STARTS = {"activate": (INACTIVE,), "pause": (ACTIVE,), "suspend": (ACTIVE,), "reinstate": (SUSPENDED, EXPIRED)}
# What may make it active, so that registrations waiting for that are carried out.
WAKING = frozenset({"activated", "reinstated", "renewed", "paid"})
# What a merge or a split ended comes back by undo alone.
GONE_INTO_ANOTHER = frozenset({EndReason.MERGED, EndReason.SPLIT_UP})

BY_ITSELF = "renews by itself"


def activate(membership: Membership, *, actor: Actor, reason: str = "") -> Membership:
    """From not yet activated, or paused; the first time its cards become usable with it."""

    def change(row: Membership, at: datetime) -> None:
        _expect(row, *STARTS["activate"], verb="activated")
        admission.refuse_unless_open(row.program, at=at)
        _make_active(row, actor=actor, at=at)

    return _transition(membership, "activated", change, actor=actor, reason=reason)


def pause(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """Active, set aside at the member's wish."""

    def change(row: Membership, at: datetime) -> None:
        _expect(row, *STARTS["pause"], verb="paused")
        row.status = INACTIVE

    return _transition(membership, "paused", change, actor=actor, reason=reason, reason_needed=True)


def suspend(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """Active, barred by the business."""

    def change(row: Membership, at: datetime) -> None:
        _expect(row, *STARTS["suspend"], verb="suspended")
        row.status = SUSPENDED

    return _transition(membership, "suspended", change, actor=actor, reason=reason, reason_needed=True)


def reinstate(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """A suspended one; or an ended one while its points still rest: both come back."""

    def change(row: Membership, at: datetime) -> None:
        _expect(row, *STARTS["reinstate"], verb="reinstated")
        admission.refuse_unless_open(row.program, at=at)
        if row.status == EXPIRED:
            _refuse_unless_resting(row, at=at)
            _refuse_past_its_term(row, at=at)
            _bring_back(row)
        _make_active(row, actor=actor, at=at)

    return _transition(membership, "reinstated", change, actor=actor, reason=reason, reason_needed=True)


def renew(membership: Membership, *, actor: Actor, reason: str = "") -> Membership:
    """A further term after the last one; ended by its term, within the grace or while its points rest."""

    def change(row: Membership, at: datetime) -> None:
        admission.refuse_unless_open(row.program, at=at)
        if row.status == EXPIRED:
            _refuse_unless_renewable(row, at=at)
            _bring_back(row)
            _make_active(row, actor=actor, at=at)
        _open_next_term(row, at=at)

    return _transition(membership, "renewed", change, actor=actor, reason=reason)


def renew_when_over(membership: Membership, *, actor: Actor, today: date) -> Membership:
    """The same by itself: the next term, whose fee is due, only if the last day is over and no fee is owed."""

    def change(row: Membership, at: datetime) -> None:
        admission.refuse_unless_open(row.program, at=at)
        if not renews_by_itself(row, today):
            raise WrongStatus(f"{row.number} does not renew by itself now.", facts={"membership": row.pk})
        _open_next_term(row, at=at)

    return _transition(membership, "renewed", change, actor=actor, reason=BY_ITSELF)


def renews_by_itself(row: Membership, today: date) -> bool:
    """A fee that is owed comes first."""
    return is_over(row, row.program, today) and first_unpaid(row) is None


def is_over(row: Membership, program: Program, today: date) -> bool:
    """Whether a term that renews by itself is over; a seasonal program's last day is final."""
    if not program.auto_renew or row.status == EXPIRED or row.expires_on is None or row.expires_on >= today:
        return False
    return program.valid_until is None or row.expires_on < program.valid_until


def told(row: Membership) -> dict[str, Any]:
    """What the event of a change of its life says."""
    return {"status": str(row.status), "version": row.version}


def record_payment(membership: Membership, *, actor: Actor, reference: str, paid_at: datetime) -> Membership:
    """The earliest unpaid term is paid; the first payment activates where the program says so."""

    def change(row: Membership, at: datetime) -> None:
        term = first_unpaid(row)
        if term is None:
            raise NothingToPay(f"No term of {row.number} is unpaid.", facts={"membership": row.pk})
        term.paid_at, term.payment_reference = paid_at, reference
        term.save()
        waits = row.status == INACTIVE and row.activated_at is None
        if waits and row.program.activation == Activation.FIRST_PAYMENT:
            _make_active(row, actor=actor, at=at)

    return _transition(membership, "paid", change, actor=actor, reason="")


def suspend_member(member: Member, *, actor: Actor, reason: str) -> Member:
    """One person apart from the membership: no earning, redeeming, transfers or cards of theirs."""
    return _change_member(member, actor=actor, reason=reason, suspend=True)


def reinstate_member(member: Member, *, actor: Actor, reason: str) -> Member:
    return _change_member(member, actor=actor, reason=reason, suspend=False)


def _transition(
    membership: Membership,
    event: str,
    change: Callable[[Membership, datetime], None],
    *,
    actor: Actor,
    reason: str,
    reason_needed: bool = False,
) -> Membership:
    if reason_needed and not reason.strip():
        raise ReasonMissing(f"A membership is {event} with a reason.")
    with in_program(membership.program_id), audit_context(actor, reason):
        # Plain FOR UPDATE where an ended one may come back: its members follow the key that changes.
        key_change = event in ("reinstated", "renewed")
        if key_change:
            _lock_people(membership)
        row = _locked(membership, key_change=key_change, waking=event in WAKING, actor=actor)
        was_current = row.current
        change(row, program_now(row.program))
        row.version += 1
        row.save()
        if not was_current:
            record_members(row)
        record_event(
            f"membership.{event}",
            program_id=row.program_id,
            subject_id=row.pk,
            facts=told(row),
        )
        if event in WAKING and row.status == ACTIVE:
            carry_out_waiting(row, actor=actor)
        return row


def _locked(membership: Membership, *, key_change: bool, waking: bool, actor: Actor) -> Membership:
    """Together with what waits for it: cards registered to it meanwhile, whose memberships end as they come in."""
    waiting = ids_to_lock(membership, actor=actor) if waking else set()
    rows = locked_memberships({membership.pk, *waiting}, key_change=key_change or bool(waiting))
    return next(one for one in rows if one.pk == membership.pk)


def _lock_people(membership: Membership) -> None:
    """In the order of an enrolment, person before membership, so that the two can't wait for each other."""
    taking_part = Customer.objects.filter(members__membership=membership, members__ended_at__isnull=True)
    people = [*taking_part.values_list("pk", flat=True), membership.organization_id]
    lock_rows(Customer.objects.filter(pk__in=[pk for pk in people if pk is not None]))


def _expect(row: Membership, *statuses: MembershipStatus, verb: str) -> None:
    if row.status in statuses:
        return
    raise WrongStatus(
        f"{row.number} is {row.get_status_display()}; only one that is "
        f"{' or '.join(str(status.label) for status in statuses)} can be {verb}.",
        facts={"membership": row.pk, "status": row.status, "needed": [str(status) for status in statuses]},
    )


def _make_active(row: Membership, *, actor: Actor, at: datetime) -> None:
    row.status = ACTIVE
    if row.activated_at is None:
        row.activated_at = at
    activate_cards(row, actor=actor, at=at)


def _bring_back(row: Membership) -> None:
    """An ended membership becomes current again, unless a member takes part elsewhere by now."""
    for member in Member.objects.filter(membership=row, ended_at__isnull=True).order_by("customer_id"):
        admission.locked_customer(member.customer_id)
        admission.refuse_second(member.customer_id, program=row.program)
    if row.organization_id is not None:
        admission.locked_customer(row.organization_id)
        refuse_second_umbrella(row.organization_id, program=row.program)
    row.end_reason, row.ended_at, row.rests_until = "", None, None


def _refuse_unless_resting(row: Membership, *, at: datetime) -> None:
    if row.end_reason in GONE_INTO_ANOTHER:
        raise NotRestorable(
            f"{row.number} went into another membership; the change that did it can be undone.",
            facts={"membership": row.pk, "end_reason": row.end_reason, "superseded_by": row.superseded_by_id},
        )
    if lives_on(row):
        return
    if row.rests_until is None or at >= row.rests_until:
        raise NotRestorable(
            f"The points of {row.number} no longer rest. Enrol the person anew.",
            facts={"membership": row.pk, "rests_until": row.rests_until and row.rests_until.isoformat()},
        )


def _refuse_past_its_term(row: Membership, *, at: datetime) -> None:
    """Brought back as it was, it would end again with the next run."""
    if row.expires_on is not None and row.expires_on < at.astimezone(row.program.zone).date():
        raise NotRestorable(
            f"The term of {row.number} is over since {row.expires_on.isoformat()}. Renew the membership instead.",
            facts={"membership": row.pk, "expires_on": row.expires_on.isoformat()},
        )


def _refuse_unless_renewable(row: Membership, *, at: datetime) -> None:
    if row.end_reason == EndReason.TERM_END and row.expires_on is not None:
        grace = timedelta(days=row.program.renewal_grace_days)
        if at.astimezone(row.program.zone).date() - grace <= row.expires_on:
            return
    _refuse_unless_resting(row, at=at)


def _open_next_term(row: Membership, *, at: datetime) -> None:
    last = last_term(row)
    next_term(row, program=row.program, last_day=None if last is None else last.last_day, at=at).save()


def _change_member(member: Member, *, actor: Actor, reason: str, suspend: bool) -> Member:
    event = "member_suspended" if suspend else "member_reinstated"
    if not reason.strip():
        raise ReasonMissing("A member is suspended and reinstated with a reason.")
    with in_program(member.program_id), audit_context(actor, reason):
        membership = _locked(member.membership, key_change=False, waking=not suspend, actor=actor)
        (row,) = lock_rows(Member.objects.filter(pk=member.pk))
        if row.ended_at is not None or (row.suspended_at is not None) == suspend:
            raise WrongStatus(
                "The member has left, or is suspended so already." if suspend else "The member is not suspended.",
                facts={"membership": membership.pk, "customer": row.customer_id},
            )
        row.suspended_at = program_now(membership.program) if suspend else None
        row.save()
        membership.version += 1
        membership.save()
        record_event(
            f"membership.{event}",
            program_id=membership.program_id,
            subject_id=membership.pk,
            facts={"customer": row.customer_id, "version": membership.version},
        )
        if not suspend:
            carry_out_waiting(membership, actor=actor)
        return row
