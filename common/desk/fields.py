"""Form fields of the desk that take one notation and no look-alike of it."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

MOST_POINTS = 10**15
EARLIEST = date(1800, 1, 1)
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?\Z")
FIGURE = re.compile(r"[0-9]{1,16}\Z")


class PointsField(forms.IntegerField):
    """Whole points from 1 on. Django's own field takes 1_000, 10.0 and digits of every script for a number."""

    default_error_messages = {"invalid": _("Write a whole number of points in digits only, as 1450.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MOST_POINTS, **options)
        self.widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "number"})

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text and not FIGURE.match(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class DayField(forms.DateField):
    """A day, picked or typed; one of the first there are begins at a time that not every zone can tell."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"widget": forms.DateInput({"type": "date"}, "%Y-%m-%d")} | options))
        self.validators.append(MinValueValidator(EARLIEST))


class NoteField(forms.CharField):
    """Free text that is kept where it can be erased."""

    def __init__(self, **options: Any) -> None:
        defaults: dict[str, Any] = {
            "label": _("Note"),
            "help_text": _("For colleagues; never shown to the customer. It goes when the customer is erased."),
            "max_length": 500,
            "required": False,
            "widget": forms.Textarea(attrs={"rows": 2}),
        }
        super().__init__(**(defaults | options))


class PickedMoment(forms.TextInput):
    input_type = "datetime-local"


class MomentField(forms.CharField):
    """A time as a browser's picker writes it, in the zone the form sets; in UTC once cleaned, None where empty."""

    zone: tzinfo = UTC

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=PickedMoment(), **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip()
        if not text:
            return None
        try:
            if not MOMENT.match(text):
                raise ValueError
            return datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("Write day and time, as 2026-01-31 14:30."), code="invalid") from error


class ReasonField(forms.CharField):
    """A reason in words; the suggestions are there to be picked or typed over."""

    def __init__(self, *, suggestions: tuple[Any, ...] = (), **options: Any) -> None:
        defaults: dict[str, Any] = {
            "label": _("Reason"),
            "help_text": _("Stands in the history with your name."),
            "max_length": 100,
            "widget": Suggesting(suggestions),
        }
        super().__init__(**(defaults | options))


def offer(form: forms.Form, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    """Set what can be chosen in a field."""
    field: Any = form.fields[name]
    field.choices = choices


class Suggesting(forms.TextInput):
    """A text with a list of suggestions, which works without a script."""

    def __init__(self, suggestions: tuple[Any, ...]) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self.suggestions = suggestions

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        listed = f"{(attrs or {}).get('id', name)}_suggestions"
        field = super().render(name, value, {**(attrs or {}), "list": listed}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((one,) for one in self.suggestions))
        return format_html('{}<datalist id="{}">{}</datalist>', field, listed, options)
