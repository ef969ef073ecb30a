"""A row of a condition as a small form: which comparison, with which values, as its field asks for them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.rules.comparisons import COMPARISONS, FieldKind, Literal
from activities.rules.fields import Field
from activities.rules.rows import Row
from common.desk.fields import DayField

WORDY = frozenset({FieldKind.TEXT, FieldKind.ITEMS, FieldKind.DETAIL})
LISTED = frozenset({FieldKind.CHOICE, FieldKind.PERIOD, FieldKind.LABELS})
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?\Z")
PLAIN = {"autocomplete": "off"}
NUMERIC = {"autocomplete": "off", "inputmode": "decimal", "class": "number"}


class ConditionForm(forms.Form):
    comparison = forms.ChoiceField(label=gettext_lazy("Comparison"))

    def __init__(self, *args: Any, asked: Field, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked = asked
        self.comparisons = COMPARISONS[asked.kind]
        comparison: Any = self.fields["comparison"]
        comparison.choices = [(key, one.label) for key, one in self.comparisons.items()]
        if asked.kind is FieldKind.DETAIL:
            name = forms.CharField(label=_("Name of the detail"), max_length=40, widget=forms.TextInput(PLAIN))
            self.fields["name"] = name
            self.order_fields(["name", "comparison"])
        if asked.kind is not FieldKind.FLAG:
            self.fields["values"] = _values_field(asked)

    def clean_name(self) -> str:
        return _plain(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "values" in given and "comparison" in given:
            try:
                given["values"] = self._typed(given["values"], given["comparison"])
            except ValidationError as error:
                self.add_error("values", error)
        return given

    def row(self) -> Row:
        """What the valid form says."""
        given = self.cleaned_data
        return Row(self.asked.key, given["comparison"], tuple(given.get("values", ())), given.get("name", ""))

    def _typed(self, value: Any, key: str) -> list[str]:
        comparison = self.comparisons[key]
        if self.asked.kind in LISTED:
            return list(value)
        if self.asked.kind not in WORDY:
            return [str(value)]
        values = _split(value) if comparison.several else [_plain(value)]
        if comparison.literal is Literal.NUMBER and not NUMBER.match(values[0]):
            raise ValidationError(_("Write a number in digits, as 3 or 12.50."))
        return values


def initial_of(row: Row) -> dict[str, Any]:
    """The form as the row stands."""
    return {"comparison": row.comparison, "values": row.values, "name": row.name}


def shown_initial(row: Row, asked: Field) -> dict[str, Any]:
    """Values as the field of the form takes them."""
    found = initial_of(row)
    if asked.kind in WORDY:
        found["values"] = ", ".join(row.values)
    elif asked.kind not in LISTED:
        found["values"] = row.values[0] if row.values else ""
    return found


def can_be_shown(row: Row, asked: Field) -> bool:
    """A text with a comma in it would be taken for two."""
    return asked.kind not in WORDY or all(value == value.strip() and "," not in value for value in row.values)


def choices_of_fields(fields: Mapping[str, Field]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """For a select, in sections."""
    sections: dict[str, list[tuple[str, Any]]] = {}
    for one in fields.values():
        sections.setdefault(str(one.section), []).append((one.key, one.label))
    return list(sections.items())


def _values_field(asked: Field) -> forms.Field:
    common: dict[str, Any] = {"label": _("Value"), "help_text": asked.help}
    if asked.kind in LISTED:
        choices = list(asked.choices.items())
        common["label"] = _("Values")
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)
    if asked.kind is FieldKind.RUNG:
        return forms.ChoiceField(choices=list(asked.choices.items()), **common)
    if asked.kind is FieldKind.DATE:
        return DayField(**common)
    if asked.kind is FieldKind.WHOLE:
        return WholeField(max_value=10**15, **common)
    if asked.kind is FieldKind.NUMBER:
        if asked.unit:
            common["label"] = _("Value in %(unit)s") % {"unit": asked.unit}
        return NumberField(**common)
    return forms.CharField(max_length=200, widget=forms.TextInput(PLAIN), **common)


class WholeField(forms.IntegerField):
    """Digits only, 0 or more."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(NUMERIC | {"inputmode": "numeric"})
        defaults: dict[str, Any] = {"min_value": 0, "widget": widget}
        super().__init__(**(defaults | options))

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip() if value != 0 else "0"
        if text and not re.fullmatch(r"-?[0-9]{1,16}", text):
            raise ValidationError(_("Write a whole number in digits only, as 1450."), code="invalid")
        return super().to_python(text)


class NumberField(forms.CharField):
    """A number as people write it, kept as it was typed: 12.50 stays 12.50."""

    def __init__(self, *, above_zero: bool = False, **options: Any) -> None:
        super().__init__(**({"widget": forms.TextInput(NUMERIC)} | options))
        self.above_zero = above_zero

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).strip()
        if text and not NUMBER.match(text):
            raise ValidationError(_("Write a number in digits, as 3 or 12.50."), code="invalid")
        if text and self.above_zero and Decimal(text) <= 0:
            raise ValidationError(_("Write a number above 0."), code="invalid")
        return text


def _split(text: str) -> list[str]:
    """Each value once, in the order typed."""
    values = dict.fromkeys(_plain(one) for one in text.split(",") if one.strip())
    if not values:
        raise ValidationError(_("Write at least one value."))
    return list(values)


def _plain(text: str) -> str:
    if CONTROL.search(text):
        raise ValidationError(_("Write letters, digits and signs only."))
    return text.strip()
