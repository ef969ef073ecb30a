"""Which card, and whose it is to be: both stand in the address, so that a link may name them (interfaces 3.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from cards.models import Card
from common.actor import Actor
from common.errors import NotFound
from customers.models import Customer
from memberships import admission
from memberships.card_holding import last_holder
from memberships.desk.changes.base import told_name
from memberships.desk.changes.finding import MOST, people_called
from memberships.finding import find_by_member_number
from memberships.models import CardHolding, Member, Membership
from memberships.targets import visible_card

ACTION = "cards:manage"
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the card could be registered for, and where they take part in its program."""

    customer: Customer
    name: str
    membership: Membership | None
    sharing: int
    url: str


def asked_for(request: HttpRequest, name: str) -> str:
    """From the form where it was sent, else from the address."""
    given = request.POST if request.method == "POST" else request.GET
    return " ".join(given.get(name, "").replace("\x00", "").split())[:254]


def card_called(number: str, actor: Actor) -> Card | None:
    """None where the user may not register cards of its program: such a card is as unknown as none."""
    if not number:
        return None
    try:
        card = visible_card(actor, number)
    except NotFound:
        return None
    return card if actor.may(ACTION, card.program_id) else None


def customer_called(text: str) -> Customer | None:
    known = text.isascii() and text.isdigit() and int(text) <= LARGEST_ID
    return Customer.objects.filter(pk=int(text)).first() if known else None


def open_holding(card: Card) -> CardHolding | None:
    """Who has the card now."""
    held = CardHolding.objects.select_related("membership").filter(card=card, held_until__isnull=True)
    return held.first()


def sharing(membership: Membership) -> int:
    """How many people use the points of the membership, its own included."""
    of_it = Q(membership=membership)
    if membership.pool_id is not None:
        of_it |= Q(membership__pool=membership.pool_id)
    return Member.objects.filter(of_it, current=True, ended_at__isnull=True).count()


def people_for(card: Card, text: str, actor: Actor) -> list[Person]:
    """The people the text could mean, by name, phone, e-mail, customer number or member number."""
    found = {one.pk: one for one in (*_by_member_number(text, actor), *people_called(text, actor))}
    return [_person(card, one, actor) for one in list(found.values())[:MOST]] if text else []


def address(card: Card, customer: Customer | None = None, name: str = "register-card") -> str:
    given: dict[str, Any] = {"number": card.number_id}
    if customer is not None:
        given["customer"] = customer.pk
    return f"{reverse(f'desk:{name}')}?{urlencode(given)}"


def membership_of(card: Card) -> Membership | None:
    """The membership the card belongs to, or belonged to last."""
    holding = last_holder(card.pk)
    return None if holding is None else holding.membership


def _by_member_number(text: str, actor: Actor) -> Iterable[Customer]:
    try:
        found = find_by_member_number(actor, text.upper())
    except NotFound:
        return []
    return [one.customer for one in found if one.customer is not None]


def _person(card: Card, customer: Customer, actor: Actor) -> Person:
    member = admission.current_participation(customer.pk, program_id=card.program_id)
    membership = None if member is None else member.membership
    return Person(
        customer,
        told_name(actor, customer),
        membership,
        0 if membership is None else sharing(membership),
        address(card, customer),
    )
