"""Order a reward, cancel the order, hand it over (domain 1.12)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.desk.tasks import PointsTask, ReasonCodeForm, done, posting_facts
from activities.models import OrderStatus, RewardItem, RewardOrder
from activities.ordering import MOST, OrderCall, cancel_order, fulfil_order, order_reward
from activities.orders import is_cancellable, visible_order
from activities.rewards import RIGHT as MANAGE
from activities.rewards import orderable, rewards_of
from activities.stock import left_of
from common.clock import program_now
from common.desk.fields import offer
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import figure
from common.errors import NotFound
from memberships.desk.figures import points as figures_of
from memberships.desk.tasks import MembershipTask, membership_page
from programs.design import design_of


class OrderForm(forms.Form):
    reward = forms.ChoiceField(label=gettext_lazy("Reward"))
    quantity = forms.IntegerField(
        label=gettext_lazy("How many"), min_value=1, max_value=MOST, initial=1, widget=forms.NumberInput()
    )
    note = forms.CharField(
        label=gettext_lazy("How to hand it over"),
        help_text=gettext_lazy("For whoever packs it. It goes when the customer is erased."),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, rewards: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "reward", rewards)


class OrderReward(PointsTask):
    action = "points:redeem"
    title = gettext_lazy("Order a reward")
    what = gettext_lazy(
        "Redeems points for a reward and takes it from stock, in one step. Vouchers are issued at once; anything else "
        "waits among the open orders until it is handed over."
    )
    confirm = gettext_lazy("Order")
    form_class = OrderForm
    needs = ("redeem",)

    def offered(self) -> list[RewardItem]:
        """What this membership may order today; stock and points are asked when it orders."""
        at = program_now(self.design.program)
        found = rewards_of(design_of(self.membership.program_id)).values()
        membership = self.target().membership
        fitting = [one for one in found if orderable(one, membership, design=self.design, at=at) is None]
        return sorted(fitting, key=lambda one: (one.price, one.code))

    def obstacles(self) -> Sequence[str]:
        return super().obstacles() or ([] if self.offered() else [_("Nothing is offered to this membership today.")])

    def form_options(self) -> dict[str, Any]:
        types = self.design.point_types
        return {
            "rewards": [
                (one.code, f"{one.name} \u2013 {figure(one.price)} {types[one.point_type_id].name}")
                for one in self.offered()
            ]
        }

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        call = OrderCall(self.membership.pk, given["reward"], given["quantity"], note=given["note"])
        answer = order_reward(call, actor=self.actor)
        told = {
            "quantity": figure(answer["quantity"]),
            "name": answer["name"],
            "points": figure(answer["points"]),
            "type": self.design.by_code[answer["point_type"]].name,
        }
        says = [_("%(quantity)s × %(name)s for %(points)s %(type)s.") % told]
        if answer["vouchers"]:
            count = len(answer["vouchers"])
            says.append(
                ngettext("A voucher is issued with it.", "%(n)s vouchers are issued with it.", count) % {"n": count}
            )
        else:
            says.append(_("It waits among the open orders until it is handed over."))
        return done(answer, says, self.design, order=answer["id"])

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        order = reverse("desk:order", args=[facts["order"]])
        return [
            membership_page(facts["membership"], main=True),
            Way(_("The order"), order),
            Way(_("Take it back: cancel"), reverse("desk:order-cancel", args=[facts["order"]])),
        ]


class OrderTask(MembershipTask):
    """About one order; what is shown is its membership's."""

    section = "orders"
    about_template = "desk/rewards/about_order.html"
    order: RewardOrder

    def load(self, **kwargs: Any) -> None:
        try:
            self.order = visible_order(kwargs["pk"], self.actor)
        except NotFound as error:
            raise Http404 from error
        self.take(self.order.membership)

    def context(self) -> dict[str, Any]:
        return {**super().context(), "order": self.order}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the order"), page_of("order", self.order.pk))]

    def figures(self) -> Sequence[Figure]:
        order = RewardOrder.objects.get(pk=self.order.pk)
        left = left_of(self.order.item)
        code = self.design.point_types[self.order.item.point_type_id].code
        return [
            Figure("status", _("Order"), order.get_status_display()),
            Figure("left", _("Left in stock"), left, always=left is not None),
            *figures_of(self.membership, self.design, only=frozenset({code})),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            Way(_("Open orders"), page_of("orders"), main=True),
            Way(_("The order"), page_of("order", facts["order"])),
            membership_page(facts["membership"]),
        ]


class CancelOrder(OrderTask):
    action = "points:redeem"
    title = gettext_lazy("Cancel an order")
    what = gettext_lazy(
        "Gives the points back to where they came from, with their dates, and what was taken back into stock. Vouchers "
        "end; an order of which one was used stays."
    )
    confirm = gettext_lazy("Cancel the order")
    form_class = ReasonCodeForm

    def obstacles(self) -> Sequence[str]:
        if is_cancellable(self.order):
            return ()
        told = {"status": self.order.get_status_display()}
        return [_("The order is %(status)s. What was handed over is taken back by reversing its posting.") % told]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        answer = cancel_order(self.order.pk, actor=self.actor, reason=given["reason_code"], note=given["note"])
        says = [_("%(points)s points go back to their lots.") % {"points": figure(self.order.points)}]
        if answer["expired"]:
            over = -sum(entry["amount"] for one in answer["expired"] for entry in one["entries"])
            says.append(_("%(points)s of them were past their time and expire at once.") % {"points": figure(over)})
        if answer["vouchers"]:
            says.append(_("Its vouchers end."))
        facts = {"posting": posting_facts(answer["posting"], self.design), "order": self.order.pk}
        return Outcome(says, {"membership": self.membership.pk, **facts})


class FulfilOrder(OrderTask):
    action = MANAGE
    title = gettext_lazy("Hand a reward over")
    what = gettext_lazy("Marks the order as fulfilled. It can't be cancelled afterwards.")
    confirm = gettext_lazy("It was handed over")
    form_class = forms.Form

    def obstacles(self) -> Sequence[str]:
        if self.order.status == OrderStatus.ORDERED:
            return ()
        return [_("The order is %(status)s already.") % {"status": self.order.get_status_display()}]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        fulfil_order(self.order.pk, actor=self.actor)
        told = {"quantity": figure(self.order.quantity), "name": self.order.item.name}
        says = [_("%(quantity)s × %(name)s was handed over.") % told]
        return Outcome(says, {"membership": self.membership.pk, "order": self.order.pk})
