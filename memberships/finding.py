"""Customers by any key they can name, retired numbers included (interfaces 3.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from cards.issuing import usable_at
from common.actor import Actor
from common.clock import program_now
from common.errors import NotFound
from customers.finding import find_customers
from customers.models import Customer
from memberships.card_holding import last_holder
from memberships.models import Member, Membership
from memberships.targets import NO_CARD, NOWHERE, current_home, issued_to, visible_card

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
    """In the actor's programs; the same number may occur in several. Raises NotFound."""
    memberships = list(Membership.objects.visible_to(actor).filter(number=number[:24]).order_by("pk")[:MOST])
    if not memberships:
        raise NotFound(NOWHERE)
    return [found for membership in memberships for found in _at_home(membership, None)]


def find_by_card_number(actor: Actor, number: str, *, any_status: bool = False) -> list[Found]:
    """A card out of use finds its membership for those who manage cards and, with `any_status`, for staff who may
    read them; not for a till. Raises NotFound."""
    card = visible_card(actor, number)
    asked_anyway = any_status and actor.is_staff and actor.may("cards:read", card.program_id)
    usable = asked_anyway or usable_at(card, program_now(card.program)) or actor.may("cards:manage", card.program_id)
    holding = last_holder(card.pk) if usable else None
    if holding is None:
        raise NotFound(NO_CARD)
    return list(_at_home(holding.membership, holding.customer_id))


def _at_home(membership: Membership, person_id: int | None) -> Iterator[Found]:
    """The people of the membership, or of where its person takes part today; an ended one without heir as it is."""
    person_id = person_id or issued_to(membership)
    home = current_home(membership, person_id) or membership
    redirected_from = membership.pk if home.pk != membership.pk else None
    members = Member.objects.select_related("customer").filter(membership=home, ended_at__isnull=True)
    people = [member.customer for member in members.order_by("pk") if person_id in (None, member.customer_id)]
    if not people:
        yield Found(None, home.pk, redirected_from)
    for customer in people:
        yield Found(customer, home.pk, redirected_from)
