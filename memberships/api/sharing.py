"""What concerns single people of a shared account or a group: main place, suspension, who brought and spent."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.dry_run import Answer
from common.api.fields import IdField
from common.api.views import LoyaltyViewSet
from gateway.api.writing import answer_concerns
from memberships import lifecycle
from memberships.api import serializers as io
from memberships.api.fairness import FairnessOutput, fairness_shape
from memberships.api.shapes import membership_shape
from memberships.changes.handing_over import hand_over
from memberships.errors import NotAMember
from memberships.models import Member, Membership

MANAGE, READ = "memberships:manage", "memberships:read"


class HandOverInput(io.ReasonInput):
    customer = IdField(help_text="Becomes main member of the group, or owner of the shared account.")


class SharingViewSet(LoyaltyViewSet):
    queryset = Membership.objects.all()
    lookup_value_regex = "[0-9]{1,18}"
    required_scopes = {"GET": READ, "POST": MANAGE}
    key_required = True

    @extend_schema(responses=forced_singular_serializer(FairnessOutput), filters=False)
    def fairness(self, request: Request, pk: str) -> Response:
        """Who brought the points of a shared account or a group, who spent them, what each would take today."""
        return Response(fairness_shape(self.get_object()))

    @extend_schema(request=HandOverInput, responses=io.MembershipOutput)
    def hand_over(self, request: Request, pk: str) -> Response:
        """Another main member of the group, another owner of the shared account."""

        def verb(membership: Membership, *, customer: int, reason: str) -> None:
            hand_over(membership, to_customer=customer, actor=self.actor, reason=reason)

        return self._answered(verb, HandOverInput)

    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def suspend(self, request: Request, pk: str, customer: str) -> Response:
        """One person, apart from the membership: no earning, redeeming, transfers or cards of theirs."""
        return self._of_member(lifecycle.suspend_member, int(customer))

    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def reinstate(self, request: Request, pk: str, customer: str) -> Response:
        return self._of_member(lifecycle.reinstate_member, int(customer))

    def _of_member(self, change: Callable[..., Member], customer_id: int) -> Response:
        def verb(membership: Membership, *, reason: str) -> None:
            change(open_member(membership, customer_id), actor=self.actor, reason=reason)

        return self._answered(verb, io.ReasonInput)

    def _answered(self, verb: Callable[..., None], given_as: type[io.ReasonInput]) -> Response:
        def func() -> Answer:
            membership = self.get_object()
            given = given_as(data=self.request.data)
            given.is_valid(raise_exception=True)
            verb(membership, **given.validated_data)
            return 200, self._shown(membership)

        return self.perform_write(self.request, None, func)

    def _shown(self, membership: Membership) -> dict[str, Any]:
        shown = membership_shape(membership, self.actor)
        people = [member["customer"] for member in shown["members"]]
        answer_concerns(self.request, program_id=membership.program_id, customers=people)
        return shown


def open_member(membership: Membership, customer_id: int) -> Member:
    member = Member.objects.filter(membership=membership, customer_id=customer_id, ended_at__isnull=True).first()
    if member is None:
        raise NotAMember(
            f"Customer {customer_id} is no current member of {membership.number}.",
            facts={"membership": membership.pk, "member": customer_id},
        )
    return member
