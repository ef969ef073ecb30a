"""Use a voucher, give back to one, end one (domain 1.12)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.tasks import REASON_CHOICES
from activities.models import Voucher, VoucherStatus
from activities.orders import USE
from activities.reward_overview import held
from activities.rewards import RIGHT as MANAGE
from activities.using_vouchers import cancel_voucher, give_back, taken_from, use_voucher
from activities.vouchers import masked_code
from common.clock import program_now
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import money
from memberships.desk.tasks import MembershipTask, membership_page


class UseForm(forms.Form):
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "number"}),
    )
    reference = forms.CharField(
        label=gettext_lazy("For which sale"),
        help_text=gettext_lazy("The order or receipt number."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class VoucherTask(MembershipTask):
    voucher: Voucher

    def load(self, **kwargs: Any) -> None:
        found = Voucher.objects.visible_to(self.actor).select_related("item", "membership").filter(pk=kwargs["pk"])
        voucher = found.first()
        if voucher is None:
            raise Http404
        self.voucher = voucher
        self.take(voucher.membership)
        self.subject = _("Voucher %(code)s") % {"code": masked_code(voucher.code)}

    def obstacles(self) -> Sequence[str]:
        shown = held(self.voucher, at=program_now(self.design.program))
        return () if shown.is_open else [_("The voucher is %(status)s.") % {"status": shown.status.label}]

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the membership"), page_of("membership", self.membership.pk))]

    def figures(self) -> Sequence[Figure]:
        row = Voucher.objects.get(pk=self.voucher.pk)
        return [
            Figure("status", _("Voucher"), str(row.status_at(program_now(self.design.program)).label)),
            Figure("remaining", _("Left on it"), f"{money(row.remaining)} {row.currency}"),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = [membership_page(facts["membership"], main=True)]
        if self.may(USE):
            found.append(Way(_("The voucher"), page_of("voucher", facts["voucher"])))
        return found

    def moved(self, verb: Callable[..., object], given: dict[str, Any]) -> dict[str, str]:
        """What the form asked for, done; as it is told."""
        currency = self.voucher.currency
        verb(
            self.voucher.code,
            amount=given["amount"],
            currency=currency,
            reference=given["reference"],
            actor=self.actor,
        )
        return {"amount": money(given["amount"]), "currency": currency}

    def outcome(self, *says: str) -> Outcome:
        return Outcome(says, {"membership": self.membership.pk, "voucher": self.voucher.pk})


class UseVoucher(VoucherTask):
    action = USE
    title = gettext_lazy("Use a voucher")
    what = gettext_lazy("Takes a part of it, or all, off the price of a sale. What is left can be used later.")
    confirm = gettext_lazy("Use it")
    form_class = UseForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        return self.outcome(_("%(amount)s %(currency)s are taken off.") % self.moved(use_voucher, given))

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        back = reverse("desk:voucher-give-back", args=[facts["voucher"]])
        return [*super().ways(facts), Way(_("Take it back: give back to the voucher"), back)]


class GiveBack(VoucherTask):
    action = USE
    title = gettext_lazy("Give back to a voucher")
    what = gettext_lazy(
        "Puts back what a sale took and no longer needs, or what was taken by mistake. On a voucher past its time it "
        "is gone at once."
    )
    confirm = gettext_lazy("Give it back")
    form_class = UseForm

    def obstacles(self) -> Sequence[str]:
        if self.voucher.status == VoucherStatus.CANCELLED:
            return [_("The voucher is cancelled: nothing goes back to it.")]
        return () if taken_from(self.voucher) else [_("Nothing was taken from it.")]

    def initial(self) -> dict[str, Any]:
        return {"amount": taken_from(self.voucher)}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        return self.outcome(_("%(amount)s %(currency)s are back on it.") % self.moved(give_back, given))


class CancelForm(forms.Form):
    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"), choices=REASON_CHOICES, initial="abuse")


class CancelVoucher(VoucherTask):
    action = MANAGE
    title = gettext_lazy("Cancel a voucher")
    what = gettext_lazy(
        "Ends a voucher that was stolen or issued by mistake. What is left on it is gone; points do not come back."
    )
    confirm = gettext_lazy("Cancel the voucher")
    for_ever = True
    form_class = CancelForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        cancel_voucher(self.voucher.pk, actor=self.actor, reason_code=given["reason_code"])
        told = {"amount": money(self.voucher.remaining), "currency": self.voucher.currency}
        return self.outcome(_("The voucher ends; %(amount)s %(currency)s that were left on it are gone.") % told)
