"""Tasks that put a rule in force, end it, or make another one of it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules.base import RuleTask, rule_way
from activities.desk.rules.head_forms import free_code
from activities.desk.rules.page import differences, period_told
from activities.models import RewardRule, RuleStatus
from activities.rule_overview import rule_view
from activities.rules.releasing import copy_rule, release_rule, retire_rule
from activities.rules.words import words_of
from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way


class WhyForm(forms.Form):
    why = ReasonField(
        suggestions=(gettext_lazy("Agreed for the season"), gettext_lazy("Corrected a mistake")), max_length=200
    )


class Release(RuleTask):
    title = gettext_lazy("Release a rule")
    what = gettext_lazy(
        "From now on the rule applies to every activity it is meant for, in the version you see here. The version "
        "before it ends. Activities that come in late are judged by the version of their time."
    )
    confirm = gettext_lazy("Release it")
    form_class = WhyForm
    about_template = "desk/rules/about_release.html"

    def context(self) -> dict[str, Any]:
        found = super().context()
        view = rule_view(self.rule) if hasattr(self, "rule") else None
        if view is None or view.version is None:
            return found
        lines = differences(view.version, self.rule, self.words) if view.changed else []
        return {**found, "before": view.version, "changed": view.changed, "lines": lines}

    def obstacles(self) -> Sequence[str]:
        view = rule_view(self.rule)
        if view.version is not None and not view.changed and self.rule.status == RuleStatus.RELEASED:
            return [_("What is written is what is released already: nothing was changed.")]
        return self.refusals(lambda: release_rule(self.rule, actor=self.actor, why="?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        version = release_rule(self.rule, actor=self.actor, why=given["why"])
        says = [
            _("%(name)s is in force as version %(version)s.") % {"name": version.name, "version": version.version},
            words_of(version.definition, self.words).sentence,
        ]
        if period := period_told(version):
            says.append(_("It applies %(period)s.") % {"period": period})
        if self.rule.campaign is not None:
            says.append(_("Only while the campaign %(name)s runs.") % {"name": self.rule.campaign.name})
        return Outcome(says, {"rule": self.rule.pk})

    def figures(self) -> Sequence[Figure]:
        rule = RewardRule.objects.get(pk=self.rule.pk)
        return [
            Figure("status", _("Status"), rule.get_status_display()),
            Figure("version", _("Released version"), str(rule.released) if rule.released else None),
        ]

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        return [rule_way(facts["rule"], main=True), Way(_("Take it back: retire"), _page("retire", facts["rule"]))]

    def exits(self) -> list[Way]:
        tries = Way(_("Try it on past activities first"), _page("simulate", self.rule.pk))
        return [tries, rule_way(self.rule.pk)]


class Retire(RuleTask):
    title = gettext_lazy("Retire a rule")
    what = gettext_lazy(
        "From now on the rule applies no longer. What it gave stays, and activities that happened before are still "
        "judged by it when they come in late."
    )
    confirm = gettext_lazy("Retire it")
    form_class = WhyForm

    def obstacles(self) -> Sequence[str]:
        if self.rule.status != RuleStatus.RELEASED:
            return [_("It is not in force: it is %(status)s.") % {"status": self.rule.get_status_display()}]
        return []

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        retire_rule(self.rule, actor=self.actor, why=given["why"])
        said = _("%(name)s applies to nothing that happens from now on.") % {"name": self.rule.name}
        return Outcome([said], {"rule": self.rule.pk})

    def figures(self) -> Sequence[Figure]:
        rule = RewardRule.objects.get(pk=self.rule.pk)
        return [Figure("status", _("Status"), rule.get_status_display())]

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        again = Way(_("Take it back: release it again"), _page("release", facts["rule"]))
        return [rule_way(facts["rule"], main=True), again]


class CopyForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the copy"), max_length=120)


class Copy(RuleTask):
    title = gettext_lazy("Copy a rule")
    what = gettext_lazy("Makes a draft that says the same, to be changed. The rule itself stays as it is.")
    confirm = gettext_lazy("Make the copy")
    form_class = CopyForm

    def initial(self) -> dict[str, Any]:
        return {"name": _("%(name)s (copy)") % {"name": self.rule.name}}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        taken = set(RewardRule.objects.filter(program=self.program).values_list("code", flat=True))
        code = free_code(given["name"], taken)
        copied = copy_rule(self.rule, actor=self.actor, code=code, name=given["name"])
        return Outcome([_("%(name)s is a draft now.") % {"name": copied.name}], {"rule": copied.pk})

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        return [Way(_("Edit the copy"), _page("edit", facts["rule"]), main=True), rule_way(facts["rule"])]


def _page(name: str, pk: int) -> str:
    return reverse(f"desk:rule-{name}", args=[pk])
