"""Send a bulk award on, and decide about one as a second person."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.awarding import (
    APPROVE,
    REQUEST,
    approve_award,
    discard_award,
    is_above_limit,
    may_discard,
    reason_against,
    refuse_award,
    submit_award,
    totals_of,
    visible_award,
)
from activities.desk.adjusting import APPROVE as YES
from activities.desk.adjusting import DecisionForm
from activities.models import AwardStatus, BulkAward
from common.desk.fields import NoteField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.recent_login import RecentLoginRequired
from common.desk.tasks import TaskPage
from common.desk.words import figure, money
from common.errors import NotFound
from programs.design import design_of


class AwardTask(TaskPage):
    section = "awards"
    about_template = "desk/awards/about.html"
    award: BulkAward

    def load(self, **kwargs: Any) -> None:
        try:
            self.award = visible_award(kwargs["pk"], self.actor)
        except NotFound as error:
            raise Http404 from error
        self.allow_program(self.award.program_id)
        self.program = self.award.program
        self.subject = self.award.name

    def context(self) -> dict[str, Any]:
        totals = totals_of(self.award)
        return {"award": self.award, "totals": totals, "value": money(totals.value)}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the list"), page_of("award", self.award.pk))]

    def figures(self) -> Sequence[Figure]:
        row = BulkAward.objects.get(pk=self.award.pk)
        return [Figure("status", _("Award"), row.get_status_display())]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("The award"), page_of("award", facts["award"]), main=True), Way(_("Awards"), page_of("awards"))]

    def told(self) -> dict[str, str]:
        totals = totals_of(self.award)
        return {"points": figure(totals.points), "type": self.award.point_type.name, "rows": figure(totals.rows)}


class Submit(AwardTask):
    action = REQUEST
    title = gettext_lazy("Send an award on")
    what = gettext_lazy(
        "Lets the points of the list be given, each line once. Above the program's limit, in all, a second person is "
        "asked and nothing is booked until then."
    )
    confirm = gettext_lazy("Send it on")
    form_class = forms.Form

    def obstacles(self) -> Sequence[str]:
        if self.award.status != AwardStatus.DRAFT:
            return [_("It is %(status)s already.") % {"status": self.award.get_status_display()}]
        if self.award.requested_by_id != self.actor.user_id:
            return [_("Whoever uploaded the list sends it on.")]
        return () if totals_of(self.award).rows else [_("No line of the list can be posted.")]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        waits = is_above_limit(self.award, totals_of(self.award).points, design=design_of(self.award.program_id))
        submit_award(self.award, actor=self.actor)
        says = [_("%(points)s %(type)s for %(rows)s memberships.") % self.told()]
        if waits:
            says.append(_("This is above the limit: it waits for a second person, and nothing is booked before."))
        else:
            says.append(_("The lines are booked in the next minutes."))
        return Outcome(says, {"award": self.award.pk})


class DiscardForm(forms.Form):
    note = NoteField(label=gettext_lazy("Why"), help_text=gettext_lazy("For colleagues; name no customer."))


class Discard(AwardTask):
    action = REQUEST
    title = gettext_lazy("Discard an award")
    what = gettext_lazy(
        "Gives up a list that was not sent on. It stays in the list of awards as discarded, nothing of it is ever "
        "booked, and its name is free for a corrected list."
    )
    confirm = gettext_lazy("Discard")
    form_class = DiscardForm
    for_ever = True

    def obstacles(self) -> Sequence[str]:
        if self.award.status != AwardStatus.DRAFT:
            return [_("It is %(status)s already.") % {"status": self.award.get_status_display()}]
        if not may_discard(self.award, self.actor):
            return [_("Whoever uploaded the list discards it, or somebody with the right points:approve.")]
        return ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        discard_award(self.award, actor=self.actor, note=given["note"])
        return Outcome([_("Discarded: no point is booked, now or later.")], {"award": self.award.pk})


class Decide(RecentLoginRequired, AwardTask):
    action = APPROVE
    title = gettext_lazy("Decide about an award")
    what = gettext_lazy(
        "A colleague asked for points for many, above the limit. Look at the reason, the sum and the lines, then "
        "approve or refuse. Whoever asked can't decide, nor anyone linked to a member of the list."
    )
    confirm = gettext_lazy("Decide")
    form_class = DecisionForm

    def obstacles(self) -> Sequence[str]:
        if self.award.status != AwardStatus.WAITING:
            return [_("It is %(status)s already.") % {"status": self.award.get_status_display()}]
        reason = reason_against(self.award, self.actor)
        return [_(reason)] if reason else ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        if given["decision"] == YES:
            approve_award(self.award, actor=self.actor, note=given["note"])
            says = [_("%(points)s %(type)s for %(rows)s memberships are booked in the next minutes.") % self.told()]
        else:
            refuse_award(self.award, actor=self.actor, note=given["note"])
            says = [_("Refused: no point is booked.")]
        return Outcome(says, {"award": self.award.pk})
