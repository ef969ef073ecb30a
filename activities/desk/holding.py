"""Hold points for an open sale, and give them free again (domain 1.6)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.tasks import REASON_CHOICES, PointsTask, done, type_choices
from activities.holding import HoldCall, hold_points, release_hold
from common.clock import program_now
from common.desk.fields import PointsField, offer
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day, figure
from memberships.desk.figures import points as figures_of
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import Membership
from points.holds import DEFAULT_SECONDS
from points.models import Hold as HoldRow
from points.models import HoldStatus
from programs.models import PointKind

HOUR = 3600
LASTING = [
    (DEFAULT_SECONDS, gettext_lazy("15 minutes")),
    (HOUR, gettext_lazy("1 hour")),
    (24 * HOUR, gettext_lazy("1 day")),
    (7 * 24 * HOUR, gettext_lazy("7 days")),
    (30 * 24 * HOUR, gettext_lazy("30 days")),
]


class HoldForm(forms.Form):
    points = PointsField(label=gettext_lazy("Points"))
    point_type = forms.ChoiceField(label=gettext_lazy("Point type"))
    expires_in = forms.TypedChoiceField(
        label=gettext_lazy("For how long"), choices=LASTING, coerce=int, initial=24 * HOUR
    )
    reference = forms.CharField(
        label=gettext_lazy("For which sale"),
        help_text=gettext_lazy("The order or receipt number; staff find the hold by it."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, types: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "point_type", types)


class Hold(PointsTask):
    action = "points:redeem"
    title = gettext_lazy("Hold points")
    what = gettext_lazy(
        "Sets points aside for a sale that is not finished. They can't be spent elsewhere and don't expire until the "
        "sale takes them, somebody releases them, or the time is over."
    )
    confirm = gettext_lazy("Hold")
    form_class = HoldForm
    needs = ("hold",)

    def form_options(self) -> dict[str, Any]:
        return {"types": type_choices(self.design, only=PointKind.REDEEMABLE)}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        answer = hold_points(HoldCall(self.membership.pk, **given), actor=self.actor)
        lasting = dict(LASTING)[given["expires_in"]]
        says = _("The points are set aside for %(lasting)s, then free again by themselves.") % {"lasting": lasting}
        return done(answer, [says], self.design, hold=answer["id"])

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        back = Way(_("Take it back: release"), reverse("desk:release-hold", args=[facts["hold"]]))
        return [*super().ways(facts), back]


class ReleaseForm(forms.Form):
    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"), choices=REASON_CHOICES, initial="cancelled")


class ReleaseHold(MembershipTask):
    action = "points:redeem"
    title = gettext_lazy("Release a hold")
    what = gettext_lazy("Gives points free that were set aside for a sale. Those past their time expire at once.")
    confirm = gettext_lazy("Release")
    about_template = "desk/tasks/about_hold.html"
    form_class = ReleaseForm
    hold: HoldRow

    def load(self, **kwargs: Any) -> None:
        found = (
            HoldRow.objects.visible_to(self.actor).filter(pk=kwargs["pk"]).select_related("account__point_type").first()
        )
        if found is None:
            raise Http404
        self.hold = found
        self.take(Membership.objects.filter(own_set=found.for_set_id).first())

    def obstacles(self) -> Sequence[str]:
        status = self.hold.status_at(program_now(self.design.program))
        if status == HoldStatus.OPEN:
            return ()
        told = {
            "status": status.label,
            "day": day(self.hold.ended_at or self.hold.expires_at, self.design.zone),
        }
        return [_("The hold is %(status)s since %(day)s: nothing is set aside any more.") % told]

    def context(self) -> dict[str, Any]:
        return {**super().context(), "hold": self.hold}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        answer = release_hold(self.hold.pk, actor=self.actor, reason_code=given["reason_code"])
        says = [_("%(points)s points are free.") % {"points": figure(answer["freed"])}]
        if answer["posting"]:
            over = -sum(entry["amount"] for entry in answer["posting"]["entries"])
            says.append(_("%(points)s of them were past their time and expire at once.") % {"points": over})
        return done(answer, says, self.design)

    def figures(self) -> Sequence[Figure]:
        return figures_of(self.membership, self.design, only=frozenset({self.hold.account.point_type.code}))

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        again = Way(_("Hold again"), reverse("desk:hold", args=[facts["membership"]]))
        return [membership_page(facts["membership"], main=True), again]
