"""What every rule has: its name and place, what it is about, its limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules.condition_forms import PLAIN, WholeField
from activities.models import Campaign, RewardRule, RuleGroup, RuleStatus
from activities.rules.vocabulary import Vocabulary
from common.desk.fields import DayField, offer
from programs.models import Program

SCOPES = (
    ("day", gettext_lazy("Each membership, a day")),
    ("member", gettext_lazy("Each membership, in all")),
    ("program", gettext_lazy("All memberships together")),
)
LOWEST, HIGHEST = -1000, 1000


class HeadForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Colleagues and members read it where points are explained: Double points on Sundays."),
        max_length=120,
        widget=forms.TextInput(PLAIN),
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy("For reports and files; made from the name where it is empty. It stays for ever."),
        required=False,
        max_length=40,
        widget=forms.TextInput(PLAIN),
    )
    description = forms.CharField(
        label=gettext_lazy("What it is for"), required=False, max_length=500, widget=forms.Textarea({"rows": 2})
    )
    group = forms.ModelChoiceField(
        label=gettext_lazy("Group"),
        help_text=gettext_lazy(
            "Groups are asked one after the other. In some only the first rule that matches applies."
        ),
        queryset=RuleGroup.objects.none(),
        empty_label=None,
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        help_text=gettext_lazy(
            "In its group the highest is asked first. A rule that multiplies comes after what it multiplies."
        ),
        min_value=LOWEST,
        max_value=HIGHEST,
        initial=0,
        widget=forms.TextInput(PLAIN | {"inputmode": "numeric", "class": "number"}),
    )
    campaign = forms.ModelChoiceField(
        label=gettext_lazy("Campaign"),
        help_text=gettext_lazy("The rule applies while the campaign runs, to its members, within its budget."),
        queryset=Campaign.objects.none(),
        required=False,
        empty_label=gettext_lazy("none"),
    )
    valid_from = DayField(label=gettext_lazy("First day"), required=False, help_text=gettext_lazy("Empty: at once."))
    valid_until = DayField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Empty: until it is retired.")
    )
    activity_types = forms.MultipleChoiceField(label=gettext_lazy("Activities"), widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, program: Program, words: Vocabulary, rule: RewardRule | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.program, self.rule = program, rule
        group: Any = self.fields["group"]
        campaign: Any = self.fields["campaign"]
        group.queryset = RuleGroup.objects.filter(program=program).order_by("rank", "pk")
        group.label_from_instance = lambda one: f"{one.name} ({one.get_mode_display()})"
        campaign.queryset = Campaign.objects.filter(program=program).order_by("-valid_from", "pk")
        if self.is_in_force or not group.queryset.exists():
            del self.fields["group"]
        if self.is_in_force or not campaign.queryset.exists():
            del self.fields["campaign"]
        if rule is not None:
            del self.fields["code"]
        offer(self, "activity_types", list(words.activity_types.items()))

    @property
    def is_in_force(self) -> bool:
        """Its group and campaign stay then: they are no part of what is released."""
        return self.rule is not None and self.rule.status == RuleStatus.RELEASED

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("valid_from"), given.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", _("The last day is before the first one."))
        if "code" in self.fields and given.get("name") and not self.errors:
            given["code"] = self._code(given)
        return given

    def _code(self, given: Mapping[str, Any]) -> str:
        """The one typed, which must be free, or one made from the name, which is."""
        taken = set(RewardRule.objects.filter(program=self.program).values_list("code", flat=True))
        typed = str(given.get("code") or "")
        if typed:
            if typed in taken:
                self.add_error("code", _("Another rule of this program has this code."))
            return typed
        return free_code(given["name"], taken)


class CapsForm(forms.Form):
    """How often, and how many points: once a scope."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for scope, label in SCOPES:
            of = {"scope": label}
            self.fields[f"{scope}_times"] = WholeField(
                label=_("Times: %(scope)s") % of, required=False, min_value=1, max_value=10**9
            )
            self.fields[f"{scope}_points"] = WholeField(
                label=_("Points: %(scope)s") % of, required=False, min_value=1, max_value=10**12
            )

    @property
    def lines(self) -> list[tuple[Any, Any, Any]]:
        """Scope in words, and its two fields."""
        return [(label, self[f"{scope}_times"], self[f"{scope}_points"]) for scope, label in SCOPES]

    def caps(self) -> list[dict[str, Any]]:
        given = self.cleaned_data
        found = []
        for scope, _label in SCOPES:
            limits = {name: given.get(f"{scope}_{name}") for name in ("times", "points")}
            set_ones = {name: limit for name, limit in limits.items() if limit is not None}
            if set_ones:
                found.append({"scope": scope, **set_ones})
        return found


def caps_initial(caps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {f"{cap.get('scope')}_{name}": cap.get(name) for cap in caps for name in ("times", "points")}


def free_code(name: str, taken: set[str]) -> str:
    """A slug of the name, with a number where another has it."""
    slug = slugify(name)[:36] or "rule"
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return slug if slug not in taken else next(one for one in numbered if one not in taken)
