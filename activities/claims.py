"""Points a member says they miss: a receipt, a day, an amount (domain 1.11).

Granted, a claim is a late activity like any other, judged by the rules of its time. A receipt earns once in a
program, whoever shows it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from activities.claimed import attributed, turn_of
from activities.errors import ClaimDecided
from activities.general import new_activity
from activities.models import (
    ActivityStatus,
    Claim,
    ClaimStatus,
    MemberActivity,
    Transaction,
    TransactionType,
)
from activities.processing import process
from activities.rules.wave import Processed
from activities.targeting import locked_target, require_right
from activities.transaction_calls import Spent
from activities.types import activity_type
from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows, retrying, take_turn
from common.errors import NotAllowed, NotFound
from gateway.events import record_event
from memberships.able import require_able
from memberships.models import Membership
from memberships.targets import Target, find_target
from points.adjusting import refuse_own
from points.balances import iso
from points.errors import EventTimeOutOfRange
from programs.design import Design, design_of
from programs.models import Program

OPEN_RIGHT = "activities:write"
# Whoever may correct points may decide that some were missing.
DECIDE_RIGHT = "points:adjust"
OWN_CLAIM = "Whoever opened a claim does not grant it: ask a second person. Refusing it takes it back."
# Longer than the late grace, for members look at their statements late; one reads no older receipt.
WITHIN = timedelta(days=365)
NO_CLAIM = "There is no such claim that you can see."


@dataclass(frozen=True, slots=True)
class ClaimCall:
    """One of the three names the membership; `program`, a code, with a member number that several have."""

    receipt: str
    occurred_at: datetime
    amount: Decimal
    currency: str
    membership_id: int | None = None
    card_number: str | None = None
    member_number: str | None = None
    program: str | None = None
    member: int | None = None
    note: str = ""


def open_claim(call: ClaimCall, *, actor: Actor) -> Claim:
    """The claim, waiting for a decision. Raises ReceiptAttributed, EventTimeOutOfRange, MembershipNotAble and what
    finding the membership raises."""
    return retrying(lambda: _open(call, actor=actor))


def _open(call: ClaimCall, *, actor: Actor) -> Claim:
    target = _find(call, actor)
    with in_program(target.membership.program_id):
        design = design_of(target.membership.program_id)
        require_right(actor, OPEN_RIGHT, design.program.pk)
        target = locked_target(target, lambda: _find(call, actor))
        require_able(target.membership, "earn", design, member=target.member)
        _refuse_time(call.occurred_at, target.membership, design)
        refuse_attributed(call.receipt, design)
        claim = Claim(
            program_id=design.program.pk,
            membership=target.membership,
            customer_id=target.person_id,
            receipt=call.receipt,
            occurred_at=call.occurred_at,
            amount=call.amount,
            currency=call.currency,
            note=call.note,
            channel_id=actor.channel_id,
            user_id=actor.user_id,
            received_at=clock.program_now(design.program),
        )
        try:
            with transaction.atomic():
                claim.save(force_insert=True)
        except IntegrityError as error:
            refuse_attributed(call.receipt, design)
            raise error
        _tell("claim.opened", claim)
        return claim


def grant_claim(claim_id: int, *, actor: Actor, why: str = "") -> tuple[Claim, Processed]:
    """The claim with the late activity that came of it. Raises NotFound, NotAllowed for who opened it, ClaimDecided,
    ReceiptAttributed, OwnPoints, MembershipNotAble."""
    return retrying(lambda: _grant(claim_id, actor=actor, why=why))


def _grant(claim_id: int, *, actor: Actor, why: str) -> tuple[Claim, Processed]:
    claim = decidable_claim(actor, claim_id)
    if is_own_claim(claim, actor):
        raise NotAllowed(OWN_CLAIM, facts={"claim": claim_id})
    with in_program(claim.program_id):
        design = design_of(claim.program_id)
        find = _finder(claim, actor)
        target = locked_target(find(), find, exclusively=True)
        claim = _locked(claim_id, actor)
        require_able(target.membership, "earn", design, member=target.member)
        take_turn(turn_of(claim.receipt, design.program.pk))
        refuse_attributed(claim.receipt, design, but=claim.pk)
        activity = _activity(claim, target, design, actor)
        memberships = {target.membership.pk: target.membership}
        done = process([activity], actor=actor, design=design, memberships=memberships)[activity.pk]
        _decide(claim, ClaimStatus.GRANTED, actor=actor, why=why, activity_id=activity.pk)
        return claim, done


def refuse_claim(claim_id: int, *, actor: Actor, why: str) -> Claim:
    """The claim, refused; the receipt can be claimed again. Raises NotFound, ClaimDecided, OwnPoints."""
    claim = decidable_claim(actor, claim_id)
    with in_program(claim.program_id):
        claim = _locked(claim_id, actor)
        _decide(claim, ClaimStatus.REFUSED, actor=actor, why=why)
        return claim


def visible_claim(actor: Actor, claim_id: int) -> Claim:
    """NotFound where it does not exist or belongs to a program the actor has no part in."""
    claim: Claim | None = Claim.objects.select_related("program", "membership").filter(pk=claim_id).first()
    if claim is None or (actor.programs is not None and claim.program_id not in actor.programs):
        raise NotFound(NO_CLAIM)
    return claim


def decidable_claim(actor: Actor, claim_id: int) -> Claim:
    """Visible, in a program where the actor may decide, and not of the actor's own points."""
    claim = visible_claim(actor, claim_id)
    require_right(actor, DECIDE_RIGHT, claim.program_id)
    refuse_own(actor, [] if claim.customer_id is None else [claim.customer_id])
    return claim


def is_own_claim(claim: Claim, actor: Actor) -> bool:
    """Whether this member of staff opened it: a claim is worth points, and nobody gives any alone by it."""
    return claim.user_id is not None and claim.user_id == actor.user_id


def refuse_attributed(receipt: str, design: Design, *, but: int = 0) -> None:
    """Raise ReceiptAttributed where a sale, an activity or another claim of the program names the receipt."""
    program_id = design.program.pk
    rows = MemberActivity.objects.filter(reference=receipt, program_id=program_id)
    rows = rows.exclude(status=ActivityStatus.REFUSED).exclude(type__code=TransactionType.RETURN)
    activity = rows.values_list("pk", "membership_id").first()
    if activity is not None:
        raise attributed(receipt, {"activity": activity[0], "membership": activity[1]})
    sales = Transaction.objects.filter(reference=receipt, program_id=program_id, type=TransactionType.PURCHASE)
    if sale := sales.values_list("pk", flat=True).first():
        raise attributed(receipt, {"transaction": sale})
    claims = Claim.objects.filter(receipt=receipt, program_id=program_id).exclude(status=ClaimStatus.REFUSED)
    if claim := claims.exclude(pk=but).values_list("pk", flat=True).first():
        raise attributed(receipt, {"claim": claim})


def _refuse_time(at: datetime, membership: Membership, design: Design) -> None:
    now = clock.program_now(design.program)
    earliest = max(now - WITHIN, membership.enrolled_at)
    if not earliest <= at <= now:
        raise EventTimeOutOfRange(
            f"The purchase is dated {at.isoformat()}; claims are taken from {earliest.isoformat()} to now: for a year, "
            "and since the person takes part.",
            facts={"occurred_at": at.isoformat(), "from": earliest.isoformat(), "to": now.isoformat()},
        )


def _find(call: ClaimCall, actor: Actor) -> Target:
    program_id = None
    if call.program is not None:
        found = Program.objects.visible_to(actor).filter(code=call.program).values_list("pk", flat=True).first()
        if found is None:
            raise NotFound("There is no such program that you can see.")
        program_id = found
    return find_target(
        actor,
        at=call.occurred_at if call.card_number is not None else clock.now(),
        membership_id=call.membership_id,
        member_number=call.member_number,
        card_number=call.card_number,
        program_id=program_id,
        member=call.member,
    )


def _finder(claim: Claim, actor: Actor) -> Any:
    """Where the claim's person takes part today: a merged membership leads on."""
    return lambda: find_target(actor, at=clock.now(), membership_id=claim.membership_id, member=claim.customer_id)


def _locked(claim_id: int, actor: Actor) -> Claim:
    (claim,) = lock_rows(Claim.objects.filter(pk=claim_id))
    if claim.status != ClaimStatus.OPEN:
        raise ClaimDecided(
            f"Claim {claim.pk} was decided already: {claim.get_status_display()}.",
            facts={"claim": claim.pk, "status": str(claim.status)},
        )
    return claim


def _activity(claim: Claim, target: Target, design: Design, actor: Actor) -> MemberActivity:
    return new_activity(
        activity_type(design, TransactionType.PURCHASE),
        Spent(None, None, claim.receipt, ""),
        target,
        at=claim.occurred_at,
        actor=actor,
        recorded_at=clock.program_now(design.program),
        more={"amount": claim.amount, "currency": claim.currency, "pk": None},
    )


def _decide(claim: Claim, status: ClaimStatus, *, actor: Actor, why: str, activity_id: int | None = None) -> None:
    claim.status, claim.why, claim.activity_id = status, why, activity_id
    claim.decided_by_id = actor.user_id
    claim.decided_at = clock.program_now(design_of(claim.program_id).program)
    claim.save(update_fields=["status", "why", "activity", "decided_by_id", "decided_at"])
    _tell(f"claim.{status}", claim)


def _tell(kind: str, claim: Claim) -> None:
    facts = {"membership": claim.membership_id, "activity": claim.activity_id}
    record_event(kind, program_id=claim.program_id, subject_id=claim.pk, facts=facts)


def claim_shape(claim: Claim) -> dict[str, Any]:
    """The API's <claim>."""
    return {
        "id": claim.pk,
        "program": design_of(claim.program_id).program.code,
        "membership": claim.membership_id,
        "customer": claim.customer_id,
        "receipt": claim.receipt,
        "occurred_at": iso(claim.occurred_at),
        "amount": str(claim.amount),
        "currency": claim.currency,
        "status": str(claim.status),
        "why": claim.why,
        "activity": claim.activity_id,
        "received_at": iso(claim.received_at),
        "decided_at": iso(claim.decided_at) if claim.decided_at else None,
    }
