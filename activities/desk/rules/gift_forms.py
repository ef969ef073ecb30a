"""Actions that give something else than points, and the list of all actions."""

import json
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules import action_forms, standing_forms
from activities.desk.rules.action_forms import Action, ActionForm
from activities.desk.rules.condition_forms import WholeField
from activities.rules.own import PARAMETER_KINDS, own_actions
from activities.rules.vocabulary import Names, Vocabulary
from common.desk.fields import offer


class Named(ActionForm):
    """Of one of the program's benefits, labels, rewards or notices: the field `named` offers `offered`."""

    named: ClassVar[str]
    offered: ClassVar[str]

    def prepare(self) -> None:
        offer(self, self.named, list(self._names(self.words).items()))

    @classmethod
    def possible(cls, words: Vocabulary) -> bool:
        return bool(cls._names(words))

    @classmethod
    def _names(cls, words: Vocabulary) -> Names:
        names: Names = getattr(words, cls.offered)
        return names


class GrantBenefit(Named):
    key = do = "grant_benefit"
    label = gettext_lazy("Grant a benefit")
    named, offered = "benefit", "benefits"
    benefit = forms.ChoiceField(label=gettext_lazy("Benefit"))
    days = WholeField(
        label=gettext_lazy("For days"),
        help_text=gettext_lazy("Empty: as long as the membership goes on."),
        required=False,
        min_value=1,
        max_value=36_500,
    )


class AddLabel(Named):
    key = do = "add_label"
    label = gettext_lazy("Add a label")
    POINTERS = {"label": "which"}
    named, offered = "which", "labels"
    which = forms.ChoiceField(label=gettext_lazy("Label"))

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        return {"which": action.get("label")}

    def kept(self) -> dict[str, Any]:
        return {"label": self.cleaned_data["which"]}


class RemoveLabel(AddLabel):
    key = do = "remove_label"
    label = gettext_lazy("Remove a label")


class IssueVoucher(Named):
    key = do = "issue_voucher"
    label = gettext_lazy("Issue a voucher")
    named, offered = "reward", "rewards"
    reward = forms.ChoiceField(label=gettext_lazy("Voucher"))


class RaiseNotice(Named):
    key = do = "raise_notice"
    label = gettext_lazy("Send a notice to the member")
    named, offered = "notice", "notices"
    notice = forms.ChoiceField(label=gettext_lazy("Notice"))


class Own(ActionForm):
    key = do = "own"
    label = gettext_lazy("An action of your own")
    name = forms.ChoiceField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("Registered by whoever runs the system.")
    )
    parameters = forms.CharField(
        label=gettext_lazy("Parameters"),
        help_text=gettext_lazy("One a line, as factor: 2"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3, "class": "code", "spellcheck": "false"}),
    )

    def prepare(self) -> None:
        known = own_actions()
        offer(self, "name", [(name, name) for name in sorted(known)])
        wanted = {
            name: ", ".join(f"{one} ({PARAMETER_KINDS[kind]})" for one, kind in registered.parameters.items())
            for name, registered in known.items()
            if registered.parameters
        }
        if wanted:
            told = "; ".join(f"{name}: {parameters}" for name, parameters in sorted(wanted.items()))
            self.fields["parameters"].help_text = _("One a line, as factor: 2. %(wanted)s") % {"wanted": told}

    @classmethod
    def possible(cls, words: Vocabulary) -> bool:
        return bool(own_actions())

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        given = (action.get("parameters") or {}).items()
        return {**action, "parameters": "\n".join(f"{name}: {_written(value)}" for name, value in given)}

    def clean_parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for line in self.cleaned_data["parameters"].splitlines():
            if not line.strip():
                continue
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise ValidationError(_("Write each as name: value. “%(line)s” is not.") % {"line": line.strip()})
            found[name.strip()] = _read(value.strip())
        return found

    def action(self) -> Action:
        return {"do": self.do, "name": self.cleaned_data["name"], "parameters": self.cleaned_data["parameters"]}


def _written(value: Any) -> str:
    """A text stands plain unless it would be read as something else."""
    if isinstance(value, str) and _read(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _read(text: str) -> Any:
    """A number, true, false, a list, or else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


# In the order in which they are offered; an expression before its plain form, which reads whatever is left.
ACTIONS: tuple[type[ActionForm], ...] = (
    action_forms.PerAmountCredit,
    action_forms.FixedCredit,
    action_forms.Multiply,
    action_forms.ExpressionCredit,
    action_forms.FixedDebit,
    action_forms.ExpressionDebit,
    standing_forms.ChangeTier,
    standing_forms.SetAttribute,
    standing_forms.SetAttributeTo,
    standing_forms.AddToAttribute,
    standing_forms.AddToAttributeBy,
    GrantBenefit,
    AddLabel,
    RemoveLabel,
    IssueVoucher,
    RaiseNotice,
    Own,
)
BY_KEY = {one.key: one for one in ACTIONS}


def form_for(action: Action) -> type[ActionForm]:
    """The kind of form that shows an action."""
    return next((one for one in ACTIONS if one.reads(action)), Own)


def choices_of_actions(words: Vocabulary) -> list[tuple[str, Any]]:
    """Those the program has what they need for."""
    return [(one.key, one.label) for one in ACTIONS if one.possible(words)]
