"""Cards by their number: their face, reports and replacements of lost ones; and the cards of a membership."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from cards import issuing
from cards.errors import CardTypeRefused
from cards.models import Card, CardStatus, CardType
from common.api.dry_run import Answer
from common.api.views import LoyaltyViewSet
from gateway.api.writing import answer_concerns
from memberships.acting import acting_member
from memberships.api import serializers as io
from memberships.api.guesses import guess
from memberships.api.shapes import card_shape, card_shapes
from memberships.card_holding import activate_card, cards_in_hand, give_new_card, replace_card, unblock_card
from memberships.errors import NotAMember
from memberships.models import Membership
from memberships.targets import visible_card

MANAGE_CARDS = "cards:manage"


class CardView(LoyaltyViewSet):
    """What the calls about cards share."""

    key_required = True

    def _shown(self, card: Card) -> dict[str, Any]:
        answer_concerns(self.request, program_id=card.program_id)
        return card_shape(card)

    def _input(self, given_as: type[BaseSerializer[Any]]) -> Any:
        serializer = given_as(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class CardViewSet(CardView):
    queryset = Card.objects.all()
    lookup_field = "number"
    required_scopes = {"GET": "cards:read", "POST": MANAGE_CARDS}

    def get_object(self) -> Card:
        with guess(self.request):
            card = visible_card(self.actor, self.kwargs["number"])
        self.check_object_permissions(self.request, card)
        return card

    @extend_schema(responses=io.CardOutput)
    def retrieve(self, request: Request, number: str) -> Response:
        return Response(card_shape(self.get_object()))

    @extend_schema(request=io.OptionalReasonInput, responses=io.CardOutput)
    def activate(self, request: Request, number: str) -> Response:
        """A created card is usable from now on, before the one it follows has ended."""
        return self._change(activate_card, io.OptionalReasonInput)

    @extend_schema(request=io.ReasonInput, responses=io.CardOutput)
    def block(self, request: Request, number: str) -> Response:
        return self._change(issuing.block, io.ReasonInput)

    @extend_schema(request=io.ReasonInput, responses=io.CardOutput)
    def unblock(self, request: Request, number: str) -> Response:
        """Usable again, where its holder may use cards."""
        return self._change(unblock_card, io.ReasonInput)

    @extend_schema(request=io.ReportInput, responses=io.CardOutput)
    def report_lost(self, request: Request, number: str) -> Response:
        return self._change(issuing.report, io.ReportInput, status=CardStatus.LOST)

    @extend_schema(request=io.ReportInput, responses=io.CardOutput)
    def report_stolen(self, request: Request, number: str) -> Response:
        return self._change(issuing.report, io.ReportInput, status=CardStatus.STOLEN)

    @extend_schema(request=io.ReplaceInput, responses={201: io.CardOutput})
    def replace(self, request: Request, number: str) -> Response:
        """Answers the successor."""
        return self._change(replace_card, io.ReplaceInput, answer=201)

    def _change(
        self,
        verb: Callable[..., Card],
        given_as: type[BaseSerializer[Any]],
        *,
        answer: int = 200,
        **more: Any,
    ) -> Response:
        def func() -> Answer:
            card, given = self.get_object(), self._input(given_as)
            with guess(self.request):
                return answer, self._shown(verb(card, actor=self.actor, **more, **given))

        return self.perform_write(self.request, None, func)


class MembershipCardViewSet(CardView):
    queryset = Membership.objects.all()
    pagination_class = None
    lookup_value_regex = "[0-9]{1,18}"
    required_scopes = {"GET": "memberships:read", "POST": MANAGE_CARDS}

    @extend_schema(responses=forced_singular_serializer(io.CardsOutput), filters=False)
    def list(self, request: Request, pk: str) -> Response:
        """The cards in the hands of the members."""
        cards = cards_in_hand(self.get_object()).order_by("pk")
        return Response({"results": card_shapes(list(cards))})

    @extend_schema(request=io.GiveCardInput, responses={201: io.CardOutput})
    def create(self, request: Request, pk: str) -> Response:
        """Give one of the members a further card."""

        def func() -> Answer:
            membership = self.get_object()
            given = self._input(io.GiveCardInput)
            wanted = {
                "customer_id": given.get("customer") or _only_person(membership),
                "kind": given["type"],
                "number": given.get("number"),
                "card_type": _type_called(given.get("card_type"), membership),
            }
            with guess(self.request):
                return 201, self._shown(give_new_card(membership, actor=self.actor, **wanted))

        return self.perform_write(request, None, func)


def _only_person(membership: Membership) -> int:
    member = acting_member(membership)
    if member is None:
        raise NotAMember(f"{membership.number} has no member to hold a card.", facts={"membership": membership.pk})
    return member.customer_id


def _type_called(code: str | None, membership: Membership) -> CardType | None:
    if code is None:
        return None
    found: CardType | None = CardType.objects.filter(program=membership.program_id, code=code).first()
    if found is None:
        raise CardTypeRefused(f"The program has no card type “{code}”.", facts={"card_type": code})
    return found
