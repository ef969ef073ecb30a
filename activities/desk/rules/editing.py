"""All forms of a rule together: made from what is kept or what was typed, and what they say, as it is kept.

Pieces are numbered in the order they stand in: c-0 is the first row of the condition, a-0 the first action. A page
without a script adds, moves and removes them by sending the whole form.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from activities.desk.rules.action_forms import ActionForm
from activities.desk.rules.condition_forms import ConditionForm, can_be_shown, shown_initial
from activities.desk.rules.gift_forms import BY_KEY, form_for
from activities.desk.rules.head_forms import CapsForm, HeadForm, caps_initial
from activities.models import RewardRule
from activities.rules.fields import Field, fields_of
from activities.rules.rows import Rows, expression_of, rows_of
from activities.rules.vocabulary import Vocabulary
from common.errors import FieldError
from programs.models import Program

MOST_ROWS, MOST_ACTIONS = 12, 10
ROWS, HAND = "rows", "hand"


class ConditionHead(forms.Form):
    by = forms.ChoiceField(
        label=gettext_lazy("The condition"),
        choices=[(ROWS, gettext_lazy("put together from rows")), (HAND, gettext_lazy("written by hand"))],
        initial=ROWS,
        widget=forms.RadioSelect,
    )
    match = forms.ChoiceField(
        label=gettext_lazy("Applies where"),
        choices=[("all", gettext_lazy("all of these hold")), ("any", gettext_lazy("one of these holds"))],
        initial="all",
    )
    hand = forms.CharField(
        label=gettext_lazy("Expression"),
        help_text=gettext_lazy("True or false, as activity.amount > 50 && activity.weekday == 7. Empty: always."),
        required=False,
        max_length=500,
        strip=True,
        widget=forms.Textarea({"rows": 3, "class": "code", "spellcheck": "false"}),
    )


class RuleForms:
    """`conditions` and `actions` are numbered by their prefixes; `bound` is what was sent, else what is shown first."""

    def __init__(
        self,
        program: Program,
        words: Vocabulary,
        *,
        head: HeadForm,
        condition: ConditionHead,
        conditions: Sequence[ConditionForm],
        actions: Sequence[ActionForm],
        caps: CapsForm,
    ) -> None:
        self.program, self.words = program, words
        self.head, self.condition, self.caps = head, condition, caps
        self.conditions, self.actions = list(conditions), list(actions)
        self.no_action = False

    def is_valid(self) -> bool:
        """Every form is asked, so that every mistake shows at once."""
        self.no_action = not self.actions
        rows = self.conditions if self.by_rows else []
        asked: list[forms.Form] = [self.head, self.condition, self.caps, *rows, *self.actions]
        return all([form.is_valid() for form in asked]) and not self.no_action

    @property
    def by_rows(self) -> bool:
        return str(self.condition["by"].value()) != HAND

    def definition(self) -> dict[str, Any]:
        """What the valid forms say, as it is kept."""
        return {
            "activity_types": self.head.cleaned_data["activity_types"],
            "condition": self._expression(),
            "actions": [one.action() for one in self.actions],
            "caps": self.caps.caps(),
        }

    def tell(self, errors: Sequence[FieldError]) -> list[str]:
        """Put each mistake at its field; those that have none are answered."""
        rest = []
        for error in errors:
            form, name = self._place(error["pointer"])
            if form is not None and name in form.fields:
                form.add_error(name, error["detail"])
            else:
                rest.append(error["detail"])
        return rest

    def _place(self, pointer: str) -> tuple[forms.Form | None, str]:
        kind, *rest = pointer.strip("/").split("/")
        if kind == "condition":
            return (self.condition, "hand") if not self.by_rows else (None, "")
        if kind == "actions" and len(rest) > 1 and rest[0].isdigit() and int(rest[0]) < len(self.actions):
            form = self.actions[int(rest[0])]
            return form, form.POINTERS.get(rest[1], rest[1])
        if kind == "caps" and len(rest) == 2 and rest[0].isdigit():
            caps = self.caps.caps()
            scope = caps[int(rest[0])]["scope"] if int(rest[0]) < len(caps) else ""
            return self.caps, f"{scope}_{rest[1]}"
        return self.head, kind

    def _expression(self) -> str:
        if not self.by_rows:
            return str(self.condition.cleaned_data["hand"])
        rows = Rows(tuple(one.row() for one in self.conditions), self.condition.cleaned_data["match"] == "any")
        return expression_of(rows, fields_of(self.words))


def forms_of_definition(
    program: Program,
    words: Vocabulary,
    definition: Mapping[str, Any],
    *,
    rule: RewardRule | None = None,
    initial: Mapping[str, Any] | None = None,
) -> RuleForms:
    """The forms as a kept rule, or a template, fills them in."""
    fields = fields_of(words)
    expression = definition.get("condition") or ""
    rows = rows_of(expression, fields)
    if rows is not None and not all(can_be_shown(row, fields[row.field]) for row in rows.rows):
        rows = None
    shown = rows or Rows()
    head = {**(initial or {}), "activity_types": definition.get("activity_types", ())}
    by = {"by": ROWS if rows is not None else HAND, "match": "any" if shown.any_of_them else "all", "hand": expression}
    actions = [(form_for(one), one) for one in definition.get("actions", ())]
    return RuleForms(
        program,
        words,
        head=HeadForm(initial=head, program=program, words=words, rule=rule),
        condition=ConditionHead(initial=by),
        conditions=[
            ConditionForm(initial=shown_initial(row, fields[row.field]), prefix=f"c-{at}", asked=fields[row.field])
            for at, row in enumerate(shown.rows)
        ],
        actions=[
            form(initial=form.initial_of(one), prefix=f"a-{at}", words=words) for at, (form, one) in enumerate(actions)
        ],
        caps=CapsForm(initial=caps_initial(definition.get("caps", ())), prefix="cap"),
    )


def forms_of_post(program: Program, words: Vocabulary, sent: QueryDict, *, rule: RewardRule | None = None) -> RuleForms:
    """The forms as they were sent, to be checked."""
    fields = fields_of(words)
    asked = _asked(sent, fields)
    kinds = _kinds(sent)
    return RuleForms(
        program,
        words,
        head=HeadForm(sent, program=program, words=words, rule=rule),
        condition=ConditionHead(sent),
        conditions=[ConditionForm(sent, prefix=f"c-{at}", asked=field) for at, field in asked],
        actions=[kind(sent, prefix=f"a-{at}", words=words) for at, kind in kinds],
        caps=CapsForm(sent, prefix="cap"),
    )


def rearranged(forms_sent: RuleForms, do: str) -> RuleForms:
    """The same, unchecked, with a row or an action added, moved or taken out: `do` is verb:what."""
    verb, _colon, what = do.partition(":")
    sent = forms_sent
    rows: list[tuple[Any, Mapping[str, Any]]] = [(one.asked, typed_in(one)) for one in sent.conditions]
    actions: list[tuple[Any, Mapping[str, Any]]] = [(type(one), typed_in(one)) for one in sent.actions]
    if verb == "remove-condition":
        rows = _without(rows, what)
    elif verb == "remove-action":
        actions = _without(actions, what)
    elif verb == "up-action":
        actions = _moved_up(actions, what)
    elif verb == "add-condition" and what in (fields := fields_of(sent.words)) and len(rows) < MOST_ROWS:
        rows.append((fields[what], {}))
    elif verb == "add-action" and what in BY_KEY and len(actions) < MOST_ACTIONS:
        actions.append((BY_KEY[what], BY_KEY[what].initial_of({})))
    head, words = sent.head, sent.words
    return RuleForms(
        sent.program,
        words,
        head=HeadForm(initial=typed_in(head), program=sent.program, words=words, rule=head.rule),
        condition=ConditionHead(initial=typed_in(sent.condition)),
        conditions=[
            ConditionForm(initial=typed, prefix=f"c-{at}", asked=field) for at, (field, typed) in enumerate(rows)
        ],
        actions=[kind(initial=typed, prefix=f"a-{at}", words=words) for at, (kind, typed) in enumerate(actions)],
        caps=CapsForm(initial=typed_in(sent.caps), prefix="cap"),
    )


def typed_in(form: forms.Form) -> dict[str, Any]:
    """What was typed into each field, unchecked."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }


def _asked(sent: QueryDict, fields: Mapping[str, Field]) -> list[tuple[int, Field]]:
    """The rows that were sent; those whose field is gone from the program are left out."""
    named = ((at, sent.get(f"c-{at}-field")) for at in range(MOST_ROWS))
    return [(at, fields[key]) for at, key in named if key is not None and key in fields]


def _kinds(sent: QueryDict) -> list[tuple[int, type[ActionForm]]]:
    named = ((at, sent.get(f"a-{at}-kind")) for at in range(MOST_ACTIONS))
    return [(at, BY_KEY[key]) for at, key in named if key in BY_KEY]


def _without(pieces: list[Any], what: str) -> list[Any]:
    return [one for at, one in enumerate(pieces) if str(at) != what]


def _moved_up(pieces: list[Any], what: str) -> list[Any]:
    at = int(what) if what.isascii() and what.isdigit() and len(what) < 3 else 0
    if not 0 < at < len(pieces):
        return pieces
    return [*pieces[: at - 1], pieces[at], pieces[at - 1], *pieces[at + 1 :]]
