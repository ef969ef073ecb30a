"""`GET /api/customers/lookup`: who is this?"""

from typing import Any

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.actor import Actor
from common.api.views import LoyaltyViewSet
from common.errors import Malformed, NotFound
from customers.models import Customer
from customers.shown import shown_customer
from memberships.api import serializers as io
from memberships.api.guesses import guess
from memberships.finding import Found, find_by_card_number, find_by_contact, find_by_member_number

CONTACT = ("phone", "email", "document")
KEYS = (*CONTACT, "member_number", "card_number")
LONGEST = 254


def asked(request: Request) -> tuple[str, str]:
    """The one key of the query and its value."""
    given = [(name, value) for name in KEYS for value in request.query_params.getlist(name)]
    if len(given) != 1:
        raise Malformed(f"Give exactly one of {', '.join(KEYS)}.")
    name, value = given[0]
    if not value.strip() or len(value) > LONGEST or "\x00" in value:
        raise Malformed(f"{name} must hold 1 to {LONGEST} characters.")
    return name, value


def by_number(request: Request, actor: Actor, name: str, value: str) -> list[Found]:
    """Nothing found is an empty list, yet counts as a wrong guess."""
    find = find_by_member_number if name == "member_number" else find_by_card_number
    try:
        with guess(request):
            return find(actor, value)
    except NotFound:
        return []


def found_shape(found: Found, actor: Actor) -> dict[str, Any]:
    return {
        "customer": customer_shape(found.customer, actor) if found.customer is not None else None,
        "membership": found.membership_id,
        "redirected_from": found.redirected_from,
    }


def customer_shape(customer: Customer, actor: Actor) -> dict[str, Any]:
    """Masked for staff who have not unmasked the customer."""
    shown = shown_customer(customer, unmasked=actor.sees(customer.pk))
    return {
        "id": customer.pk,
        "number": customer.number,
        "kind": customer.kind,
        "first_name": shown.first_name,
        "last_name": shown.last_name,
        "name": shown.name,
        "email": shown.email,
        "phone": shown.phone,
        "status": customer.status,
        "customer_since": customer.customer_since,
    }


class CustomerLookupViewSet(LoyaltyViewSet):
    queryset = Customer.objects.all()
    pagination_class = None
    required_scopes = {"GET": "customers:read"}

    @extend_schema(
        operation_id="customers_lookup",
        parameters=[OpenApiParameter(name, str, description="Exactly one of these keys.") for name in KEYS],
        responses=forced_singular_serializer(io.LookupOutput),
    )
    def list(self, request: Request) -> Response:
        """Nothing found, or found in a program out of sight: an empty list."""
        name, value = asked(request)
        found = find_by_contact(**{name: value}) if name in CONTACT else by_number(request, self.actor, name, value)
        return Response({"results": [found_shape(one, self.actor) for one in found]})
