"""Tasks that say something of a membership by hand: a tier, an attribute, a label (domain 1.7)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import clock
from common.desk.fields import DayField, ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day
from memberships.attributes import set_attribute, values_of
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.labels import add_label, labels_by_code, labels_of, remove_label
from memberships.ladders import ladders_of
from memberships.standings import set_standing, tiers_of
from programs.attributes import definition_of, definitions_of, read_value, written
from programs.design import Design
from programs.expiry import end_of_day


class DescribingTask(MembershipTask):
    """A form of the design's codes; a membership that ended is past it."""

    action = "memberships:manage"
    # What a program without any is told.
    none: ClassVar[Any]

    def codes(self) -> Sequence[tuple[str, str]]:
        """What can be chosen, with its name."""
        raise NotImplementedError

    def obstacles(self) -> Sequence[str]:
        if not self.membership.current:
            return [_("The membership has ended.")]
        return [] if self.codes() else [str(self.none)]

    def form_options(self) -> dict[str, Any]:
        return {"choices": self.codes(), "design": self.design}

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        ladders = Way(_("Tiers, attributes and labels"), reverse("desk:tiers", args=[facts["membership"]]), main=True)
        return [ladders, membership_page(facts["membership"])]

    def done(self, *says: str) -> Outcome:
        return Outcome(says, {"membership": self.membership.pk})


class ChoosingForm(forms.Form):
    chosen = forms.ChoiceField()

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], design: Design, **options: Any) -> None:
        super().__init__(*args, **options)
        self.design = design
        chosen: Any = self.fields["chosen"]
        chosen.choices = choices


class TierForm(ChoosingForm):
    chosen = forms.ChoiceField(label=gettext_lazy("Tier"))
    until = DayField(
        label=gettext_lazy("Kept through"), help_text=gettext_lazy("No review lowers the tier on or before this day.")
    )
    reason = ReasonField(
        suggestions=(gettext_lazy("Goodwill after a complaint"), gettext_lazy("Status matched from another program"))
    )

    def clean_until(self) -> date:
        given: date = self.cleaned_data["until"]
        if given < clock.program_now(self.design.program).astimezone(self.design.zone).date():
            raise ValidationError(_("The day until which the tier is kept must lie ahead."))
        return given


class SetTier(DescribingTask):
    title = gettext_lazy("Set a tier")
    what = gettext_lazy(
        "Puts the membership on a rung by hand and keeps it there through the day you name. Afterwards the next review "
        "decides again by what was earned."
    )
    confirm = gettext_lazy("Set tier")
    form_class = TierForm
    none = gettext_lazy("The program has no tiers.")

    def codes(self) -> Sequence[tuple[str, str]]:
        return [
            (f"{ladder.group.code}/{tier.code}", f"{ladder.group.name}: {tier.name}")
            for ladder in ladders_of(self.design)
            for tier in reversed(ladder.tiers)
        ]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        group, code = given["chosen"].split("/")
        ladder = next(one for one in ladders_of(self.design) if one.group.code == group)
        tier = next(one for one in ladder.tiers if one.code == code)
        until = end_of_day(given["until"], self.design.zone)
        set_standing(self.membership, tier=tier, reason=given["reason"], until=until, actor=self.actor)
        told = {"tier": tier.name, "day": day(given["until"])}
        return self.done(_("The membership stands on %(tier)s, and is not lowered through %(day)s.") % told)

    def figures(self) -> Sequence[Figure]:
        tiers = tiers_of([self.membership.pk], design=self.design)[self.membership.pk]
        return [Figure(f"tier/{code}", tier.group.name, tier.name) for code, tier in sorted(tiers.items())]


class AttributeForm(ChoosingForm):
    chosen = forms.ChoiceField(label=gettext_lazy("Attribute"))
    value = forms.CharField(
        label=gettext_lazy("Value"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("A number as 1.5, yes or no, a date as 2026-12-31. Empty: back to the default."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    reason = ReasonField(suggestions=(gettext_lazy("Corrected"), gettext_lazy("Told by the customer")))


class SetAttribute(DescribingTask):
    title = gettext_lazy("Set an attribute")
    what = gettext_lazy(
        "Writes the value of one attribute by hand. Rules read it from the next activity on; where the attribute feeds "
        "a ladder of tiers, the membership may rise at once."
    )
    confirm = gettext_lazy("Set attribute")
    form_class = AttributeForm
    none = gettext_lazy("The program has no attributes.")

    def codes(self) -> Sequence[tuple[str, str]]:
        return [(code, one.name) for code, one in definitions_of(self.design).items()]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        definition = definition_of(self.design, given["chosen"])
        text = given["value"].strip()
        value = read_value(definition, text) if text else None
        set_attribute(self.membership, code=definition.code, value=value, actor=self.actor, reason=given["reason"])
        if value is None:
            return self.done(_("%(name)s is back to its default.") % {"name": definition.name})
        return self.done(_("%(name)s is %(value)s.") % {"name": definition.name, "value": written(value)})

    def figures(self) -> Sequence[Figure]:
        values = values_of([self.membership.pk], design=self.design)[self.membership.pk]
        tiers = tiers_of([self.membership.pk], design=self.design)[self.membership.pk]
        return [
            *(
                Figure(f"attribute/{code}", one.name, written(values.get(code)) or None)
                for code, one in definitions_of(self.design).items()
            ),
            *(Figure(f"tier/{code}", tier.group.name, tier.name) for code, tier in sorted(tiers.items())),
        ]


class LabelForm(ChoosingForm):
    chosen = forms.ChoiceField(label=gettext_lazy("Label"))
    reason = ReasonField(suggestions=(gettext_lazy("Told by the customer"), gettext_lazy("Put on by mistake")))


class LabelTask(DescribingTask):
    form_class = LabelForm

    def present(self) -> frozenset[str]:
        return labels_of([self.membership.pk])[self.membership.pk]

    def figures(self) -> Sequence[Figure]:
        labels = labels_by_code(self.design)
        names = ", ".join(sorted(labels[code].name for code in self.present()))
        return [Figure("labels", _("Labels"), names or None)]


class AddLabel(LabelTask):
    title = gettext_lazy("Add a label")
    what = gettext_lazy("Puts a label on the membership. Rules and campaigns that ask for it count the membership in.")
    confirm = gettext_lazy("Add label")
    none = gettext_lazy("There is no label that the membership does not have.")

    def codes(self) -> Sequence[tuple[str, str]]:
        present = self.present()
        return [(code, one.name) for code, one in labels_by_code(self.design).items() if code not in present]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        add_label(self.membership, code=given["chosen"], actor=self.actor, reason=given["reason"])
        return self.done(_("The label %(name)s is on.") % {"name": labels_by_code(self.design)[given["chosen"]].name})


class RemoveLabel(LabelTask):
    title = gettext_lazy("Remove a label")
    what = gettext_lazy("Takes a label off the membership. What rules gave because of it stays.")
    confirm = gettext_lazy("Remove label")
    none = gettext_lazy("There is no label on the membership.")

    def codes(self) -> Sequence[tuple[str, str]]:
        labels = labels_by_code(self.design)
        return [(code, labels[code].name) for code in sorted(self.present())]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        remove_label(self.membership, code=given["chosen"], actor=self.actor, reason=given["reason"])
        return self.done(_("The label %(name)s is off.") % {"name": labels_by_code(self.design)[given["chosen"]].name})
