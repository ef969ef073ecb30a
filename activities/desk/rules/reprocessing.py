"""Tasks that have failed activities processed again: one, or all of a program."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.activity_log import activity_of, failed_in
from activities.desk.rules.base import visible_program
from activities.desk.rules.log import problem_of
from activities.effects import effects_of_activity
from activities.models import ActivityStatus, MemberActivity
from activities.reprocessing import reprocess, reprocess_many
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from common.desk.words import figure

WRITE = "activities:write"
# So many in a request; the page leads on to the others.
AT_ONCE = 200


class NothingToSay(forms.Form):
    """The task asks for nothing."""


class Reprocess(TaskPage):
    action = WRITE
    section = "activities"
    title = gettext_lazy("Process an activity again")
    what = gettext_lazy(
        "Tries the rules of its time once more; those that stopped it as they are corrected now. Whatever follows is "
        "posted as if the activity had come in today."
    )
    confirm = gettext_lazy("Process it again")
    form_class = NothingToSay
    one: MemberActivity

    def load(self, **kwargs: Any) -> None:
        found = activity_of(self.actor, kwargs["pk"])
        if found is None:
            raise Http404
        self.one, self.program = found, found.program
        self.subject = f"{found.type.name} · {found.membership.number}"
        self.allow_program(found.program_id)

    def obstacles(self) -> Sequence[str]:
        if self.one.status != ActivityStatus.FAILED:
            return [_("Only what failed is processed again: it is %(status)s.") % {"status": self.status()}]
        return []

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        reprocess(self.one, actor=self.actor)
        self.one.refresh_from_db()
        says = [_("It is %(status)s.") % {"status": self.status()}]
        if problem := problem_of(self.one):
            says.append(problem)
        says += [line.said for line in effects_of_activity(self.one.pk)]
        return Outcome(says, {"activity": self.one.pk})

    def figures(self) -> Sequence[Figure]:
        self.one.refresh_from_db()
        return [Figure("status", _("Status"), self.status())]

    def status(self) -> str:
        return str(ActivityStatus(self.one.status).label)

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("The activity"), reverse("desk:activity", args=[facts["activity"]]), main=True)]

    def exits(self) -> Sequence[Way]:
        return [Way(_("The activity"), reverse("desk:activity", args=[self.one.pk]))]


class ReprocessFailed(TaskPage):
    action = WRITE
    section = "activities"
    title = gettext_lazy("Process failed activities again")
    what = gettext_lazy("Tries the rules of their time once more for all that failed, the oldest first, 200 at once.")
    confirm = gettext_lazy("Process them again")
    form_class = NothingToSay

    def load(self, **kwargs: Any) -> None:
        self.program = visible_program(self.actor, kwargs["code"])
        self.allow_program(self.program.pk)

    def obstacles(self) -> Sequence[str]:
        return [] if failed_in(self.program.pk).exists() else [_("Nothing failed.")]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        tried = list(failed_in(self.program.pk)[:AT_ONCE])
        reprocess_many(tried, actor=self.actor)
        failed = failed_in(self.program.pk).filter(pk__in=[one.pk for one in tried]).count()
        done = len(tried) - failed
        said = ngettext("%(count)s activity was processed.", "%(count)s activities were processed.", done)
        says = [said % {"count": figure(done)}]
        if failed:
            said = ngettext("%(count)s failed again.", "%(count)s failed again.", failed)
            says.append(said % {"count": figure(failed)})
        return Outcome(says, {"program": self.program.code})

    def figures(self) -> Sequence[Figure]:
        return [Figure("failed", _("Failed activities"), failed_in(self.program.pk).count())]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        log = f"{reverse('desk:activities')}?program={facts['program']}&status=failed"
        return [Way(_("Failed activities"), log, main=True)]

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back"), f"{reverse('desk:activities')}?program={self.program.code}&status=failed")]
