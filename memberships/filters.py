"""What lists of memberships can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from memberships.models import Member, Membership, MembershipStatus, MembershipType

MAX_ID = 2**63 - 1


class MembershipFilter(django_filters.FilterSet):
    customer = django_filters.NumberFilter(method="of_customer", min_value=1, max_value=MAX_ID, decimal_places=0)
    number = django_filters.CharFilter(field_name="number", lookup_expr="exact", max_length=24)
    program = django_filters.CharFilter(field_name="program__code", lookup_expr="exact", max_length=40)
    status = django_filters.ChoiceFilter(choices=MembershipStatus.choices)
    type = django_filters.ChoiceFilter(choices=MembershipType.choices)

    class Meta:
        model = Membership
        fields: list[str] = []

    def of_customer(self, queryset: QuerySet[Membership], name: str, value: Any) -> QuerySet[Membership]:
        """Whoever takes part in them, or took part when they ended."""
        people = Member.objects.filter(customer_id=int(value), ended_at__isnull=True)
        return queryset.filter(pk__in=people.values("membership_id"))
