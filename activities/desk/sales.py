"""What a customer bought and returned, and did over all programs; one transaction whole; receipts told twice in a
change."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.analytics.customers import CustomerFigures, figures_of_customer
from activities.desk.seen import name_for
from activities.effects import effects_of_activities
from activities.models import MemberActivity, Transaction
from activities.receipts import repeated_receipts
from activities.returnable import refusal_of, returned_so_far, sold_lines
from activities.returning import reversals_of
from activities.transaction_history import history_of, transactions_of
from activities.transaction_shown import NO_TRANSACTION, Told, told_again, visible_transaction
from common import clock
from common.desk.pages import DeskPage
from common.errors import NotFound
from customers.models import Customer
from memberships.models import Membership, MembershipChange
from points.models import PostingKind, Reversal
from programs.design import design_of
from programs.models import Program

PAGE = 50
YEAR = timedelta(days=365)
LARGEST_ID = 2**63 - 1


class CustomerTransactions(DeskPage):
    action = "memberships:read"
    template = "desk/sales/history.html"
    section = "customers"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        customer = Customer.objects.filter(pk=pk).first()
        if customer is None:
            raise Http404
        text = request.GET.get("before", "")
        before = int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID else LARGEST_ID
        rows = list(
            transactions_of(pk, self.actor)
            .filter(pk__lt=before)
            .select_related("program", "channel", "original")
            .order_by("-pk")[: PAGE + 1]
        )
        history = history_of(pk, self.actor)
        return self.draw(
            customer=customer,
            name=name_for(self.actor, pk, customer.name),
            history=history,
            over_all=self._over_all(pk),
            rows=[(row, history.repeated.get(row.pk)) for row in rows[:PAGE]],
            first_page=request.path if text else "",
            next_page=f"{request.path}?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        )

    def _over_all(self, pk: int) -> CustomerFigures:
        """Of the programs the user works with."""
        programs = Program.objects.visible_to(self.actor).order_by("pk")
        reachable = [one for one in programs if self.may(self.action, one.pk)]
        return figures_of_customer(pk, reachable, since=clock.now() - YEAR)


class TransactionPage(DeskPage):
    action = "memberships:read"
    template = "desk/sales/transaction.html"
    section = "customers"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            row = visible_transaction(self.actor, pk)
        except NotFound as error:
            raise Http404(NO_TRANSACTION) from error
        self.allow(row.program_id)
        customer = Customer.objects.filter(pk=row.customer_id).first() if row.customer_id else None
        is_sale = row.original_id is None
        return self.draw(
            row=row,
            channel=row.channel,
            customer=customer,
            name=name_for(self.actor, row.customer_id, customer.name) if customer else "",
            zone=None if row.program_id is None else design_of(row.program_id).zone,
            lines=sold_lines(row) if is_sale else [],
            back=[] if is_sale else list(row.items.select_related("returns").order_by("line")),
            returned=returned_so_far(row) if is_sale else None,
            returns=list(row.returns.order_by("pk")),
            activities=self._activities(row),
            taken=[] if is_sale else [_taken(one) for one in reversals_of(row)],
            repeats=history_of(row.customer_id, self.actor).repeated.get(row.pk) if row.customer_id else None,
            **self._way_back(row),
        )

    def _activities(self, row: Transaction) -> list[dict[str, Any]]:
        found = MemberActivity.objects.filter(transaction=row).select_related("type", "membership__program")
        mine = [
            one for one in found.order_by("pk") if self.actor.programs is None or one.program_id in self.actor.programs
        ]
        said = effects_of_activities(one.pk for one in mine)
        return [
            {
                "row": told.activity,
                "membership": told.activity.membership,
                "program": told.activity.membership.program,
                "problem": (told.activity.problem or {}).get("detail", ""),
                "entries": _entries(told),
                "effects": said.get(told.activity.pk, []),
            }
            for told in told_again(mine)
        ]

    def _way_back(self, row: Transaction) -> dict[str, Any]:
        """Where to return it, or why that is not possible."""
        if row.original_id is not None:
            return {"return_url": "", "why_not": ""}
        refusal = refusal_of(row)
        if refusal is not None:
            return {"return_url": "", "why_not": refusal.message}
        if not self.may("activities:write", row.program_id):
            return {"return_url": "", "why_not": _("Returning needs the right activities:write: ask an agent.")}
        return {"return_url": reverse("desk:return-sale", args=[row.pk]), "why_not": ""}


class ChangeReceipts(DeskPage):
    """Asked before a merge as well as after it: which receipts stand on both sides."""

    action = "memberships:read"
    template = "desk/sales/receipts.html"
    section = "changes"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        change = MembershipChange.objects.visible_to(self.actor).select_related("program").filter(pk=pk).first()
        if change is None:
            raise Http404
        self.allow(change.program_id)
        memberships = Membership.objects.in_bulk(list(change.parties.values_list("membership_id", flat=True)))
        found = repeated_receipts(list(memberships))
        activities = MemberActivity.objects.select_related("membership").in_bulk(
            [pk for one in found for pk in one.activities]
        )
        return self.draw(
            change=change,
            program=change.program,
            zone=change.program.zone,
            memberships=[memberships[pk] for pk in sorted(memberships)],
            rows=[(one, [activities[pk] for pk in one.activities]) for one in found],
        )


def _entries(told: Told) -> list[dict[str, Any]]:
    """What its postings moved, point types by their names."""
    types = design_of(told.activity.program_id).by_code
    return [
        {"posting": posting["id"], "name": types[entry["point_type"]].name, "amount": entry["amount"]}
        for posting in told.postings
        for entry in posting["entries"]
    ]


def _taken(one: Reversal) -> dict[str, Any]:
    """Spending that is taken back gives points, earning takes them."""
    gives = one.reverses.kind in (PostingKind.REDEEM, PostingKind.CAPTURE)
    lines = [
        {
            "point_type": line.point_type,
            "moved": line.posted if gives else -line.posted,
            "debt": line.debt,
            "cut": line.cut,
            "cut_value": line.cut_value,
            "shortfall": line.shortfall,
        }
        for line in one.lines.all()
    ]
    return {"row": one, "lines": lines}
