"""A code for the person whose points are to pay in somebody's purchase (interfaces 3.1)."""

from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.dry_run import Answer, row_id
from common.api.fields import IdField, PointsField, StrictCharField
from common.api.serializers import StrictSerializer
from common.api.views import LoyaltyViewSet
from gateway.api.writing import answer_concerns
from memberships.models import Membership, SpendingCode
from memberships.spending_codes import CodeCall, send_spending_code

SENT = 201


class SpendingCodeInput(StrictSerializer):
    points = PointsField(min_value=1, help_text="The most that may be spent with the code; the person is told so.")
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    member = IdField(required=False, help_text="The customer who is asked, in a membership of several.")


class SpendingCodeOutput(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    membership = serializers.IntegerField()
    member = serializers.IntegerField(help_text="The customer whose registered address it went to.")
    points = serializers.IntegerField()
    point_type = serializers.SlugField()
    expires_at = serializers.DateTimeField()


class SpendingCodeViewSet(LoyaltyViewSet):
    queryset = Membership.objects.all()
    required_scopes = {"POST": "points:redeem"}
    key_required = True

    @extend_schema(request=SpendingCodeInput, responses={SENT: SpendingCodeOutput}, operation_id="send_spending_code")
    def create(self, request: Request, pk: str) -> Response:
        """Send the member a code. A sale of this channel that names it in `redeem.code` spends their points, once."""
        self.get_object()
        return self.perform_write(request, None, partial(self._send, int(pk)))

    def _send(self, membership_id: int) -> Answer:
        given = SpendingCodeInput(data=self.request.data)
        given.is_valid(raise_exception=True)
        code = send_spending_code(CodeCall(membership_id, **given.validated_data), actor=self.actor)
        answer_concerns(self.request, program_id=code.program_id, customers=[code.customer_id])
        return SENT, {
            "id": row_id(SpendingCode, code.pk),
            "membership": code.membership_id,
            "member": code.customer_id,
            "points": code.most_points,
            "point_type": code.point_type.code,
            "expires_at": code.expires_at,
        }
