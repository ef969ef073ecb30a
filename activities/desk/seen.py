"""What pages of the desk share: tasks as links, names as the viewer may see them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from activities.offers import Offer
from common.actor import Actor
from customers.masking import masked_name


@dataclass(frozen=True, slots=True)
class Door:
    """A task to go to, or why not."""

    label: str
    url: str
    reason: str


def doors(offers: Iterable[Offer], pk: int) -> list[Door]:
    """The pages of these tasks for the membership, customer or posting."""
    return [Door(offer.label, _address(offer.name, pk), offer.reason) for offer in offers]


def _address(name: str, pk: int) -> str:
    """A page of the row, or one that is told about it in its query."""
    page, _mark, query = name.partition("?")
    if query:
        return f"{reverse(f'desk:{page}')}?{query.format(pk=pk)}"
    return reverse(f"desk:{page}", args=[pk])


def name_for(actor: Actor, customer_id: int | None, name: str | None) -> str | None:
    """The name whole or masked."""
    return name if customer_id is None or actor.sees(customer_id) else masked_name(name)
