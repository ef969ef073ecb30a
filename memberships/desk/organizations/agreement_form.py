"""The form of an agreement: what the verbs take as AgreementTerms, field by field."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import DayField, ReasonField, offer
from customers.models import EmployeeGroup
from memberships.agreement_terms import AgreementTerms
from memberships.models import AgreementForm, Membership
from programs.models import Benefit, LeavingRule, Tier, TierGroup

FORMS = (
    (AgreementForm.STANDARD, gettext_lazy("Each person has points of their own")),
    (AgreementForm.SHARED, gettext_lazy("Points go into the organization's pool, which all of them use")),
)
LEAVING = (
    (LeavingRule.LEAVE_BEHIND, gettext_lazy("Points stay in the pool")),
    (LeavingRule.BY_CONTRIBUTION, gettext_lazy("The person takes along what they brought and earned")),
)
MOST = 10_000_000
# What follows in the form upon what people get.
HOW = ("form", "leaving_rule", "maximum", "reason", "version")


class AgreementTermsForm(forms.Form):
    """One select per ladder of the program, one box per benefit."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("As colleagues will look for it: Sales 2026."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    employee_group = forms.ModelChoiceField(
        label=gettext_lazy("For whom"),
        queryset=EmployeeGroup.objects.none(),
        required=False,
        empty_label=gettext_lazy("everybody of the organization"),
        help_text=gettext_lazy("Two agreements never meet for the same people on the same day."),
    )
    valid_from = DayField(label=gettext_lazy("First day"))
    valid_until = DayField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Empty: open until it is ended.")
    )
    form = forms.ChoiceField(
        label=gettext_lazy("Points"), choices=FORMS, initial=AgreementForm.STANDARD, widget=forms.RadioSelect
    )
    leaving_rule = forms.ChoiceField(
        label=gettext_lazy("When a person leaves the pool"),
        choices=LEAVING,
        initial=LeavingRule.LEAVE_BEHIND,
        widget=forms.RadioSelect,
    )
    maximum = forms.IntegerField(
        label=gettext_lazy("Most memberships"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("Empty: any number."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "number"}),
    )

    def __init__(self, *args: Any, umbrella: Membership, **options: Any) -> None:
        super().__init__(*args, **options)
        group: Any = self.fields["employee_group"]
        group.queryset = EmployeeGroup.objects.filter(organization=umbrella.organization_id).order_by("code")
        for ladder, tiers in _ladders(umbrella.program_id):
            self.fields[f"tier-{ladder.pk}"] = forms.ChoiceField(
                label=_("Tier: %(ladder)s") % {"ladder": ladder.name}, required=False
            )
            offer(self, f"tier-{ladder.pk}", [("", _("none")), *((str(one.pk), one.name) for one in tiers)])
        benefits = list(Benefit.objects.filter(program=umbrella.program_id).order_by("code"))
        if benefits:
            self.fields["benefits"] = forms.MultipleChoiceField(
                label=_("Benefits"), required=False, widget=forms.CheckboxSelectMultiple
            )
            offer(self, "benefits", [(str(one.pk), one.name) for one in benefits])
        given = [name for name in self.fields if name.startswith("tier-")]
        self.order_fields(["name", "employee_group", "valid_from", "valid_until", *given, "benefits", *HOW])

    def terms(self) -> AgreementTerms:
        """What the valid form says."""
        given = self.cleaned_data
        tiers = (given[name] for name in self.fields if name.startswith("tier-"))
        group = given["employee_group"]
        return AgreementTerms(
            name=given["name"],
            employee_group_id=group and group.pk,
            valid_from=given["valid_from"],
            valid_until=given["valid_until"],
            form=given["form"],
            leaving_rule=given["leaving_rule"],
            maximum=given["maximum"],
            tiers=tuple(sorted(int(one) for one in tiers if one)),
            benefits=tuple(sorted(int(one) for one in given.get("benefits", ()))),
        )


class AmendForm(AgreementTermsForm):
    """With the version that was looked at, and why."""

    reason = ReasonField(suggestions=(gettext_lazy("Agreed with the organization"), gettext_lazy("Entered by mistake")))
    version = forms.IntegerField(widget=forms.HiddenInput)


def initial_of(terms: AgreementTerms, program_id: int) -> dict[str, Any]:
    """The fields as the terms stand."""
    ladder_of = {tier.pk: ladder.pk for ladder, tiers in _ladders(program_id) for tier in tiers}
    return {
        "name": terms.name,
        "employee_group": terms.employee_group_id,
        "valid_from": terms.valid_from,
        "valid_until": terms.valid_until,
        "form": terms.form,
        "leaving_rule": terms.leaving_rule,
        "maximum": terms.maximum,
        "benefits": [str(pk) for pk in terms.benefits],
        **{f"tier-{ladder_of[pk]}": str(pk) for pk in terms.tiers if pk in ladder_of},
    }


def _ladders(program_id: int) -> Iterator[tuple[TierGroup, Sequence[Tier]]]:
    """With their rungs, the highest first."""
    for ladder in TierGroup.objects.filter(program=program_id).order_by("pk"):
        yield ladder, list(Tier.objects.filter(group=ladder).order_by("-rank"))
