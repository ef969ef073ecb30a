"""Whom a sale concerns: the membership it earns on, the one that pays with points, the customer (domain 1.11)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from activities.errors import NotThatPersons
from activities.spending_by_code import Wish, allowed_by, person_asked
from activities.targeting import behind_lock, require_right
from activities.transaction_calls import SpendCall, TransactionCall
from activities.unused_cards import refuse_silent, use_if_unused
from common import clock
from common.actor import Actor
from common.errors import NotFound
from customers.models import Customer, CustomerStatus
from memberships.able import require_able
from memberships.admission import current_participation
from memberships.errors import NotAMember
from memberships.locking import locked_memberships
from memberships.models import SpendingCode
from memberships.persons import surviving_id
from memberships.programs import program_of
from memberships.targets import NOWHERE, Target, card_behind_lock, find_target, visible_card
from programs.design import design_of
from programs.models import Program

NO_CUSTOMER = "There is no such customer that you can see."


@dataclass(frozen=True, slots=True)
class Sides:
    """`earning` and `spending` under lock; each may be missing, and both may be one membership. `nowhere` says why
    nothing was earned on, `code` is the one that allows the spending, to be used up."""

    customer_id: int | None
    earning: Target | None
    spending: Target | None
    nowhere: str = ""
    code: SpendingCode | None = None


def program_of_call(call: TransactionCall, actor: Actor) -> int | None:
    """The program the call means, as far as it names one. Raises NotFound for what the actor cannot see."""
    if call.card_number is not None:
        return visible_card(actor, call.card_number).program_id
    if call.membership_id is not None:
        program_id = program_of(call.membership_id)
        if program_id is None or (actor.programs is not None and program_id not in actor.programs):
            raise NotFound(NOWHERE)
        return program_id
    if call.program is not None:
        return _program_named(call.program, actor)
    if call.member_number is not None:
        return find_target(actor, at=clock.now(), member_number=call.member_number).membership.program_id
    return None


def sides_of(call: TransactionCall, *, program_id: int | None, actor: Actor, at: datetime) -> Sides:
    """Both sides, locked in order of their ids and able to do it. Raises what finding a target and asking it raise,
    NotThatPersons, CodeNotValid and CodeNotEnough."""
    # First, so that a wrong code is answered alike whatever else is wrong with the sale.
    code = _code(call.redeem, actor, at)
    if call.card_number is not None:
        use_if_unused(visible_card(actor, call.card_number), at=at, actor=actor)
    customer_id = _customer(call)

    def find() -> list[Target | None]:
        earning = _earning(call, customer_id, program_id=program_id, actor=actor, at=at)
        buyer = customer_id if earning is None else earning.person_id
        if call.redeem is None:
            return [earning, None]
        if code is not None:
            return [earning, person_asked(code, actor=actor, at=at)]
        return [earning, _spending(call, call.redeem, earning, buyer, actor=actor, at=at)]

    earning, spending = _locked(find)
    _refuse_unable(earning, "earn", actor=actor, at=at)
    if spending is not None:
        require_right(actor, "points:redeem", spending.membership.program_id)
    _refuse_unable(spending, "redeem", actor=actor, at=at)
    buyer = customer_id if earning is None else earning.person_id
    return Sides(buyer, earning, spending, "" if earning else _nowhere(call, program_id), code)


def _program_named(code: str, actor: Actor) -> int:
    found: int | None = Program.objects.visible_to(actor).filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound("There is no such program that you can see.")
    return found


def refuse_silently(call: TransactionCall, *, program_id: int | None, actor: Actor) -> None:
    """A card number that may not be used is answered before anything else of the call is looked at."""
    if call.card_number is not None and program_id is not None:
        card, number = visible_card(actor, call.card_number), call.card_number
        at = call.occurred_at or clock.program_now(design_of(program_id).program)
        refuse_silent(card, lambda: find_target(actor, at=at, card_number=number), actor, at=at)


def _customer(call: TransactionCall) -> int | None:
    """The record that lives of the customer named; an erased one is nobody any more."""
    if call.customer_id is None:
        return None
    customer_id = surviving_id(call.customer_id)
    if not Customer.objects.filter(pk=customer_id).exclude(status=CustomerStatus.ERASED).exists():
        raise NotFound(NO_CUSTOMER)
    return customer_id


def _earning(
    call: TransactionCall, customer_id: int | None, *, program_id: int | None, actor: Actor, at: datetime
) -> Target | None:
    membership_id, member = call.membership_id, call.member
    if customer_id is not None:
        taking_part = program_id and current_participation(customer_id, program_id=program_id)
        if not taking_part:
            return None
        membership_id, member = taking_part.membership_id, customer_id
    elif call.membership_id is None and call.card_number is None and call.member_number is None:
        return None
    return find_target(
        actor,
        at=at,
        membership_id=membership_id,
        member_number=call.member_number,
        card_number=call.card_number,
        program_id=program_id if call.member_number is not None else None,
        member=member,
        purpose="earn",
    )


def _code(asked: SpendCall | None, actor: Actor, at: datetime) -> SpendingCode | None:
    if asked is None or asked.code is None:
        return None
    wish = Wish(asked.membership_id, asked.points, asked.point_type)
    return allowed_by(wish, asked.code, actor=actor, at=at)


def _spending(
    call: TransactionCall,
    asked: SpendCall,
    earning: Target | None,
    buyer: int | None,
    *,
    actor: Actor,
    at: datetime,
) -> Target:
    """The membership that pays: the buyer's, or that of whoever's card is shown."""
    named = find_target(actor, at=at, membership_id=asked.membership_id)
    card_number = asked.card_number
    if card_number is None and earning is not None and earning.membership.pk == named.membership.pk:
        # Whoever buys with a card pays with it too, so an additional one only earns.
        card_number = call.card_number
        if card_number is None:
            return find_target(actor, at=at, membership_id=asked.membership_id, member=earning.person_id)
    if card_number is not None:
        target = find_target(actor, at=at, card_number=card_number, purpose="redeem")
        if target.membership.pk != named.membership.pk:
            raise NotThatPersons(
                f"The card is not one of membership {named.membership.number}.",
                facts={"membership": named.membership.pk},
            )
        return target
    try:
        if buyer is not None:
            return find_target(actor, at=at, membership_id=asked.membership_id, member=buyer)
    except NotAMember:
        pass
    raise NotThatPersons(
        f"Membership {named.membership.number} is not the buyer's: give the number of a card of the person whose "
        "points pay, or the code that was sent to them.",
        facts={"membership": named.membership.pk, "customer": buyer},
    )


def _locked(find: Callable[[], list[Target | None]]) -> list[Target | None]:
    """The targets with their memberships FOR NO KEY UPDATE, found anew where one changed while this waited."""
    while True:
        sides = find()
        rows = {one.pk: one for one in locked_memberships({side.membership.pk for side in sides if side is not None})}
        behind = [side and behind_lock(side, rows[side.membership.pk]) for side in sides]
        if all((one is None) == (side is None) for one, side in zip(behind, sides, strict=True)):
            return behind


def _refuse_unable(side: Target | None, capability: str, *, actor: Actor, at: datetime) -> None:
    if side is None:
        return
    design = design_of(side.membership.program_id)
    card_behind_lock(side, actor, at=at)
    if side.card_id is not None:
        require_able(side.membership, "use_card", design, member=side.member)
    require_able(side.membership, capability, design, member=side.member)


def _nowhere(call: TransactionCall, program_id: int | None) -> str:
    if program_id is not None:
        return "not_a_member"
    return "no_program_named" if call.customer_id is not None else "nobody_named"
