"""/desk/rules: the rules of a program by group, each with what is in force and the rule in words."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from activities.desk.program_page import ProgramPage
from activities.desk.rules.base import DESIGN, READ, SECTION, STATES
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
        groups, every = groups_of(program), request.GET.get("all") == "yes"
        return self.draw(
            program=program,
            programs=self.programs,
            groups=[self._group(group, words, every) for group in groups],
            count=sum(len(group.rules) for group in groups),
            retired=sum(one.state is InForce.RETIRED for group in groups for one in group.rules),
            every=every,
            may_design=self.may(DESIGN, program.pk),
            new=reverse("desk:rule-new", args=[program.code]),
            new_group=reverse("desk:rule-group-new", args=[program.code]),
        )

    def _group(self, view: GroupView, words: Vocabulary, every: bool) -> dict[str, Any]:
        shown = [one for one in view.rules if every or one.state is not InForce.RETIRED]
        return {"group": view.group, "rules": [_row(one, words) for one in shown]}


def _row(view: RuleView, words: Vocabulary) -> dict[str, Any]:
    state, badge = STATES[view.state]
    definition = view.version.definition if view.version else view.rule.definition
    return {"view": view, "state": state, "badge": badge, "sentence": words_of(definition, words).sentence}
