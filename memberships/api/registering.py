"""A found card becomes somebody's: one call, which is the person's consent (interfaces 3.1)."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cards.errors import CardNotUsable
from cards.models import Card
from common.api.dry_run import Answer, row_id
from common.api.fields import IdField, StrictBooleanField, StrictCharField
from common.api.serializers import StrictSerializer
from common.api.views import LoyaltyViewSet
from customers.models import Customer
from gateway.api.writing import answer_concerns
from memberships.api.guesses import guess
from memberships.api.memberships import customer_of
from memberships.api.serializers import CardOutput
from memberships.api.shapes import card_shape
from memberships.models import (
    CardRegistration,
    MembershipChange,
    ProofKind,
    RegistrationOutcome,
    RegistrationStatus,
)
from memberships.proofs import REFERENCE_LENGTH, SEEN
from memberships.registering import register
from memberships.targets import guarded, visible_card

DONE, LATER = 201, 202
WAITING = [(one.value, one.label) for one in (RegistrationStatus.WAITING, RegistrationStatus.AWAITING_CONSENT)]


class ProofInput(StrictSerializer):
    kind = serializers.ChoiceField([(one.value, one.label) for one in SEEN])
    reference = StrictCharField(max_length=REFERENCE_LENGTH)


class RegisterInput(StrictSerializer):
    customer = IdField()
    code = StrictCharField(max_length=20, required=False, default="")
    proof = ProofInput(required=False)
    accept_terms = StrictBooleanField(default=False)


class RegisteredOutput(CardOutput):
    registration = serializers.IntegerField(allow_null=True)
    outcome = serializers.ChoiceField([*RegistrationOutcome.choices, *WAITING])
    change = serializers.IntegerField(allow_null=True, help_text="The absorption, where there is one.")


class CardRegistrationViewSet(LoyaltyViewSet):
    queryset = Card.objects.all()
    required_scopes = {"POST": "cards:manage"}
    key_required = True

    @extend_schema(request=RegisterInput, responses={DONE: RegisteredOutput, LATER: RegisteredOutput})
    def create(self, request: Request, number: str) -> Response:
        """202 where the card waits: for the person's membership to be active, or for others to agree to a debt."""
        return self.perform_write(request, None, partial(self._register, number))

    def _register(self, number: str) -> Answer:
        serializer = RegisterInput(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        with guess(self.request):
            card = visible_card(self.actor, number)
        self.check_object_permissions(self.request, card)
        customer = customer_of(given["customer"])
        with guess(self.request):
            registration = self._registered(card, customer, given)
        answer_concerns(self.request, program_id=card.program_id, customers=[registration.customer_id])
        return self._answer(registration)

    def _registered(self, card: Card, customer: Customer, given: dict[str, Any]) -> CardRegistration:
        proof = given.get("proof", {})
        try:
            return register(
                card,
                customer=customer,
                actor=self.actor,
                code=given["code"],
                proof_kind=proof.get("kind", ProofKind.NONE),
                proof_reference=proof.get("reference", ""),
                accept_terms=given["accept_terms"],
            )
        except CardNotUsable as error:
            raise guarded(error, actor=self.actor, card=card) from error

    def _answer(self, registration: CardRegistration) -> Answer:
        card = Card.objects.select_related("program", "successor").get(pk=registration.card_id)
        done = registration.status == RegistrationStatus.DONE
        shown = {
            **card_shape(card),
            "registration": row_id(CardRegistration, registration.pk),
            "outcome": registration.outcome if done else registration.status,
            "change": row_id(MembershipChange, registration.change_id),
        }
        return DONE if done else LATER, shown
