"""The rule editor: a template to begin with, then one form that says in words what the rule will do.

Everything works by sending the form: `do` says what is wanted of it. Saving keeps a draft, which changes nothing
until it is released.
"""

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from activities.desk.rules.base import DESIGN, SECTION, visible_program, visible_rule
from activities.desk.rules.condition_forms import choices_of_fields
from activities.desk.rules.editing import RuleForms, forms_of_definition, forms_of_post, rearranged
from activities.desk.rules.gift_forms import choices_of_actions
from activities.desk.rules.variables import variables_of
from activities.models import RewardRule
from activities.rules.definition import read_definition
from activities.rules.errors import RuleRefused
from activities.rules.fields import fields_of
from activities.rules.groups import usual_group
from activities.rules.releasing import change_rule, create_rule
from activities.rules.templates import TEMPLATES, template_of
from activities.rules.vocabulary import Vocabulary, vocabulary_of
from activities.rules.words import RuleWords, words_of
from common.desk.pages import DeskPage
from common.errors import Conflict, LoyaltyError
from programs.design import Design, design_of
from programs.models import Program

NOTHING = "nothing"
EMPTY: dict[str, Any] = {"activity_types": [], "condition": "", "actions": [], "caps": []}
SAVES = frozenset({"save", "simulate"})


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    title = "Somebody else changed the rule since you opened it. Open it anew, so that nothing of theirs is lost."


class Editor(DeskPage):
    """The form; subclasses say what it is filled with and what saving does."""

    action = DESIGN
    section = SECTION
    template = "desk/rules/editor.html"
    program: Program
    kept: Any = None

    @cached_property
    def design(self) -> Design:
        return design_of(self.program.pk)

    @cached_property
    def words(self) -> Vocabulary:
        return vocabulary_of(self.design)

    def edit(self, request: HttpRequest) -> HttpResponse:
        """Answer a form that was sent."""
        sent, do = forms_of_post(self.program, self.words, request.POST, rule=self.kept), request.POST.get("do", "")
        if do in ("add-condition", "add-action"):
            do = f"{do}:{request.POST.get(do, '')}"
        if ":" in do:
            return self.show(rearranged(sent, do))
        if not sent.is_valid():
            return self.show(sent, status=422, told_wrong=True)
        definition = sent.definition()
        try:
            read_definition(definition, design=self.design)
            if do in SAVES:
                return self._saved(sent, definition, do)
        except RuleRefused as refused:
            marks = _marks(definition, refused)
            return self.show(sent, rest=sent.tell(refused.errors), marks=marks, status=422, told_wrong=True)
        except LoyaltyError as error:
            return self.show(sent, rest=[error.message], status=error.status)
        return self.show(sent, told=words_of(definition, self.words))

    def show(
        self,
        shown: RuleForms,
        *,
        told: RuleWords | None = None,
        rest: list[str] | None = None,
        marks: list[tuple[str, str, str]] | None = None,
        status: int = 200,
        told_wrong: bool = False,
    ) -> HttpResponse:
        return self.draw(
            status=status,
            program=self.program,
            kept=self.kept,
            forms=shown,
            told=told,
            rest=rest or [],
            marks=marks or [],
            told_wrong=told_wrong,
            fields=choices_of_fields(fields_of(self.words)),
            actions=choices_of_actions(self.words),
            variables=variables_of(self.words),
            seen=self.seen(),
            back=self.back(),
        )

    def seen(self) -> str:
        """What the form was filled from, so that nobody's change is overwritten unseen."""
        return _digest(self.kept) if self.kept else ""

    def back(self) -> str:
        return reverse("desk:rule", args=[self.kept.pk]) if self.kept else reverse("desk:rules")

    def save(self, values: dict[str, Any]) -> RewardRule:
        raise NotImplementedError

    def _saved(self, sent: RuleForms, definition: dict[str, Any], do: str) -> HttpResponse:
        values = {**sent.head.cleaned_data, "definition": definition}
        values.pop("activity_types")
        values.setdefault("campaign", self.kept.campaign if self.kept else None)
        values.setdefault("group", self.kept.group if self.kept else None)
        rule = self.save(values)
        messages.success(self.request, _("Saved as a draft: nothing changes for members until it is released."))
        return HttpResponseRedirect(reverse("desk:rule-simulate" if do == "simulate" else "desk:rule", args=[rule.pk]))


class NewRule(Editor):
    """First a template, or nothing, then the form."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        self._load(code)
        chosen = request.GET.get("template", "")
        if not chosen:
            return self._choose()
        if chosen == NOTHING:
            return self.show(forms_of_definition(self.program, self.words, EMPTY))
        template = template_of(chosen)
        if template is None or template.missing(self.words):
            raise Http404
        definition = template.make(self.words)
        initial = {"name": template.name}
        filled = forms_of_definition(self.program, self.words, definition, initial=initial)
        return self.show(filled, told=words_of(definition, self.words))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        self._load(code)
        return self.edit(request)

    def save(self, values: dict[str, Any]) -> RewardRule:
        values["group"] = values["group"] or usual_group(self.program, actor=self.actor)
        return create_rule(self.program, actor=self.actor, **values)

    def back(self) -> str:
        return f"{reverse('desk:rules')}?program={self.program.code}"

    def _load(self, code: str) -> None:
        self.program = visible_program(self.actor, code)
        self.allow(self.program.pk)

    def _choose(self) -> HttpResponse:
        offered = [
            {
                "template": one,
                "missing": one.missing(self.words),
                "said": "" if one.missing(self.words) else words_of(one.make(self.words), self.words).sentence,
            }
            for one in TEMPLATES
        ]
        return self.draw("desk/rules/templates.html", program=self.program, offered=offered, back=self.back())


class EditRule(Editor):
    """The rule as it is written, be it released or not."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self._load(pk)
        filled = forms_of_definition(self.program, self.words, rule.definition, rule=rule, initial=_initial(rule))
        return self.show(filled, told=words_of(rule.definition, self.words))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._load(pk)
        return self.edit(request)

    def seen(self) -> str:
        return self.request.POST.get("seen") or super().seen()

    def save(self, values: dict[str, Any]) -> RewardRule:
        if self.request.POST.get("seen") != _digest(self.kept):
            raise ChangedMeanwhile
        return change_rule(self.kept, actor=self.actor, **values)

    def _load(self, pk: int) -> RewardRule:
        rule = visible_rule(self.actor, pk)
        self.kept, self.program = rule, rule.program
        self.allow(rule.program_id)
        return rule


def _initial(rule: RewardRule) -> dict[str, Any]:
    names = ("name", "description", "priority", "valid_from", "valid_until")
    return {name: getattr(rule, name) for name in names} | {"group": rule.group_id, "campaign": rule.campaign_id}


def _digest(rule: RewardRule) -> str:
    told = json.dumps([_initial(rule), rule.definition], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def _marks(definition: dict[str, Any], refused: RuleRefused) -> list[tuple[str, str, str]]:
    """Of each expression with a mistake: the part before it, the character, the rest."""
    places: dict[str, int] = refused.facts.get("at", {})
    found = []
    for pointer, at in places.items():
        kind, *rest = pointer.strip("/").split("/")
        text = definition["condition"] if kind == "condition" else _at(definition, rest)
        if text:
            found.append((text[:at], text[at : at + 1] or "␣", text[at + 1 :]))
    return found


def _at(definition: dict[str, Any], rest: list[str]) -> str:
    """The expression of an action; empty where it is none."""
    if len(rest) != 2 or not rest[0].isdigit():
        return ""
    return str(definition["actions"][int(rest[0])].get(rest[1], ""))
