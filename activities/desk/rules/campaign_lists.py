"""Tasks about the list of a campaign: who is put on it, by number or from another program, and who is taken off."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.campaigns import put_members_of, put_on_list, take_back, take_off
from activities.campaigns.of_another_program import READ
from activities.desk.rules.campaign_tasks import CampaignTask
from activities.models import CampaignMember, Eligibility
from common.desk.fields import offer
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import figure
from programs.models import Label, Program, Tier

MOST_NUMBERS = 20_000
# Numbers that are named in a sentence.
SOME = 10
NOTHING = ("", gettext_lazy("all of them"))


class ListForm(forms.Form):
    numbers = forms.CharField(
        label=gettext_lazy("Member numbers"),
        help_text=gettext_lazy(
            "One a line, or with commas or blanks between them; pasted from a sheet, 20,000 at most."
        ),
        max_length=600_000,
        widget=forms.Textarea({"rows": 8, "class": "code", "spellcheck": "false"}),
    )

    def clean_numbers(self) -> list[str]:
        found = [one for one in re.split(r"[\s,;]+", self.cleaned_data["numbers"]) if one]
        if len(found) > MOST_NUMBERS:
            raise ValidationError(_("These are %(n)s numbers: send 20,000 at most.") % {"n": figure(len(found))})
        return found


class ListTask(CampaignTask):
    def obstacles(self) -> Sequence[str]:
        if self.campaign.eligibility != Eligibility.LIST:
            whom = {"whom": self.campaign.get_eligibility_display()}
            return [
                _("It has no list: it is for %(whom)s.") % whom,
                _("Edit the campaign to be for memberships on a list; stop it first if it runs."),
            ]
        return []

    def figures(self) -> Sequence[Figure]:
        listed = CampaignMember.objects.filter(campaign=self.campaign, left_at__isnull=True).count()
        return [Figure("listed", _("Memberships on the list"), listed)]

    def put(self, put: int, *says: str) -> Outcome:
        """With the moment by which the receipt takes them back."""
        said = ngettext("%(n)s membership is put on the list.", "%(n)s memberships are put on the list.", put)
        facts: dict[str, Any] = {"campaign": self.campaign.pk}
        if put:
            facts["put_at"] = self.campaign.members.latest("joined_at").joined_at.isoformat()
        return Outcome([said % {"n": figure(put)}, *says], facts)

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        found = super().ways(facts)
        if "put_at" in facts:
            address = reverse("desk:campaign-take-back", args=[facts["campaign"]])
            found.append(Way(_("Take it back"), f"{address}?{urlencode({'put_at': facts['put_at']})}"))
        return found


class PutOnList(ListTask):
    title = gettext_lazy("Put memberships on the list")
    what = gettext_lazy(
        "The campaign applies to whoever is on its list. Numbers that are on it already change nothing."
    )
    confirm = gettext_lazy("Put them on the list")
    form_class = ListForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        put, unknown = put_on_list(self.campaign, actor=self.actor, numbers=given["numbers"])
        said = ngettext("Nobody has %(n)s of the numbers:", "Nobody has %(n)s of the numbers:", len(unknown))
        return self.put(put, *_listed(said, unknown))


class MembersOfForm(forms.Form):
    of_program = forms.ModelChoiceField(
        label=gettext_lazy("Who takes part in"), queryset=Program.objects.none(), empty_label=gettext_lazy("choose")
    )
    tier = forms.ChoiceField(
        label=gettext_lazy("With this tier or a higher one there"), required=False, choices=[NOTHING]
    )
    label = forms.ChoiceField(label=gettext_lazy("With this label there"), required=False, choices=[NOTHING])

    def __init__(self, *args: Any, others: Sequence[Program], **options: Any) -> None:
        super().__init__(*args, **options)
        programs: Any = self.fields["of_program"]
        programs.queryset = Program.objects.filter(pk__in=[one.pk for one in others]).order_by("name")
        self.tiers = {str(one.pk): one for one in _tiers(others)}
        self.labels = {str(one.pk): one for one in _labels(others)}
        tiers = ((one.group.program, pk, f"{one.name} ({one.group.name})") for pk, one in self.tiers.items())
        labels = ((one.program, pk, one.name) for pk, one in self.labels.items())
        offer(self, "tier", [NOTHING, *_by_program(tiers)])
        offer(self, "label", [NOTHING, *_by_program(labels)])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["tier"] = tier = self.tiers.get(given.get("tier", ""))
        given["label"] = label = self.labels.get(given.get("label", ""))
        program = given.get("of_program")
        if program is not None and tier is not None and tier.group.program != program:
            self.add_error("tier", _not_of(program, tier.name, tier.group.program))
        if program is not None and label is not None and label.program != program:
            self.add_error("label", _not_of(program, label.name, label.program))
        return given


class PutMembersOf(ListTask):
    title = gettext_lazy("Put members of another program on the list")
    what = gettext_lazy(
        "Who takes part in this program and in the one you choose is put on the list: an offer to people you know "
        "from elsewhere. The preview says how many they are."
    )
    confirm = gettext_lazy("Put them on the list")
    form_class = MembersOfForm

    def form_options(self) -> dict[str, Any]:
        return {"others": self._others()}

    def obstacles(self) -> Sequence[str]:
        if found := super().obstacles():
            return found
        return [] if self._others() else [_("There is no other program whose memberships you may see.")]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        program = given["of_program"]
        found = put_members_of(
            self.campaign, actor=self.actor, program=program, tier=given["tier"], label=given["label"]
        )
        names = {"other": program.name, "here": self.campaign.program.name}
        there = ngettext("%(n)s member of %(other)s fits.", "%(n)s members of %(other)s fit.", found.there) % {
            "n": figure(found.there),
            **names,
        }
        here = ngettext(
            "%(n)s of them takes part in %(here)s too.", "%(n)s of them take part in %(here)s too.", found.here
        ) % {"n": figure(found.here), **names}
        return self.put(found.put, there, here, *_whom(given))

    def _others(self) -> list[Program]:
        """Which other programs' memberships the user may see."""
        visible = Program.objects.visible_to(self.actor).exclude(pk=self.campaign.program_id)
        return [one for one in visible.order_by("name") if self.may(READ, one.pk)]


class TakeOff(ListTask):
    title = gettext_lazy("Take memberships off the list")
    what = gettext_lazy("The campaign gives them nothing from now on. What it gave them stays.")
    confirm = gettext_lazy("Take them off the list")
    form_class = ListForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        taken, unknown = take_off(self.campaign, actor=self.actor, numbers=given["numbers"])
        said = ngettext("%(n)s of the numbers is not on it:", "%(n)s of the numbers are not on it:", len(unknown))
        return self.done(_taken(taken), *_listed(said, unknown))


class TakeBackForm(forms.Form):
    put_at = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def clean_put_at(self) -> datetime:
        try:
            at = datetime.fromisoformat(self.cleaned_data["put_at"])
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise ValidationError(_("This link is broken: go back to the receipt and follow its link again."))
        return at


class TakeBack(ListTask):
    title = gettext_lazy("Take a list back")
    what = gettext_lazy(
        "Takes those off the list again who were put on it in that one step. Who stood on it before stays; what the "
        "campaign gave meanwhile stays too."
    )
    confirm = gettext_lazy("Take them off again")
    form_class = TakeBackForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        return self.done(_taken(take_back(self.campaign, put_at=given["put_at"], actor=self.actor)))


def _not_of(program: Program, name: str, home: Program) -> str:
    words = {"name": name, "home": home.name, "program": program.name}
    return _("%(name)s belongs to %(home)s: choose one of %(program)s.") % words


def _taken(taken: int) -> str:
    said = ngettext("%(n)s membership is taken off the list.", "%(n)s memberships are taken off the list.", taken)
    return said % {"n": figure(taken)}


def _listed(said: str, numbers: Sequence[str]) -> list[str]:
    """The sentence with the first of the numbers; nothing where there are none."""
    some = ", ".join(numbers[:SOME]) + (" …" if len(numbers) > SOME else "")
    return [f"{said % {'n': figure(len(numbers))}} {some}"] if numbers else []


def _whom(given: dict[str, Any]) -> list[str]:
    tier, label = given["tier"], given["label"]
    found = [_("Only with the tier %(tier)s or a higher one.") % {"tier": tier.name}] if tier else []
    return [*found, *([_("Only with the label %(label)s.") % {"label": label.name}] if label else [])]


def _tiers(programs: Iterable[Program]) -> list[Tier]:
    found = Tier.objects.filter(group__program__in=list(programs)).select_related("group__program")
    return list(found.order_by("group__program__name", "group__name", "rank"))


def _labels(programs: Iterable[Program]) -> list[Label]:
    found = Label.objects.filter(program__in=list(programs)).select_related("program")
    return list(found.order_by("program__name", "name"))


def _by_program(found: Iterable[tuple[Program, str, str]]) -> list[tuple[str, Any]]:
    """Choices under the name of the program each belongs to."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for program, key, name in found:
        sections.setdefault(program.name, []).append((key, name))
    return list(sections.items())
