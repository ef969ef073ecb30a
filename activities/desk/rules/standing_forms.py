"""Actions that change where a membership stands: its tier, its attributes."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules.action_forms import Action, ActionForm, ExpressionCredit
from activities.desk.rules.condition_forms import NUMBER, PLAIN, NumberField, WholeField
from activities.rules.vocabulary import Attribute, Vocabulary
from common.desk.fields import offer
from programs.models import AttributeType

FLAGS = {"yes": True, "no": False}


class ChangeTier(ActionForm):
    key = do = "change_tier"
    label = gettext_lazy("Change the tier")
    POINTERS = {"group": "tier"}
    tier = forms.ChoiceField(label=gettext_lazy("Tier"))
    only_up = forms.BooleanField(label=gettext_lazy("Only if it is higher than the one held"), required=False)
    until_days = WholeField(
        label=gettext_lazy("For days"),
        help_text=gettext_lazy("Empty: until the next review."),
        required=False,
        min_value=1,
        max_value=36_500,
    )

    def prepare(self) -> None:
        rungs = [
            (ladder.name, [(f"{code}:{tier}", name) for tier, name in ladder.tiers.items()])
            for code, ladder in self.words.ladders.items()
        ]
        offer(self, "tier", rungs)

    @classmethod
    def possible(cls, words: Vocabulary) -> bool:
        return bool(words.ladders)

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        return {"only_up": True, **action, "tier": f"{action.get('group', '')}:{action.get('tier', '')}"}

    def kept(self) -> dict[str, Any]:
        group, _colon, tier = self.cleaned_data["tier"].partition(":")
        given = {"group": group, "tier": tier, "until_days": self.cleaned_data["until_days"]}
        return given if self.cleaned_data["only_up"] else {**given, "only_up": False}


class OfAttribute(ActionForm):
    attribute = forms.ChoiceField(label=gettext_lazy("Attribute"))
    numbers_only: ClassVar[bool] = False

    def prepare(self) -> None:
        offer(self, "attribute", [(code, one.name) for code, one in self._offered(self.words).items()])

    @classmethod
    def possible(cls, words: Vocabulary) -> bool:
        return bool(cls._offered(words))

    @classmethod
    def _offered(cls, words: Vocabulary) -> dict[str, Attribute]:
        every = words.attributes.items()
        return {code: one for code, one in every if not cls.numbers_only or one.type == AttributeType.NUMBER}


class SetAttribute(OfAttribute):
    key, do, variant = "set_attribute", "set_attribute", "value"
    label = gettext_lazy("Set an attribute")
    value = forms.CharField(
        label=gettext_lazy("to"),
        help_text=gettext_lazy(
            "A number, a text, a day as 2026-12-31, one of its list, or yes or no: as the attribute is."
        ),
        max_length=80,
        widget=forms.TextInput(PLAIN),
    )

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        value = action.get("value", "")
        said = next((word for word, flag in FLAGS.items() if flag is value), value)
        return {**action, "value": said}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        attribute = self.words.attributes.get(given.get("attribute", ""))
        if attribute is not None and given.get("value"):
            try:
                given["value"] = _value_of(given["value"], attribute)
            except ValidationError as error:
                self.add_error("value", error)
        return given


class SetAttributeTo(OfAttribute):
    key, do, variant = "set_attribute-expression", "set_attribute", "expression"
    label = gettext_lazy("Set an attribute to the result of an expression")
    expression = ExpressionCredit.base_fields["expression"]


class AddToAttribute(OfAttribute):
    key, do, variant = "add_to_attribute", "add_to_attribute", "amount"
    label = gettext_lazy("Count in an attribute")
    numbers_only = True
    amount = NumberField(label=gettext_lazy("Add"), help_text=gettext_lazy("As 1; -1 takes away."))


class AddToAttributeBy(OfAttribute):
    key, do, variant = "add_to_attribute-expression", "add_to_attribute", "expression"
    label = gettext_lazy("Add the result of an expression to an attribute")
    numbers_only = True
    expression = ExpressionCredit.base_fields["expression"]


def _value_of(text: str, attribute: Attribute) -> str | bool:
    """As the attribute takes it."""
    if attribute.type == AttributeType.FLAG:
        if text.lower() not in FLAGS:
            raise ValidationError(_("Write yes or no."))
        return FLAGS[text.lower()]
    if attribute.type == AttributeType.NUMBER and not NUMBER.match(text):
        raise ValidationError(_("Write a number in digits, as 3 or 12.50."))
    if attribute.type == AttributeType.DATE and _day_of(text) is None:
        raise ValidationError(_("Write a day, as 2026-12-31."))
    if attribute.type == AttributeType.CHOICE and text not in attribute.choices:
        choices = ", ".join(attribute.choices)
        raise ValidationError(_("Write one of its values: %(choices)s.") % {"choices": choices})
    return text


def _day_of(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None
