"""Which membership, person and card a call means: by id, member number or card number (domain 1.4, 1.5, 1.10).

What the actor may not see answers exactly like what does not exist; so does a card out of use, for who may not read
the cards of its program, and a card nobody ever held, for everyone.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from cards.errors import CardNotUsable
from cards.issuing import refuse_unusable
from cards.models import Card, CardKind
from cards.numbering import compact
from common.actor import Actor
from common.errors import LoyaltyError, NotFound
from memberships.acting import acting_member
from memberships.admission import current_participation
from memberships.card_holding import holder_at, last_holder
from memberships.errors import AmbiguousNumber, CardEarnsOnly, MembershipEnded, NotAMember
from memberships.locking import shared_card
from memberships.models import Member, Membership
from memberships.persons import surviving_id
from memberships.types import SPENDING

NOWHERE = "There is no such membership that you can see."
NO_CARD = "There is no such card that you can see."


@dataclass(frozen=True)
class Target:
    """Where a call lands. `redirected_from` is the membership that was named, if it is another one."""

    membership: Membership
    person_id: int | None
    card_id: int | None = None
    redirected_from: int | None = None
    member: Member | None = None


def find_target(
    actor: Actor,
    *,
    at: datetime,
    membership_id: int | None = None,
    member_number: str | None = None,
    card_number: str | None = None,
    program_id: int | None = None,
    member: int | None = None,
    purpose: str | None = None,
) -> Target:
    """One of the three names the membership; `member` is the id of the customer who acted, `purpose` the capability
    that is to be used.

    Raises NotFound, CardNotUsable, CardEarnsOnly, AmbiguousNumber, MembershipEnded, NotAMember.
    """
    if card_number is not None:
        target = _by_card(actor, card_number, at=at, purpose=purpose)
    elif member_number is not None:
        target = _landed(_by_number(actor, member_number, program_id=program_id), asked=member, any_end=True)
    elif membership_id is not None:
        target = _landed(_by_id(actor, membership_id), asked=member, any_end=False)
    else:
        raise NotFound(NOWHERE)
    return _with_person(target, member)


def visible_card(actor: Actor, number: str) -> Card:
    """The card of that number, whatever its status; NotFound where the actor has no part in its program."""
    rows = Card.objects.select_related("program", "card_type", "successor")
    card: Card | None = rows.filter(number=compact(number)[:40]).first()
    if card is None or (actor.programs is not None and card.program_id not in actor.programs):
        raise NotFound(NO_CARD)
    return card


def card_behind_lock(target: Target, actor: Actor, *, at: datetime) -> None:
    """Ask the card again, if there is one, behind the lock of the target's membership: whoever blocked, reported or
    replaced it while this waited came first, and nobody does until the transaction ends."""
    if target.card_id is not None:
        _refuse_unusable(shared_card(target.card_id), actor, at=at)


def guarded(error: CardNotUsable, *, actor: Actor, card: Card) -> LoyaltyError:
    """What the actor is told of a card out of use: who may not read the program's cards learns no more than of a number
    that was never given out."""
    return error if actor.may("cards:read", card.program_id) else NotFound(NO_CARD)


def _by_id(actor: Actor, membership_id: int) -> Membership:
    membership: Membership | None = Membership.objects.visible_to(actor).filter(pk=membership_id).first()
    if membership is None:
        raise NotFound(NOWHERE)
    return membership


def _by_number(actor: Actor, number: str, *, program_id: int | None) -> Membership:
    """Member numbers are unique in their program only."""
    found = Membership.objects.visible_to(actor).filter(number=number[:24]).select_related("program")
    if program_id is not None:
        found = found.filter(program_id=program_id)
    memberships: list[Membership] = list(found[:10])
    if not memberships:
        raise NotFound(NOWHERE)
    if len(memberships) > 1:
        programs = sorted(membership.program.code for membership in memberships)
        raise AmbiguousNumber(
            f"Member number {number} occurs in several programs: name one.", facts={"programs": programs}
        )
    return memberships[0]


def _by_card(actor: Actor, number: str, *, at: datetime, purpose: str | None) -> Target:
    """Who held the card at that time, and where that person takes part today."""
    card = visible_card(actor, number)
    holding = holder_at(card.pk, at)
    if holding is None and last_holder(card.pk) is None:
        # Nobody's card, one of a revoked batch too, is as unknown to a till as no card.
        raise NotFound(NO_CARD)
    _refuse_unusable(card, actor, at=at)
    if holding is None:
        raise NotFound(NO_CARD)
    if card.kind == CardKind.ADDITIONAL and purpose in SPENDING:
        raise CardEarnsOnly(
            "An additional card only earns. Use the main card, or name the membership.",
            facts={"card_type": card.kind, "purpose": purpose},
        )
    target = _at_home(holding.membership, holding.customer_id)
    return replace(target, card_id=card.pk)


def _refuse_unusable(card: Card, actor: Actor, *, at: datetime) -> None:
    try:
        refuse_unusable(card, at)
    except CardNotUsable as error:
        raise guarded(error, actor=actor, card=card) from error


def _landed(membership: Membership, *, asked: int | None, any_end: bool) -> Target:
    """Where points for this membership go today: to it, or to the current participation of the person.

    `any_end`: a number leads on from every ended membership, an id only from one that went into another. Who is
    `asked` for leads on from a membership of several only if they took part in it.
    """
    if membership.current:
        return Target(membership, asked)
    if not any_end and membership.superseded_by_id is None:
        raise _ended(membership)
    took_part = asked is not None and Member.objects.filter(membership=membership, customer_id=asked).exists()
    return _at_home(membership, asked if took_part else None)


def _at_home(membership: Membership, person_id: int | None) -> Target:
    """Of the person, else of whom the membership was issued to; a group as a whole leads to its survivor."""
    if membership.current and (person_id is None or _open_member(membership, person_id) is not None):
        return Target(membership, person_id)
    person_id = surviving_id(person_id) if person_id is not None else issued_to(membership)
    home = current_home(membership, person_id)
    if home is None:
        raise _ended(membership)
    return Target(home, person_id, redirected_from=membership.pk if home.pk != membership.pk else None)


def current_home(membership: Membership, person_id: int | None) -> Membership | None:
    """Where the person (else whoever the membership was issued to) takes part today; else the survivor of the whole."""
    if membership.current and (person_id is None or _open_member(membership, person_id) is not None):
        return membership
    person_id = person_id or issued_to(membership)
    if person_id is None:
        return _successor(membership)
    member = current_participation(person_id, program_id=membership.program_id)
    return member.membership if member is not None else None


def issued_to(membership: Membership) -> int | None:
    """Whom an ended membership and its number belonged to, by the record that lives; a group as a whole is nobody's."""
    if membership.current:
        return None
    rows = Member.objects.filter(membership=membership).select_related("customer")
    members = [one for one in rows if one.ended_at is None] or list(rows)
    people = {one.customer.merged_into_id or one.customer_id for one in members}
    return people.pop() if len(people) == 1 else None


def _successor(membership: Membership) -> Membership | None:
    """The end of the chain of successors, if it is current. The tables allow no circle; each step is taken once."""
    seen = {membership.pk}
    step: Membership | None = membership
    while step is not None and not step.current:
        step = step.superseded_by
        if step is not None and step.pk in seen:
            return None
        if step is not None:
            seen.add(step.pk)
    return step


def _with_person(target: Target, asked: int | None) -> Target:
    """Fill in who acts: the member named, the person found, or else the main or only member."""
    membership = target.membership
    person_id = asked or target.person_id
    if person_id is not None:
        member = _open_member(membership, person_id) or _open_member(membership, surviving_id(person_id))
        if member is None:
            raise _not_a_member(membership, person_id)
        return replace(target, person_id=member.customer_id, member=member)
    member = acting_member(membership)
    return replace(target, person_id=member.customer_id if member else None, member=member)


def _open_member(membership: Membership, person_id: int) -> Member | None:
    return Member.objects.filter(membership=membership, customer_id=person_id, ended_at__isnull=True).first()


def _not_a_member(membership: Membership, person_id: int) -> NotAMember:
    return NotAMember(
        f"Customer {person_id} is no current member of {membership.number}.",
        facts={"membership": membership.pk, "member": person_id},
    )


def _ended(membership: Membership) -> MembershipEnded:
    return MembershipEnded(
        f"{membership.number} has ended, and the person takes part in the program no more.",
        facts={"membership": membership.pk, "end_reason": membership.end_reason},
    )
