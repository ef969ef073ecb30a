"""GET and POST /api/customers, GET and PATCH /api/customers/{id}."""

from typing import Any

from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.dry_run import Answer, is_rehearsal
from common.api.views import LoyaltyViewSet, TaggedRetrieveMixin, check_if_match, etag_of
from customers.api.filters import CustomerFilter, StrictOrdering
from customers.api.serializers import CustomerChangeSerializer, CustomerSerializer, NewCustomerSerializer
from customers.creating import create_customer
from customers.models import Customer
from customers.updating import update_customer
from gateway.api.writing import answer_concerns

LISTS = ("identifications", "addresses", "contact_preferences")


class CustomerViewSet(TaggedRetrieveMixin, mixins.ListModelMixin, LoyaltyViewSet):
    queryset = Customer.objects.prefetch_related(*LISTS)
    serializer_class = CustomerSerializer
    filter_backends = (DjangoFilterBackend, StrictOrdering)
    filterset_class = CustomerFilter
    ordering_fields = ("id", "customer_since", "created_at")
    required_scopes = {
        "GET": "customers:read",
        "create": "customers:write",
        "partial_update": "customers:write",
    }
    key_required = frozenset({"create"})

    @extend_schema(request=NewCustomerSerializer, responses={201: CustomerSerializer}, operation_id="create_customer")
    def create(self, request: Request) -> HttpResponse | Response:
        """A new customer; 409 with masked candidates when the person is probably known already."""
        given = NewCustomerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values, details = given.split()

        def verb() -> Answer:
            customer = create_customer(actor=self.actor, details=details, **values)
            shown = self._shown(request, customer)
            if is_rehearsal():
                shown["number"] = None
            return status.HTTP_201_CREATED, shown

        return self.perform_write(request, None, verb)

    @extend_schema(request=CustomerChangeSerializer, responses=CustomerSerializer, operation_id="change_customer")
    def partial_update(self, request: Request, pk: int) -> HttpResponse | Response:
        """Change what is given; with If-Match only if nobody else did meanwhile."""
        customer = self.get_object()
        given = CustomerChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values, details = given.split()

        def verb() -> Answer:
            changed = update_customer(
                customer,
                actor=self.actor,
                details=details,
                check=lambda row: check_if_match(request, self.get_serializer(row).data),
                **values,
            )
            return status.HTTP_200_OK, self._shown(request, changed)

        response = self.perform_write(request, None, verb)
        if isinstance(response, Response) and "dry_run" not in response.data:
            response["ETag"] = etag_of(response.data)
        return response

    def _shown(self, request: Request, customer: Customer) -> dict[str, Any]:
        """As a GET would show it now."""
        answer_concerns(request, customers=[customer.pk])
        fresh = Customer.objects.prefetch_related(*LISTS).get(pk=customer.pk)
        return dict(self.get_serializer(fresh).data)
