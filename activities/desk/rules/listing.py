"""/desk/rules: the rules of a program by group, each with what is in force and the rule in words."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from activities.desk.program_page import ProgramPage
from activities.desk.rules.base import DESIGN, READ, SECTION, STATES
from activities.rule_months import RuleMonth, RuleMonths, months_of_rules
from activities.rule_overview import GroupView, InForce, RuleView, groups_of
from activities.rules.vocabulary import Vocabulary, vocabulary_of
from activities.rules.words import words_of


class Rules(ProgramPage):
    action = READ
    section = SECTION
    template = "desk/rules/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        program = self.program
        if program is None:
            return self.draw(program=None)
        words = vocabulary_of(self.design)
        groups, every, did = groups_of(program), request.GET.get("all") == "yes", months_of_rules(program)
        return self.draw(
            program=program,
            programs=self.programs,
            groups=[self._group(group, words, did, every=every) for group in groups],
            counted_at=did.computed_at,
            zone=self.design.zone,
            count=sum(len(group.rules) for group in groups),
            retired=sum(one.state is InForce.RETIRED for group in groups for one in group.rules),
            every=every,
            may_design=self.may(DESIGN, program.pk),
            new=reverse("desk:rule-new", args=[program.code]),
            new_group=reverse("desk:rule-group-new", args=[program.code]),
        )

    def _group(self, view: GroupView, words: Vocabulary, did: RuleMonths, *, every: bool) -> dict[str, Any]:
        shown = [one for one in view.rules if every or one.state is not InForce.RETIRED]
        return {"group": view.group, "rules": [_row(one, words, did.of(one.rule.pk)) for one in shown]}


def _row(view: RuleView, words: Vocabulary, months: list[RuleMonth]) -> dict[str, Any]:
    """`did`: the month before, which is whole, and the running one."""
    state, badge = STATES[view.state]
    definition = view.version.definition if view.version else view.rule.definition
    sentence = words_of(definition, words).sentence
    did = months[-2:] if view.version else []
    return {"view": view, "state": state, "badge": badge, "sentence": sentence, "did": did}
