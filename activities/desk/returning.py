"""Take a sale back at the desk: whole, by its lines, or by an amount (domain 1.6)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import MemberActivity, Transaction
from activities.return_shares import AskedItem, SoldLine
from activities.returnable import ReturnCall, refusal_of, returned_so_far, sold_lines
from activities.returning import return_transaction
from activities.transaction_shown import visible_transaction
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from common.desk.words import money
from common.errors import LoyaltyError, NotFound
from memberships.desk.figures import points as figures_of
from memberships.models import Membership
from memberships.targets import current_home
from points.adjusting import refuse_own
from programs.design import design_of

WHOLE, LINES, AMOUNT = "whole", "lines", "amount"
LINE = "line_"


def decimal_field(label: Any, *, places: int, required: bool = False, **options: Any) -> forms.DecimalField:
    least = Decimal(1).scaleb(-places)
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=least,
        max_digits=14,
        decimal_places=places,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "class": "number"}),
        **options,
    )


class ReturnForm(forms.Form):
    extent = forms.ChoiceField(
        label=gettext_lazy("What comes back"),
        choices=[
            (WHOLE, gettext_lazy("All that is left of it")),
            (LINES, gettext_lazy("Some of its lines")),
            (AMOUNT, gettext_lazy("An amount of money")),
        ],
        initial=WHOLE,
        widget=forms.RadioSelect,
    )
    amount = decimal_field(gettext_lazy("Amount that comes back"), places=2)
    reference = forms.CharField(
        label=gettext_lazy("Reference of the return"),
        max_length=80,
        help_text=gettext_lazy("As on the receipt of the return; each is used once."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, lines: Sequence[SoldLine] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        for line in lines:
            label = _("Line %(line)s: how many come back") % {"line": line.line}
            left = f"{line.left.normalize():f}"
            told = _("%(article)s: %(left)s can still come back.") % {"article": line.sku or "–", "left": left}
            self.fields[f"{LINE}{line.line}"] = decimal_field(label, places=3, help_text=told)
        self.order_fields(["extent", *(f"{LINE}{line.line}" for line in lines), "amount", "reference"])
        if not lines:
            field: Any = self.fields["extent"]
            field.choices = [one for one in field.choices if one[0] != LINES]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        extent = given.get("extent")
        if extent == AMOUNT and given.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Say how much comes back."))
        if extent != AMOUNT and given.get("amount"):
            self.add_error("amount", _("Choose “An amount of money” above, or leave this empty."))
        if extent == LINES and not self.items() and not self.errors:
            self.add_error("extent", _("Say for at least one line how many come back."))
        if extent in (WHOLE, AMOUNT) and self.items():
            self.add_error("extent", _("Choose “Some of its lines”, or leave the lines empty."))
        return given

    def items(self) -> tuple[AskedItem, ...]:
        given = {name: value for name, value in self.cleaned_data.items() if name.startswith(LINE) and value}
        return tuple(AskedItem(line=int(name.removeprefix(LINE)), quantity=value) for name, value in given.items())

    def call(self) -> ReturnCall:
        return ReturnCall(self.cleaned_data["reference"], self.items(), self.cleaned_data.get("amount"))


class ReturnSale(TaskPage):
    action = "activities:write"
    section = "customers"
    title = gettext_lazy("Return a purchase")
    what = gettext_lazy(
        "Records the return and takes the points back in the share of the purchase that comes back; points that paid "
        "a part come back in the same share. The money is given back at the till."
    )
    confirm = gettext_lazy("Return")
    form_class = ReturnForm
    about_template = "desk/sales/about_sale.html"
    sale: Transaction
    lines: list[SoldLine]
    form: ReturnForm

    def load(self, **kwargs: Any) -> None:
        try:
            self.sale = visible_transaction(self.actor, kwargs["pk"])
        except NotFound as error:
            raise Http404 from error
        self.allow_program(self.sale.program_id)
        self.program = None if self.sale.program_id is None else design_of(self.sale.program_id).program
        self.activities = list(MemberActivity.objects.filter(transaction=self.sale).select_related("membership"))
        self.lines = sold_lines(self.sale)
        self.subject = _("Purchase %(reference)s") % {"reference": self.sale.reference}

    def obstacles(self) -> Sequence[str]:
        try:
            refuse_own(self.actor, self.customers())
        except LoyaltyError as error:
            return [error.message]
        refusal = refusal_of(self.sale)
        return [] if refusal is None else [refusal.message]

    def make_form(self, data: Any = None) -> Any:
        self.form = super().make_form(data)
        return self.form

    def form_options(self) -> dict[str, Any]:
        return {"lines": [line for line in self.lines if line.left]}

    def initial(self) -> dict[str, Any]:
        count = self.sale.returns.count() + 1
        return {"reference": f"{self.sale.reference[:70]}-R{count}"}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        answer = return_transaction(self.sale.pk, self.form.call(), actor=self.actor)
        says = [_("%(money)s come back to the customer.") % {"money": told(answer["amount"], self.sale.currency)}]
        says += [_cut(line) for one in answer["reversed"] for line in one["points"] if line["cut_from_refund"]]
        if answer["in_full"]:
            says.append(_("Nothing of the purchase is left."))
        return Outcome(says, {"return": int(answer["id"] or 0), "sale": self.sale.pk})

    def figures(self) -> Sequence[Figure]:
        found = [
            Figure("returned", _("Returned of the purchase"), told(returned_so_far(self.sale), self.sale.currency))
        ]
        several = len(self._homes()) > 1
        for home in self._homes():
            for one in figures_of(home, design_of(home.program_id)):
                label = f"{home.number}: {one.label}" if several else one.label
                like = one.like and f"{home.pk}/{one.like}"
                found.append(replace(one, key=f"{home.pk}/{one.key}", label=label, like=like))
        return found

    def _homes(self) -> list[Membership]:
        """Where the points of the purchase live now."""
        found = {}
        for one in self.activities:
            home = current_home(one.membership, one.customer_id) or one.membership
            found[home.pk] = home
        return [found[pk] for pk in sorted(found)]

    def customers(self) -> Iterable[int]:
        return [one.customer_id for one in self.activities if one.customer_id is not None]

    def context(self) -> dict[str, Any]:
        return {"sale": self.sale, "sold": self.lines}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the purchase"), reverse("desk:transaction", args=[self.sale.pk]))]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            Way(_("The return"), page_of("transaction", facts["return"]), main=True),
            Way(_("The purchase"), page_of("transaction", facts["sale"])),
        ]


def told(amount: Decimal | str, currency: str) -> str:
    return f"{money(Decimal(amount))} {currency}"


def _cut(line: dict[str, Any]) -> str:
    cut = line["cut_from_refund"]
    return _("%(points)s points were spent: %(money)s are cut from the refund.") % {
        "points": line["cut"],
        "money": told(cut["amount"], cut["currency"]),
    }
