"""What pages of rules share: who may look and who may design, the rule of the address, states in words."""

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy

from activities.models import RewardRule
from activities.rule_overview import InForce
from activities.rules.vocabulary import Vocabulary, vocabulary_of
from activities.rules.words import words_of
from common.actor import Actor
from common.desk.outcomes import Way
from common.desk.pages import DeskPage
from common.desk.tasks import TaskPage
from programs.design import Design, design_of
from programs.models import Program

READ, DESIGN = "memberships:read", "programs:design"
SECTION = "rules"
CAMPAIGNS = "campaigns"
STATES: dict[InForce, tuple[Any, str]] = {
    InForce.DRAFT: (gettext_lazy("draft"), ""),
    InForce.NOW: (gettext_lazy("in force"), "good"),
    InForce.AHEAD: (gettext_lazy("not yet in force"), "info"),
    InForce.OVER: (gettext_lazy("its time is over"), ""),
    InForce.RESTS: (gettext_lazy("waits for its campaign"), "warn"),
    InForce.RETIRED: (gettext_lazy("retired"), ""),
}


class RulePage(DeskPage):
    """A page about one rule."""

    action = READ
    section = SECTION

    def rule(self, pk: int) -> RewardRule:
        """Http404 for what is foreign or missing, PermissionDenied without the page's right there."""
        found = visible_rule(self.actor, pk)
        self.allow(found.program_id)
        return found


class RuleTask(TaskPage):
    """A task about one rule, for who designs the program."""

    action = DESIGN
    section = SECTION
    about_template = "desk/rules/about.html"
    rule: RewardRule
    design: Design

    def load(self, **kwargs: Any) -> None:
        self.rule = visible_rule(self.actor, kwargs["pk"])
        self.program = self.rule.program
        self.allow_program(self.rule.program_id)
        self.design = design_of(self.rule.program_id)
        self.subject = self.rule.name

    @property
    def words(self) -> Vocabulary:
        return vocabulary_of(self.design)

    def context(self) -> dict[str, Any]:
        return {"told": words_of(self.rule.definition, self.words)} if hasattr(self, "rule") else {}

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        return [rule_way(facts["rule"], main=True)]

    def exits(self) -> list[Way]:
        return [rule_way(self.rule.pk)]


def visible_rule(actor: Actor, pk: int) -> RewardRule:
    found = RewardRule.objects.filter(pk=pk).select_related("program", "group", "campaign").first()
    if found is None or not sees(actor, found.program_id):
        raise Http404
    return found


def visible_program(actor: Actor, code: str) -> Program:
    found: Program | None = Program.objects.visible_to(actor).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def sees(actor: Actor, program_id: int) -> bool:
    return actor.programs is None or program_id in actor.programs


def rule_way(pk: int, *, main: bool = False) -> Way:
    return Way(str(gettext_lazy("The rule")), reverse("desk:rule", args=[pk]), main)
