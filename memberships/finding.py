"""Customers by any key they can name, retired numbers included (interfaces 3.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from cards.issuing import usable_at
from cards.models import Card
from cards.numbering import compact
from common.actor import Actor
from common.clock import program_now
from customers.finding import find_customers
from customers.models import Customer
from memberships.card_holding import last_holder
from memberships.models import Member, Membership
from memberships.targets import current_home

MOST = 20


@dataclass(frozen=True)
class Found:
    """`membership_id` where a number led there; `redirected_from` is the retired membership it named."""

    customer: Customer | None
    membership_id: int | None = None
    redirected_from: int | None = None


def find_by_contact(**keys: str) -> list[Found]:
    """By phone, email or document."""
    return [Found(customer) for customer in find_customers(**keys)[:MOST]]


def find_by_member_number(actor: Actor, number: str) -> list[Found]:
    """In the actor's programs; the same number may occur in several."""
    memberships = Membership.objects.visible_to(actor).filter(number=number[:24]).order_by("pk")
    return [found for membership in memberships[:MOST] for found in _at_home(membership, None)]


def find_by_card_number(actor: Actor, number: str) -> list[Found]:
    """A card out of use finds its membership for those who manage cards, not for a till."""
    card = Card.objects.select_related("program").filter(number=compact(number)[:40]).first()
    if card is None or (actor.programs is not None and card.program_id not in actor.programs):
        return []
    if not usable_at(card, program_now(card.program)) and not actor.may("cards:manage", card.program_id):
        return []
    holding = last_holder(card.pk)
    return list(_at_home(holding.membership, holding.customer_id)) if holding is not None else []


def _at_home(membership: Membership, person_id: int | None) -> Iterator[Found]:
    """The people of the membership, or of where its person takes part today; an ended one without heir as it is."""
    home = current_home(membership, person_id) or membership
    redirected_from = membership.pk if home.pk != membership.pk else None
    members = Member.objects.select_related("customer").filter(membership=home, ended_at__isnull=True)
    people = [member.customer for member in members.order_by("pk") if person_id in (None, member.customer_id)]
    for customer in people or [None]:
        yield Found(customer, home.pk, redirected_from)
