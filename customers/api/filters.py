"""Which customers a list shows: by what they say about themselves, spelled in any way."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request

from common.errors import FieldError, Malformed
from customers.keys import document_key, email_key, name_key, phone_key
from customers.models import Customer, CustomerKind, CustomerStatus


class CustomerFilter(django_filters.FilterSet):
    email = django_filters.CharFilter(method="by_email", max_length=254)
    phone = django_filters.CharFilter(method="by_phone", max_length=32)
    document = django_filters.CharFilter(method="by_document", max_length=60)
    name = django_filters.CharFilter(method="by_name", max_length=180, help_text="The whole name.")
    number = django_filters.CharFilter(field_name="numbers__number", max_length=20)
    kind = django_filters.ChoiceFilter(choices=CustomerKind.choices)
    status = django_filters.ChoiceFilter(choices=CustomerStatus.choices)
    customer_since_from = django_filters.DateFilter(field_name="customer_since", lookup_expr="gte")
    customer_since_until = django_filters.DateFilter(field_name="customer_since", lookup_expr="lte")

    class Meta:
        model = Customer
        fields: tuple[str, ...] = ()

    def by_email(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return _equal(queryset, "email_key", email_key(value))

    def by_phone(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return _equal(queryset, "phone_key", phone_key(value))

    def by_document(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return _equal(queryset, "identifications__number_key", document_key(value)).distinct()

    def by_name(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return _equal(queryset, "name_key", name_key(value))


class StrictOrdering(OrderingFilter):
    """Refuses to order by what it does not know."""

    def remove_invalid_fields(self, queryset: Any, fields: Iterable[str], view: Any, request: Request) -> list[str]:
        fields = list(fields)
        valid = super().remove_invalid_fields(queryset, fields, view, request)
        if len(valid) != len(fields):
            detail = f"ordering is one of {', '.join(view.ordering_fields)}, with - for descending."
            raise Malformed(detail, errors=[FieldError(pointer="?ordering", code="invalid", detail=detail)])
        return valid


def _equal(queryset: QuerySet[Any], column: str, key: str | None) -> QuerySet[Any]:
    return queryset.filter(**{column: key}) if key else queryset.none()
