"""Adjust points, above the program's limit with a second person; and decide as that person (domain 1.6)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.adjusting import (
    AdjustmentCall,
    adjust_points,
    approve_adjustment,
    members_sharing,
    refuse_adjustment,
    visible_adjustments,
)
from activities.desk.tasks import PointsTask, ReasonCodeForm, done, posting_facts, reversing, type_choices
from common.desk.fields import NoteField, PointsField, offer
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.recent_login import RecentLoginRequired
from common.desk.words import figure
from common.errors import LoyaltyError
from memberships.desk.figures import points as figures_of
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import Membership
from points.adjusting import check_decider
from points.models import Adjustment, AdjustmentStatus
from points.reasons import reason_in_words
from staff.models import User

GIVE, TAKE = "give", "take"
APPROVE, REFUSE = "approve", "refuse"


class AdjustForm(ReasonCodeForm):
    direction = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[(GIVE, gettext_lazy("Give points")), (TAKE, gettext_lazy("Take points"))],
        initial=GIVE,
        widget=forms.RadioSelect,
    )
    points = PointsField(label=gettext_lazy("Points"))
    point_type = forms.ChoiceField(label=gettext_lazy("Point type"))
    field_order = ["direction", "points", "point_type", "reason_code", "note"]

    def __init__(self, *args: Any, types: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "point_type", types)


class Adjust(PointsTask):
    action = "points:adjust"
    title = gettext_lazy("Adjust points")
    confirm = gettext_lazy("Book it")
    form_class = AdjustForm
    needs = ("adjust",)
    never_own = True

    @property
    def what(self) -> str:
        program = self.program
        limits = {
            "limit": figure(program.adjustment_limit),
            "day": figure(program.adjustment_day_limit),
        }
        return _(
            "Gives or takes points by hand. Up to %(limit)s points are booked at once. Above that, or above %(day)s "
            "points a day for the membership or for you, a second person is asked and nothing is booked until then."
        ) % limits  # fmt: skip

    def form_options(self) -> dict[str, Any]:
        return {"types": type_choices(self.design)}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        points = given["points"] if given["direction"] == GIVE else -given["points"]
        call = AdjustmentCall(
            self.membership.pk, points, given["reason_code"], note=given["note"], point_type=given["point_type"]
        )
        posted, answer = adjust_points(call, actor=self.actor)
        if posted:
            says = _("The points are booked at once.")
        else:
            says = _(
                "This is above the limit: it waits for a second person. No point is booked before somebody else "
                "approves it."
            )  # fmt: skip
        return done(answer, [says], self.design, adjustment=None if posted else answer["adjustment"]["id"])

    def figures(self) -> Sequence[Figure]:
        membership = self.target().membership
        waiting = Adjustment.objects.filter(for_set=membership.own_set_id, status=AdjustmentStatus.WAITING).count()
        return [
            *figures_of(membership, self.design),
            Figure("waiting", _("Waiting for approval"), waiting, always=False),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = list(super().ways(facts))
        if facts["adjustment"] and self.may("points:approve"):
            found.append(Way(_("The request"), reverse("desk:adjustment", args=[facts["adjustment"]])))
        return found


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[(APPROVE, gettext_lazy("Approve: book the points")), (REFUSE, gettext_lazy("Refuse: book nothing"))],
        widget=forms.RadioSelect,
    )
    note = NoteField(help_text=gettext_lazy("Why; whoever asked reads it. It goes when the customer is erased."))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("decision") == REFUSE and not given.get("note"):
            self.add_error("note", _("Tell your colleague why you refuse."))
        return given


class Decide(RecentLoginRequired, MembershipTask):
    """Never by the requester, and by one only: the verb holds the request's row."""

    action = "points:approve"
    section = "adjustments"
    title = gettext_lazy("Decide about an adjustment")
    what = gettext_lazy(
        "A colleague asked for points above the limit. Look at the reason and the balances, then approve or refuse. "
        "Whoever asked can't decide, nor anyone linked to a member."
    )
    form_class = DecisionForm
    confirm = gettext_lazy("Decide")
    about_template = "desk/tasks/about_adjustment.html"
    adjustment: Adjustment

    def load(self, **kwargs: Any) -> None:
        found = visible_adjustments(self.actor).filter(pk=kwargs["pk"]).select_related("account__point_type").first()
        if found is None:
            raise Http404
        self.adjustment = found
        self.take(Membership.objects.filter(own_set=found.for_set_id).first())

    def obstacles(self) -> Sequence[str]:
        try:
            check_decider(self.adjustment, members_sharing(self.adjustment.account), actor=self.actor)
        except LoyaltyError as error:
            return [error.message]
        return ()

    def context(self) -> dict[str, Any]:
        row = self.adjustment
        names = dict(User.objects.filter(pk__in=[row.requested_by_id, row.decided_by_id]).values_list("pk", "username"))
        asker = names.get(row.requested_by_id or 0) or str(row.requested_channel)
        return {
            **super().context(),
            "row": row,
            "reason": reason_in_words(row.reason_code),
            "asked_by": asker,
            "decided_by": names.get(row.decided_by_id or 0),
        }

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        posting = None
        if given["decision"] == APPROVE:
            answer = approve_adjustment(self.adjustment.pk, actor=self.actor, note=given["note"])
            posting, says = answer["posting"], _("Approved: the points are booked.")
        else:
            refuse_adjustment(self.adjustment.pk, actor=self.actor, note=given["note"])
            says = _("Refused: no point is booked.")
        return Outcome([says], {"membership": self.membership.pk, "posting": posting_facts(posting, self.design)})

    def figures(self) -> Sequence[Figure]:
        row = Adjustment.objects.get(pk=self.adjustment.pk)
        return [
            Figure("status", _("Request"), row.get_status_display()),
            *figures_of(self.membership, self.design, only=frozenset({row.account.point_type.code})),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            Way(_("Adjustments waiting"), page_of("adjustments"), main=True),
            membership_page(facts["membership"]),
            *reversing(self, facts["posting"]),
        ]
