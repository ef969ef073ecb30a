"""Cards by their number: their face, and the reports and replacements of lost ones."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from cards import issuing
from cards.models import Card, CardStatus
from common.api.dry_run import Answer
from common.api.views import LoyaltyViewSet
from gateway.api.writing import answer_concerns
from memberships.api import serializers as io
from memberships.api.guesses import guess
from memberships.api.shapes import card_shape
from memberships.card_holding import replace_card
from memberships.targets import visible_card


class CardViewSet(LoyaltyViewSet):
    queryset = Card.objects.all()
    lookup_field = "number"
    required_scopes = {"GET": "cards:read", "POST": "cards:manage"}
    key_required = True

    def get_object(self) -> Card:
        with guess(self.request):
            card = visible_card(self.actor, self.kwargs["number"])
        self.check_object_permissions(self.request, card)
        return card

    @extend_schema(responses=io.CardOutput)
    def retrieve(self, request: Request, number: str) -> Response:
        return Response(card_shape(self.get_object()))

    @extend_schema(request=io.ReportInput, responses=io.CardOutput)
    def report_lost(self, request: Request, number: str) -> Response:
        return self._report(CardStatus.LOST)

    @extend_schema(request=io.ReportInput, responses=io.CardOutput)
    def report_stolen(self, request: Request, number: str) -> Response:
        return self._report(CardStatus.STOLEN)

    @extend_schema(request=io.ReasonInput, responses={201: io.CardOutput})
    def replace(self, request: Request, number: str) -> Response:
        """Answers the successor."""

        def func() -> Answer:
            card = self.get_object()
            successor = replace_card(card, actor=self.actor, **self._input(io.ReasonInput))
            return 201, self._shown(successor)

        return self.perform_write(request, None, func)

    def _report(self, status: CardStatus) -> Response:
        def func() -> Answer:
            card = self.get_object()
            return 200, self._shown(issuing.report(card, status, actor=self.actor, **self._input(io.ReportInput)))

        return self.perform_write(self.request, None, func)

    def _shown(self, card: Card) -> dict[str, Any]:
        answer_concerns(self.request, program_id=card.program_id)
        return card_shape(card)

    def _input(self, given_as: type[BaseSerializer[Any]]) -> Any:
        serializer = given_as(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data
