"""Changes of memberships: propose, ask, record consents, carry out, take back (interfaces 3.1)."""

from collections.abc import Callable
from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from common.actor import Actor
from common.api.dry_run import Answer, wants_dry_run
from common.api.permissions import DefaultDeny, StaffOnly
from common.api.serializers import NoInput
from common.api.views import LoyaltyViewSet, tagged
from common.errors import NotAllowed, NotFound
from gateway.api.writing import answer_concerns
from memberships.api import change_inputs as io
from memberships.api.change_outputs import ChangeOutput
from memberships.api.change_shapes import change_shape, change_shapes
from memberships.api.preview_outputs import PreviewOutput
from memberships.changes import documents, inviting, proposing
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.errors import TermsChanged
from memberships.changes.plan import Proposal
from memberships.changes.preview import preview_of
from memberships.changes.undoing import undo
from memberships.filters import ChangeFilter
from memberships.models import OPEN, ChangeKind, ChangeStatus, ConsentMethod, Membership, MembershipChange

PROPOSE, CARRY_OUT = "changes:propose", "changes:carry-out"
CONSENT, ATTEST, DECIDE = "changes:consent", "changes:attest", "changes:decide"
READ = ("memberships:read", PROPOSE, CONSENT, ATTEST, CARRY_OUT)
# Kinds that name the membership of one person.
OF_ONE = frozenset({ChangeKind.SPLIT, ChangeKind.JOIN})
# Drafts live in the wizard only.
SHOWN = MembershipChange.objects.exclude(status=ChangeStatus.DRAFT)

AnyChangeInput = PolymorphicProxySerializer(
    component_name="ChangeInput", serializers=dict(io.FORMS), resource_type_field_name="kind"
)


class ChangeVerbs(LoyaltyViewSet):
    """Verbs of one change, each answered with the change as it stands then."""

    queryset = SHOWN
    lookup_value_regex = "[0-9]{1,18}"
    key_required = True

    def perform_write(self, request: Request, key_required: bool | None, func: Callable[[], Answer]) -> Response:
        """Where the terms changed everyone is asked again, although the refused call itself leaves nothing behind."""
        try:
            return super().perform_write(request, key_required, func)
        except TermsChanged:
            if not wants_dry_run(request):
                proposing.refresh(self.get_object(), actor=self.actor)
            raise

    def carried_by(self, verb: Callable[..., MembershipChange | None], given_as: type[BaseSerializer[Any]]) -> Response:
        """The verb with the body as its keywords."""

        def func() -> Answer:
            change = self.get_object()
            return 200, self.shown(verb(change, actor=self.actor, **self.given(given_as)) or change)

        return self.perform_write(self.request, None, func)

    def given(self, given_as: type[BaseSerializer[Any]]) -> dict[str, Any]:
        asked = given_as(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def shown(self, change: MembershipChange) -> dict[str, Any]:
        answer_concerns(self.request, program_id=change.program_id)
        return change_shape(change)


class ChangeViewSet(ChangeVerbs):
    """Merges, splits, absorptions and joins, the latest first; drafts are not shown."""

    serializer_class = ChangeOutput
    filter_backends = [DjangoFilterBackend]
    filterset_class = ChangeFilter
    required_scopes = {
        "GET": READ,
        "create": PROPOSE,
        "withdraw": PROPOSE,
        "ask": CONSENT,
        "consents": (CONSENT, ATTEST),
        "carry_out": CARRY_OUT,
        "undo": CARRY_OUT,
    }

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(change_shapes(page))

    def retrieve(self, request: Request, pk: str) -> Response:
        return tagged(change_shape(self.get_object()))

    @extend_schema(request=AnyChangeInput, responses={201: ChangeOutput})
    def create(self, request: Request) -> Response:
        """Propose a merge, a split, an absorption or a join: everyone affected is to be asked, nothing moves yet."""

        def func() -> Answer:
            return 201, self.shown(propose_asked(io.change_asked(self.request.data), actor=self.actor))

        return self.perform_write(request, None, func)

    @extend_schema(responses=PreviewOutput, filters=False)
    def preview(self, request: Request, pk: str) -> Response:
        """Before and after, person by person: carried out and rolled back."""
        return Response(preview_of(self.get_object(), actor=self.actor).as_json())

    @extend_schema(request=io.AskInput, responses=ChangeOutput)
    def ask(self, request: Request, pk: str) -> Response:
        """Send a code or a link to the person's registered address."""

        def func() -> Answer:
            change, given = self.get_object(), self.given(io.AskInput)
            inviting.ask(change, customer_id=given["customer"], method=given["method"], actor=self.actor)
            return 200, self.shown(change)

        return self.perform_write(request, None, func)

    @extend_schema(request=io.ConsentInput, responses={200: ChangeOutput, 202: ChangeOutput})
    def consents(self, request: Request, pk: str) -> Response:
        """Record a decision; 202 where it is a document, which a second member of staff has to confirm."""

        def func() -> Answer:
            change, given = self.get_object(), self.given(io.ConsentInput)
            status = self._record(change, customer_id=given.pop("customer"), **given)
            return status, self.shown(change)

        return self.perform_write(request, None, func)

    @extend_schema(request=NoInput, responses=ChangeOutput)
    def carry_out(self, request: Request, pk: str) -> Response:
        """All of it or nothing, once everyone has consented."""
        return self.carried_by(carry_out, NoInput)

    @extend_schema(request=io.WhyInput, responses=ChangeOutput)
    def withdraw(self, request: Request, pk: str) -> Response:
        """Give the proposal up."""
        return self.carried_by(proposing.withdraw, io.WhyInput)

    @extend_schema(request=io.WhyInput, responses={200: ChangeOutput, 202: ChangeOutput})
    def undo(self, request: Request, pk: str) -> Response:
        """Take it back: at once where nobody acted since, else 202 with a new change that asks everyone again."""

        def func() -> Answer:
            change = self.get_object()
            asking = undo(change, actor=self.actor, **self.given(io.WhyInput))
            waits = asking.status in OPEN
            return (202, self.shown(asking)) if waits else (200, self.shown(change))

        return self.perform_write(request, None, func)

    def _record(self, change: MembershipChange, *, customer_id: int, decision: str, method: str, **how: str) -> int:
        if method == ConsentMethod.DOCUMENT:
            evidence = how.get("evidence", "")
            documents.record_document(change, customer_id=customer_id, actor=self.actor, evidence=evidence)
            return 202
        decide(change, customer_id=customer_id, decision=decision, method=method, actor=self.actor, **how)
        return 200


class ConfirmViewSet(ChangeVerbs):
    permission_classes = [DefaultDeny, StaffOnly]
    required_scopes = {"POST": (ATTEST, DECIDE)}

    @extend_schema(request=NoInput, responses=ChangeOutput)
    def confirm(self, request: Request, pk: str, customer: str) -> Response:
        """A recorded document is what it says: a second member of staff looked at it."""

        def func() -> Answer:
            change = self.get_object()
            self.given(NoInput)
            documents.confirm(change, customer_id=int(customer), actor=self.actor)
            return 200, self.shown(change)

        return self.perform_write(request, None, func)


def propose_asked(given: dict[str, Any], *, actor: Actor) -> MembershipChange:
    """What the actor does not see does not exist, ids in the body included."""
    proposal = proposal_of(given)
    prime = _visible(Membership.objects.all(), proposal.prime_id, actor, "membership")
    if proposal.secondary_id is not None:
        _visible(Membership.objects.all(), proposal.secondary_id, actor, "membership")
    replaced = given.get("replaces")
    replaces = _visible(SHOWN, replaced, actor, "change") if replaced is not None else None
    if not actor.may(PROPOSE, prime.program_id):
        raise NotAllowed("The scope to propose changes in this program is missing.")
    return proposing.propose(proposal, actor=actor, replaces=replaces)


def proposal_of(given: dict[str, Any]) -> Proposal:
    """The body of the call in the words of the rules."""
    return Proposal(
        kind=given["kind"],
        prime_id=given["membership"] if given["kind"] in OF_ONE else given["prime"],
        secondary_id=given.get("secondary") or given.get("organization_membership"),
        leaver_id=given.get("leaver"),
        main_id=given.get("main") or given.get("new_main"),
        result_type=given.get("result_type", ""),
        policy=given.get("policy", ""),
        leaver_share=given.get("ratio"),
        manual_shares=given.get("shares", {}),
        freezes=given.get("freeze", False),
        reason=given.get("reason", ""),
    )


def _visible(rows: Any, pk: int, actor: Actor, name: str) -> Any:
    found = rows.visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no such {name} that you can see.", facts={name: pk})
    return found
