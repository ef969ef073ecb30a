"""Who holds which card: the link between plastic and people (domain 1.10)."""

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Q, QuerySet

from cards import issuing
from cards.models import Card, CardKind, CardStatus, CardType
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context
from memberships.able import require_able
from memberships.errors import CardKindRefused, CardNotHeld, MainCardThere, MembershipEnded, NotAMember
from memberships.locking import locked_memberships
from memberships.models import CardHolding, Member, Membership
from memberships.persons import surviving_id
from programs.design import design_of
from programs.models import Program


def issue_main_card(
    membership: Membership, *, program: Program, customer_id: int, actor: Actor, at: datetime, active: bool
) -> Card:
    """The one main card a member gets at enrolment."""
    card = issuing.issue_card(program, kind=CardKind.MAIN, actor=actor, at=at, active=active)
    give_card(card, membership=membership, customer_id=customer_id, actor=actor, at=at)
    return card


def give_card(
    card: Card, *, membership: Membership, customer_id: int | None, actor: Actor, at: datetime
) -> CardHolding:
    """From `at` on the card is in this person's hand (nobody's by name where anonymous)."""
    with in_program(card.program_id), audit_context(actor):
        return CardHolding.objects.create(
            card=card,
            program_id=card.program_id,
            membership=membership,
            customer_id=customer_id,
            held_from=at,
        )


def end_holding(card: Card, *, actor: Actor, at: datetime) -> CardHolding | None:
    """Nobody holds the card from `at` on. Returns what ended, None if nobody held it."""
    with in_program(card.program_id), audit_context(actor):
        for holding in lock_rows(CardHolding.objects.filter(card=card, held_until__isnull=True)):
            holding.held_until = max(at, holding.held_from)
            holding.save()
            return holding
        return None


def holder_at(card_id: int, at: datetime) -> CardHolding | None:
    """Who held the card at that time."""
    period = Q(held_until__isnull=True) | Q(held_until__gt=at)
    return CardHolding.objects.select_related("membership").filter(period, card_id=card_id, held_from__lte=at).first()


def last_holder(card_id: int) -> CardHolding | None:
    """Who holds the card, or held it last: for staff a retired number still finds the membership."""
    return last_holders([card_id]).get(card_id)


def last_holders(card_ids: Collection[int]) -> dict[int, CardHolding]:
    """By card who holds it, or held it last."""
    held = CardHolding.objects.select_related("membership").filter(card__in=card_ids)
    latest = held.order_by("card_id", "-held_from", "-pk").distinct("card_id")
    return {holding.card_id: holding for holding in latest}


def holdings_of(card: Card) -> QuerySet[CardHolding]:
    """Who held the card when, the present or last holder first."""
    held = CardHolding.objects.select_related("membership", "customer").filter(card=card)
    return held.order_by("-held_from", "-pk")


def locked_holding(card: Card) -> CardHolding | None:
    """Who holds the card, behind the lock of the membership: no change takes it along until the transaction ends."""
    while True:
        found = CardHolding.objects.filter(card=card, held_until__isnull=True).first()
        if found is None:
            return None
        (membership,) = locked_memberships([found.membership_id])
        for holding in lock_rows(CardHolding.objects.filter(pk=found.pk, held_until__isnull=True)):
            holding.membership = membership
            return holding


def cards_in_hand(membership: Membership) -> QuerySet[Card]:
    """The cards of the membership's members today."""
    return Card.objects.filter(holdings__membership=membership, holdings__held_until__isnull=True).select_related(
        "program", "successor", "card_type"
    )


def replace_card(
    card: Card, *, actor: Actor, reason: str, number: str | None = None, valid_until: date | None = None
) -> Card:
    """The successor, in the hand of whoever held the old card; `number` if it is from elsewhere."""
    with in_program(card.program_id), audit_context(actor, reason):
        held = locked_holding(card)
        successor = issuing.replace(card, actor=actor, reason=reason, number=number, valid_until=valid_until)
        at = program_now(successor.program)
        end_holding(card, actor=actor, at=at)
        # A renewed card's successor is in the same hand already.
        if held is not None and not CardHolding.objects.filter(card=successor, held_until__isnull=True).exists():
            give_card(
                successor,
                membership=held.membership,
                customer_id=held.customer_id,
                actor=actor,
                at=max(at, held.held_from),
            )
        return successor


def give_new_card(
    membership: Membership,
    *,
    customer_id: int,
    kind: str,
    actor: Actor,
    number: str | None = None,
    card_type: CardType | None = None,
) -> Card:
    """A further card for one of its people: an additional one, or a main card where they have none in use.

    Usable at once where the membership may use cards; where it was never activated, as soon as it is.
    Raises MembershipEnded, NotAMember, MembershipNotAble, MainCardThere, CardKindRefused and what `issue_card` does.
    """
    with in_program(membership.program_id), audit_context(actor):
        (row,) = locked_memberships([membership.pk])
        member = member_to_hold(row, customer_id)
        if row.activated_at is not None:
            require_able(row, "use_card", design_of(row.program_id), member=member)
        return hand_out(row, customer_id=member.customer_id, kind=kind, actor=actor, number=number, card_type=card_type)


def member_to_hold(membership: Membership, customer_id: int) -> Member:
    """The person in the locked membership. Raises MembershipEnded, NotAMember."""
    if not membership.current:
        raise MembershipEnded(
            f"{membership.number} has ended; no card is given out in it.",
            facts={"membership": membership.pk, "end_reason": membership.end_reason},
        )
    people = [customer_id, surviving_id(customer_id)]
    member = Member.objects.filter(membership=membership, customer__in=people, ended_at__isnull=True).first()
    if member is None:
        raise NotAMember(
            f"Customer {customer_id} is no current member of {membership.number}.",
            facts={"membership": membership.pk, "member": customer_id},
        )
    return member


def main_card_of(membership: Membership, customer_id: int) -> Card | None:
    """The person's main card, out of use too unless that is final."""
    held = CardHolding.objects.filter(membership=membership, customer=customer_id, held_until__isnull=True)
    mains = held.filter(card__kind=CardKind.MAIN).exclude(card__status__in=issuing.FINAL)
    return Card.objects.filter(pk__in=mains.values("card")).select_related("program").order_by("pk").first()


def hand_out(
    membership: Membership,
    *,
    customer_id: int,
    kind: str,
    actor: Actor,
    number: str | None = None,
    card_type: CardType | None = None,
    valid_until: date | None = None,
) -> Card:
    """The card into the hand of the person, behind the lock of a current membership of theirs."""
    _refuse_kind(membership, customer_id, kind)
    at = program_now(membership.program)
    card = issuing.issue_card(
        membership.program,
        actor=actor,
        kind=kind,
        at=at,
        active=membership.activated_at is not None,
        valid_until=valid_until,
        number=number,
        card_type=card_type,
    )
    give_card(card, membership=membership, customer_id=customer_id, actor=actor, at=at)
    return card


def activate_card(card: Card, *, actor: Actor, reason: str = "") -> Card:
    """By hand, before the card it follows has ended. Raises CardNotHeld, MembershipNotAble, CardStatusConflict."""
    with in_program(card.program_id), audit_context(actor, reason):
        _require_use(card)
        return issuing.activate(card, actor=actor)


def unblock_card(card: Card, *, actor: Actor, reason: str) -> Card:
    """Usable again, where its holder may use cards. Raises CardNotHeld, MembershipNotAble, CardStatusConflict."""
    with in_program(card.program_id), audit_context(actor, reason):
        _require_use(card)
        return issuing.unblock(card, actor=actor, reason=reason)


def activate_cards(membership: Membership, *, actor: Actor, at: datetime) -> None:
    """The cards given out with an enrolment become usable with the membership; a renewed one's successor waits."""
    waiting = cards_in_hand(membership).filter(status=CardStatus.CREATED, predecessor__isnull=True)
    for card in waiting.order_by("pk"):
        issuing.activate(card, actor=actor, at=at)


def cancel_cards(membership: Membership, *, actor: Actor, at: datetime, reason: str) -> None:
    """The membership is gone for good: its cards end and belong to nobody; their numbers stay registered."""
    # Successors first: the card they wait for would take them along.
    for card in cards_in_hand(membership).order_by("-pk"):
        if card.status not in issuing.FINAL:
            issuing.cancel(card, actor=actor, reason=reason)
        end_holding(card, actor=actor, at=at)


def _require_use(card: Card) -> None:
    """Its holder's membership, under its lock, may use cards."""
    held = locked_holding(card)
    if held is None:
        raise CardNotHeld(f"Nobody holds card {card.number_id}.", facts={"number": card.number_id})
    member = Member.objects.filter(membership=held.membership, customer=held.customer_id, ended_at__isnull=True).first()
    require_able(held.membership, "use_card", design_of(card.program_id), member=member)


def _refuse_kind(membership: Membership, customer_id: int, kind: str) -> None:
    if kind == CardKind.TEMPORARY:
        raise CardKindRefused("Temporary cards belong to nobody: they come in batches.", facts={"kind": kind})
    if kind != CardKind.MAIN:
        return
    card = main_card_of(membership, customer_id)
    if card is not None:
        raise MainCardThere(
            f"The person has main card {card.number_id}. Replace it, or give an additional one.",
            facts={"membership": membership.pk, "member": customer_id, "number": card.number_id},
        )
