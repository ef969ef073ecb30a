"""One customer with everything that stands around the row, read at once."""

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import Coalesce, JSONObject

from common.actor import Actor
from customers.models import (
    Address,
    Affiliation,
    ContactPreference,
    Customer,
    CustomerNumber,
    Identification,
    Message,
)

MOST = 20
MOST_MESSAGES = 5


def whole_customer(pk: int, *, actor: Actor) -> Customer | None:
    """The row with `all_numbers`, `addresses_found`, `documents_found`, `preferences_found`, `affiliations_found` and
    `messages_found`, the latest of those the actor may see."""
    mine = OuterRef("pk")
    messages = JSONObject(
        id="id", purpose="purpose", template="template", program="program__name", address="address", subject="subject",
        status="status", why_not="why_not", at=Coalesce("sent_at", "created_at"),
    )  # fmt: skip
    addresses = JSONObject(kind="kind", lines="lines", postal_code="postal_code", city="city", country="country")
    documents = JSONObject(kind="kind", country="country", number="number", valid_until="valid_until")
    preferences = JSONObject(channel="channel", allowed="allowed")
    affiliations = JSONObject(
        id="id", organization="organization_id", name="organization__name", number="organization__number",
        group="employee_group__name", personnel_number="personnel_number", valid_from="valid_from",
        valid_until="valid_until",
    )  # fmt: skip
    found: Customer | None = (
        Customer.objects.select_related("merged_into")
        .annotate(
            all_numbers=ArraySubquery(
                CustomerNumber.objects.filter(customer=mine).order_by("number").values("number")[:MOST]
            ),
            addresses_found=ArraySubquery(
                Address.objects.filter(customer=mine).order_by("pk").values(found=addresses)[:MOST]
            ),
            documents_found=ArraySubquery(
                Identification.objects.filter(customer=mine).order_by("pk").values(found=documents)[:MOST]
            ),
            preferences_found=ArraySubquery(
                ContactPreference.objects.filter(customer=mine).order_by("channel").values(found=preferences)[:MOST]
            ),
            affiliations_found=ArraySubquery(
                Affiliation.objects.filter(customer=mine)
                .order_by("-valid_from", "-pk")
                .values(found=affiliations)[:MOST]
            ),
            messages_found=ArraySubquery(
                Message.objects.visible_to(actor)
                .filter(customer=mine)
                .order_by("-pk")
                .values(found=messages)[:MOST_MESSAGES]
            ),
        )
        .filter(pk=pk)
        .first()
    )
    return found


def names_of(ids: Iterable[int | None]) -> dict[int, str | None]:
    """The names of these customers, unmasked: whoever shows them masks them."""
    wanted = {pk for pk in ids if pk is not None}
    return dict(Customer.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
