"""What lists of memberships can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value
from drf_spectacular.utils import extend_schema_field

from common import clock
from memberships.models import (
    ChangeKind,
    ChangeParty,
    ChangeStatus,
    Consent,
    Member,
    Membership,
    MembershipChange,
    MembershipStatus,
    MembershipType,
)

MAX_ID = 2**63 - 1
ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}


class MembershipFilter(django_filters.FilterSet):
    customer = django_filters.NumberFilter(method="of_customer", min_value=1, max_value=MAX_ID, decimal_places=0)
    number = django_filters.CharFilter(field_name="number", lookup_expr="exact", max_length=24)
    program = django_filters.CharFilter(field_name="program__code", lookup_expr="exact", max_length=40)
    status = django_filters.ChoiceFilter(choices=MembershipStatus.choices)
    type = django_filters.ChoiceFilter(choices=MembershipType.choices)

    class Meta:
        model = Membership
        fields: list[str] = []

    @extend_schema_field(ID)
    def of_customer(self, queryset: QuerySet[Membership], name: str, value: Any) -> QuerySet[Membership]:
        """Whoever takes part in them, or took part when they ended."""
        people = Member.objects.filter(customer_id=int(value), ended_at__isnull=True)
        return queryset.filter(pk__in=people.values("membership_id"))


class ChangeFilter(django_filters.FilterSet):
    customer = django_filters.NumberFilter(method="asking", min_value=1, max_value=MAX_ID, decimal_places=0)
    kind = django_filters.ChoiceFilter(choices=ChangeKind.choices)
    membership = django_filters.NumberFilter(method="touching", min_value=1, max_value=MAX_ID, decimal_places=0)
    program = django_filters.CharFilter(field_name="program__code", lookup_expr="exact", max_length=40)
    status = django_filters.ChoiceFilter(
        choices=[one for one in ChangeStatus.choices if one[0] != ChangeStatus.DRAFT], method="at_step"
    )

    class Meta:
        model = MembershipChange
        fields: list[str] = []

    @extend_schema_field(ID)
    def asking(self, queryset: QuerySet[MembershipChange], name: str, value: Any) -> QuerySet[MembershipChange]:
        """Those that need this person's consent."""
        return queryset.filter(pk__in=Consent.objects.filter(customer_id=int(value)).values("change_id"))

    @extend_schema_field(ID)
    def touching(self, queryset: QuerySet[MembershipChange], name: str, value: Any) -> QuerySet[MembershipChange]:
        """Those the membership is a party of, or came of."""
        parties = ChangeParty.objects.filter(membership_id=int(value)).values("change_id")
        return queryset.filter(Q(pk__in=parties) | Q(result_id=int(value)))

    def at_step(self, queryset: QuerySet[MembershipChange], name: str, value: str) -> QuerySet[MembershipChange]:
        """By the status as it is shown: whoever waits past the deadline has lapsed, run or no run."""
        now = ExpressionWrapper(Value(clock.now()) + F("program__clock_offset"), output_field=DateTimeField())
        overdue = Q(is_open=True, expires_at__lte=now)
        if value == ChangeStatus.LAPSED:
            return queryset.filter(overdue | Q(status=value))
        return queryset.filter(status=value).exclude(overdue)
