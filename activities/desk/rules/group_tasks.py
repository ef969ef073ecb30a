"""Groups of rules: a new one, and its name, order and mode."""

from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules.base import DESIGN, SECTION, sees, visible_program
from activities.desk.rules.condition_forms import WholeField
from activities.desk.rules.head_forms import free_code
from activities.models import GroupMode, RuleGroup
from activities.rules.groups import change_group, create_group
from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage

MODES = (
    (GroupMode.ADDITIVE, gettext_lazy("Every rule that matches applies")),
    (GroupMode.EXCLUSIVE, gettext_lazy("Only the first rule that matches applies")),
)


class GroupForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("As Bonuses."))
    mode = forms.ChoiceField(label=gettext_lazy("Which of its rules apply"), choices=MODES, widget=forms.RadioSelect)
    rank = WholeField(
        label=gettext_lazy("Asked as number"),
        help_text=gettext_lazy("0 is asked first. Rules that multiply belong after those whose points they multiply."),
        max_value=32_767,
    )


class ChangeGroupForm(GroupForm):
    why = ReasonField(max_length=100)


class _GroupTask(TaskPage):
    action = DESIGN
    section = SECTION

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        return [Way(_("The rules"), f"{reverse('desk:rules')}?program={facts['program']}", main=True)]

    def exits(self) -> list[Way]:
        return [Way(_("Back to the rules"), f"{reverse('desk:rules')}?program={self.program.code}")]

    def outcome(self, group: RuleGroup) -> Outcome:
        said = _("%(name)s is asked as number %(rank)s; of its rules, %(mode)s.") % {
            "name": group.name,
            "rank": group.rank,
            "mode": group.get_mode_display(),
        }
        return Outcome([said], {"program": self.program.code})


class NewGroup(_GroupTask):
    title = gettext_lazy("New group of rules")
    what = gettext_lazy("Groups say in which order rules are asked, and whether one of them or all that match apply.")
    confirm = gettext_lazy("Make the group")
    form_class = GroupForm

    def load(self, **kwargs: Any) -> None:
        self.program = visible_program(self.actor, kwargs["code"])
        self.allow_program(self.program.pk)

    def initial(self) -> dict[str, Any]:
        return {"mode": GroupMode.ADDITIVE, "rank": RuleGroup.objects.filter(program=self.program).count()}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        taken = set(RuleGroup.objects.filter(program=self.program).values_list("code", flat=True))
        code = free_code(given["name"], taken)
        return self.outcome(create_group(self.program, code=code, actor=self.actor, **given))


class ChangeGroup(_GroupTask):
    title = gettext_lazy("Change a group of rules")
    what = gettext_lazy("Takes effect at once for every rule released in it, on activities processed from now on.")
    confirm = gettext_lazy("Change the group")
    form_class = ChangeGroupForm
    group: RuleGroup

    def load(self, **kwargs: Any) -> None:
        found = RuleGroup.objects.filter(pk=kwargs["pk"]).select_related("program").first()
        if found is None or not sees(self.actor, found.program_id):
            raise Http404
        self.group, self.program, self.subject = found, found.program, found.name
        self.allow_program(found.program_id)

    def initial(self) -> dict[str, Any]:
        return {"name": self.group.name, "mode": self.group.mode, "rank": self.group.rank}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        return self.outcome(change_group(self.group, actor=self.actor, **given))

    def figures(self) -> list[Figure]:
        group = RuleGroup.objects.get(pk=self.group.pk)
        return [
            Figure("name", _("Name"), group.name),
            Figure("mode", _("Applies"), group.get_mode_display()),
            Figure("rank", _("Asked as number"), str(group.rank)),
        ]
