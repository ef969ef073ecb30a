"""What pages of the desk share: links that may lead nowhere yet, names as the viewer may see them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from activities.offers import Offer
from common.actor import Actor
from customers.masking import STARS, masked_email, masked_name, masked_phone
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Door:
    """A task to go to, or why not."""

    label: str
    url: str
    reason: str


def doors(offers: Iterable[Offer], pk: int) -> list[Door]:
    """The offers whose pages exist."""
    found = [(offer, address(offer.name, pk)) for offer in offers]
    return [Door(offer.label, url, offer.reason) for offer, url in found if url]


def address(name: str, *args: object) -> str:
    """The page's address; empty where this installation has no such page."""
    try:
        return reverse(f"desk:{name}", args=args)
    except NoReverseMatch:
        return ""


def sees(actor: Actor, customer_id: int | None) -> bool:
    """Whether personal values of this customer are shown whole to the actor."""
    return not actor.is_staff


def name_for(actor: Actor, customer_id: int | None, name: str | None) -> str | None:
    """The name whole or masked."""
    return name if sees(actor, customer_id) else masked_name(name)


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer's own values as the viewer may see them; what nobody gave is empty."""

    name: str
    email: str | None
    phone: str | None
    birth_date: object
    unmasked: bool


def contact_for(actor: Actor, customer: Customer) -> Contact:
    whole = sees(actor, customer.pk)
    return Contact(
        name=(customer.name if whole else masked_name(customer.name)) or customer.number,
        email=customer.email if whole else masked_email(customer.email),
        phone=customer.phone if whole else masked_phone(customer.phone),
        birth_date=customer.birth_date if whole or customer.birth_date is None else STARS,
        unmasked=whole,
    )
