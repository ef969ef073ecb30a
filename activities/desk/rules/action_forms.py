"""The actions of a rule as forms, a class a kind: what is filled in, and what is kept of it."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules.condition_forms import PLAIN, NumberField, WholeField
from activities.rules.vocabulary import Vocabulary
from common.desk.fields import PointsField, offer

MOST_POINTS = 10**9
Action = dict[str, Any]
ROUNDINGS = [
    ("down", gettext_lazy("down: full amounts only")),
    ("half_up", gettext_lazy("to the nearest")),
    ("up", gettext_lazy("up")),
]


class ActionForm(forms.Form):
    """`key` tells kinds apart in the page; `do` is what is kept, `variant` a key that only this kind has."""

    key: ClassVar[str]
    do: ClassVar[str]
    label: ClassVar[Any]
    variant: ClassVar[str] = ""
    # Where what is kept has another name than the field.
    POINTERS: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, words: Vocabulary, **options: Any) -> None:
        super().__init__(*args, **options)
        self.words = words
        self.prepare()

    def prepare(self) -> None:
        """Fill in what can be chosen."""

    @classmethod
    def reads(cls, action: Action) -> bool:
        return action.get("do") == cls.do and (not cls.variant or cls.variant in action)

    @classmethod
    def possible(cls, words: Vocabulary) -> bool:
        """Whether the program has what the action needs."""
        return True

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        return action

    def action(self) -> Action:
        """As it is kept: what was left open is left out."""
        return {"do": self.do, **{name: value for name, value in self.kept().items() if value not in (None, "", [])}}

    def kept(self) -> dict[str, Any]:
        return self.cleaned_data


class OfPoints(ActionForm):
    """With the point type, which is only asked where there are several."""

    point_type = forms.ChoiceField(label=gettext_lazy("Which points"))

    def prepare(self) -> None:
        """The program's usual type stands first, and is kept as none."""
        offer(self, "point_type", list(self.words.point_types.items()))
        if set(self.words.point_types) == {self.words.default_type}:
            del self.fields["point_type"]
        last = [name for name in ("rounding", "expires_days") if name in self.fields]
        self.order_fields([*(one for one in self.fields if one not in ("point_type", *last)), "point_type", *last])

    def action(self) -> Action:
        action = super().action()
        if action.get("point_type") == self.words.default_type:
            del action["point_type"]
        return action

    @classmethod
    def possible(cls, words: Vocabulary) -> bool:
        return bool(words.point_types)

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        return {"rounding": "down", "if_short": "skip", **action}


class Expires(forms.Form):
    expires_days = WholeField(
        label=gettext_lazy("Usable for days"),
        help_text=gettext_lazy("Empty: as long as points of that type usually are."),
        required=False,
        min_value=1,
        max_value=36_500,
    )


class FixedCredit(OfPoints, Expires):
    key, do, variant = "credit-fixed", "credit", "points"
    label = gettext_lazy("Give a fixed number of points")
    points = PointsField(label=gettext_lazy("Points"), help_text=gettext_lazy("As 500."))

    @classmethod
    def reads(cls, action: Action) -> bool:
        return super().reads(action) and "per" not in action


class PerAmountCredit(OfPoints, Expires):
    key, do, variant = "credit-per", "credit", "per"
    label = gettext_lazy("Give points for every amount")
    points = PointsField(label=gettext_lazy("Points"), help_text=gettext_lazy("As 2."))
    per = NumberField(above_zero=True, label=gettext_lazy("for every"), help_text=gettext_lazy("As 1.00 or 10."))
    of = forms.ChoiceField(
        label=gettext_lazy("of"),
        choices=[
            ("amount", gettext_lazy("the whole amount")),
            ("items", gettext_lazy("the items named below, all where none are named")),
        ],
    )
    categories = forms.CharField(
        label=gettext_lazy("Categories"),
        help_text=gettext_lazy("As shoes, hats."),
        required=False,
        max_length=400,
        widget=forms.TextInput(PLAIN),
    )
    skus = forms.CharField(
        label=gettext_lazy("Articles"),
        help_text=gettext_lazy("Their numbers, with commas between them."),
        required=False,
        max_length=400,
        widget=forms.TextInput(PLAIN),
    )
    rounding = forms.ChoiceField(label=gettext_lazy("Rounded"), choices=ROUNDINGS)

    def prepare(self) -> None:
        super().prepare()
        self.fields["per"].label = _("for every (%(currency)s)") % {"currency": self.words.currency}

    @classmethod
    def initial_of(cls, action: Action) -> dict[str, Any]:
        listed = {name: ", ".join(action.get(name, ())) for name in ("categories", "skus")}
        return super().initial_of({"of": "amount", **action, **listed})

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("of") == "amount" and (given.get("categories") or given.get("skus")):
            self.add_error("of", _("To count only some items, choose the items here; else empty the names below."))
        return given

    def kept(self) -> dict[str, Any]:
        given = {**self.cleaned_data}
        for name in ("categories", "skus"):
            given[name] = list(dict.fromkeys(one.strip() for one in given[name].split(",") if one.strip()))
        usual = {"of": "amount", "rounding": "down"}
        return {name: value for name, value in given.items() if usual.get(name) != value}


class ExpressionCredit(OfPoints, Expires):
    key, do, variant = "credit-expression", "credit", "expression"
    label = gettext_lazy("Give points worked out by an expression")
    expression = forms.CharField(
        label=gettext_lazy("Expression"),
        help_text=gettext_lazy(
            "A whole number of points, as activity.points / 2. What can stand in it is listed below."
        ),
        max_length=500,
        widget=forms.Textarea({"rows": 2, "class": "code", "spellcheck": "false"}),
    )


class Multiply(OfPoints):
    key = do = "multiply"
    label = gettext_lazy("Multiply what the rules before it gave")
    factor = NumberField(
        above_zero=True,
        label=gettext_lazy("Times"),
        help_text=gettext_lazy("As 2 for double points, 1.5 for half as much again."),
    )
    rounding = forms.ChoiceField(label=gettext_lazy("Rounded"), choices=ROUNDINGS)

    def kept(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if (name, value) != ("rounding", "down")}


class FixedDebit(OfPoints):
    key, do, variant = "debit-fixed", "debit", "points"
    label = gettext_lazy("Take points")
    points = PointsField(label=gettext_lazy("Points"))
    if_short = forms.ChoiceField(
        label=gettext_lazy("Where there are fewer"),
        choices=[("skip", gettext_lazy("take none")), ("all", gettext_lazy("take all there are"))],
    )


class ExpressionDebit(FixedDebit):
    key, do, variant = "debit-expression", "debit", "expression"
    label = gettext_lazy("Take points worked out by an expression")
    points = None  # type: ignore[assignment]  # how Django leaves an inherited field out
    expression = ExpressionCredit.base_fields["expression"]
