"""Sales, returns and interactions (interfaces 3.1)."""

from contextlib import nullcontext
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api import transaction_shapes as io
from activities.api.online import OnlineMixin
from activities.api.reversals import kept
from activities.claims import ClaimCall, claim_shape, open_claim
from activities.models import Claim, MemberActivity, Transaction
from activities.return_shares import AskedItem
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.transaction_answers import body_of
from activities.transaction_calls import ItemCall, SpendCall, TransactionCall
from activities.transaction_history import History, Total, history_of, transactions_of
from activities.transaction_online import take_online
from activities.transaction_shown import shown, visible_transaction
from activities.transactions import take_in_general
from common.api.dry_run import Answer, row_id
from common.api.pagination import LoyaltyPagination
from common.api.views import VerbMixin
from common.errors import NotFound
from customers.models import Customer
from gateway.api.writing import answer_concerns
from memberships.api.guesses import guess
from memberships.models import Membership
from points.balances import iso
from points.models import Posting
from programs.design import design_of

CURSOR = OpenApiParameter("cursor", str)
PAGE_SIZE = OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})


# One for all calls, as in activities.api.points.
ASKED = io.TransactionInput()


class TransactionsView(OnlineMixin, APIView):
    required_scopes = {"POST": "activities:write"}

    @extend_schema(
        request=io.TransactionInput, responses={201: io.TransactionSerializer}, operation_id="take_transaction"
    )
    def post(self, request: Request) -> HttpResponse | Response:
        """A sale or an interaction: recorded, and the rules run. Paying with points needs points:redeem too.

        A customer without a membership in the program earns nothing, and the answer says so.
        """
        raw = request.body  # before the parser takes the stream
        call = _call(dict(ASKED.validated(request.data)))
        return self.once(
            request,
            raw,
            online=lambda key: take_online(call, actor=self.actor, key=key),
            body_of=body_of,
            in_general=lambda: self._take(call),
        )

    def _take(self, call: TransactionCall) -> dict[str, Any]:
        with guess(self.request) if _by_secret(call) else nullcontext():
            return _kept(take_in_general(call, actor=self.actor))


class TransactionView(VerbMixin, APIView):
    required_scopes = {"GET": ("memberships:read", "activities:write")}

    @extend_schema(responses=io.TransactionSerializer, operation_id="transaction")
    def get(self, request: Request, pk: str) -> Response:
        """A transaction with what came of it; the balances are those of today."""
        row = visible_transaction(self.actor, int(pk))
        return Response(shown(row, self.actor))


class ReturnsView(VerbMixin, APIView):
    required_scopes = {"POST": "activities:write"}
    key_required = True

    @extend_schema(request=io.ReturnInput, responses={201: io.ReturnedSerializer}, operation_id="return_transaction")
    def post(self, request: Request, pk: str) -> Response:
        """Take a sale back: by lines, by an amount, or all that is left. Points come back by the same share."""
        return self.perform_write(request, None, lambda: self._return(int(pk)))

    def _return(self, sale_id: int) -> Answer:
        visible_transaction(self.actor, sale_id)
        given = io.ReturnInput(data=self.request.data)
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        items = tuple(AskedItem(**item) for item in asked.pop("items", ()))
        answer = return_transaction(sale_id, ReturnCall(items=items, **asked), actor=self.actor)
        taken = [one | {"posting": row_id(Posting, one["posting"])} for one in answer["reversed"]]
        return status.HTTP_201_CREATED, _kept(answer) | {"reversed": taken}


class CustomerTransactionsView(VerbMixin, APIView):
    required_scopes = {"GET": "memberships:read"}

    @extend_schema(parameters=[CURSOR, PAGE_SIZE], responses=io.HistorySerializer, operation_id="customer_transactions")
    def get(self, request: Request, pk: str) -> Response:
        """What the customer bought and returned, the latest first, with totals over all and per membership."""
        if not Customer.objects.filter(pk=int(pk)).exists():
            raise NotFound("There is no such customer.")
        history = history_of(int(pk), self.actor)
        pages = LoyaltyPagination()
        rows = pages.paginate_queryset(transactions_of(int(pk), self.actor), request, self) or []
        links = pages.get_paginated_response([_line(row, history) for row in rows]).data
        return Response(
            {
                **links,
                "totals": [_total(one) for one in history.total],
                "per_membership": [
                    {
                        "membership": membership.pk,
                        "program": membership.program.code,
                        "totals": [_total(one) for one in totals],
                    }
                    for membership, totals in history.per_membership
                ],
            }
        )


class ClaimsView(VerbMixin, APIView):
    required_scopes = {"POST": "activities:write"}
    key_required = True

    @extend_schema(request=io.ClaimInput, responses={201: io.ClaimSerializer}, operation_id="open_claim")
    def post(self, request: Request) -> Response:
        """Points a member misses: staff decide. Refused where the receipt earned already."""
        given = io.ClaimInput(data=request.data)
        given.is_valid(raise_exception=True)
        call = ClaimCall(**given.validated_data)
        return self.perform_write(request, None, lambda: self._open(call))

    def _open(self, call: ClaimCall) -> Answer:
        with nullcontext() if call.membership_id is not None else guess(self.request):
            claim = open_claim(call, actor=self.actor)
        answer_concerns(self.request, program_id=claim.program_id)
        shown = claim_shape(claim)
        return status.HTTP_201_CREATED, shown | {"id": row_id(Claim, claim.pk)}


def _kept(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its ids null in a dry run, where their rows were not kept."""
    activities = [
        one
        | {
            "id": row_id(MemberActivity, one["id"]),
            "membership": row_id(Membership, one["membership"]),
            "postings": [kept(posting) for posting in one["postings"]],
        }
        for one in answer["activities"]
    ]
    return answer | {
        "id": row_id(Transaction, answer["id"]),
        "activities": activities,
        "balances": [one | {"membership": row_id(Membership, one["membership"])} for one in answer["balances"]],
        "memberships": [row_id(Membership, pk) for pk in answer["memberships"]],
    }


def _call(asked: dict[str, Any]) -> TransactionCall:
    items = tuple(ItemCall(**item) for item in asked.pop("items", ()))
    redeem = asked.pop("redeem", None)
    return TransactionCall(items=items, redeem=SpendCall(**redeem) if redeem else None, **asked)


def _by_secret(call: TransactionCall) -> bool:
    """Whether it names a number or a code, which somebody may have made up."""
    shown = call.redeem is not None and (call.redeem.card_number is not None or call.redeem.code is not None)
    return shown or call.card_number is not None or call.member_number is not None


def _line(row: Transaction, history: History) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reference": row.reference,
        "type": row.type,
        "program": None if row.program_id is None else design_of(row.program_id).program.code,
        "business_unit": row.business_unit,
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "return_of": row.original_id,
        "occurred_at": iso(row.occurred_at),
        "repeats": history.repeated.get(row.pk),
    }


def _total(one: Total) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "purchases": one.purchases,
        "bought": str(one.bought),
        "returns": one.returns,
        "returned": str(one.returned),
        "net": str(one.net),
    }
