"""What is agreed on: the terms of a change as a form, and the small forms of its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import PointsField, ReasonField, offer
from memberships.changes.plan import Proposal
from memberships.changes.policies import REFORMING
from memberships.models import ChangeKind, Membership, MembershipType
from programs.models import PointType, SplitPolicy

MERGE, SPLIT, FORM, ABSORB, JOIN = "merge", "split", "form", "absorb", "join"
# With so many the one who stays is on their own.
LEAST_TO_FOLLOW = 2
# What each way of dividing means for who leaves.
POLICY_WORDS = {
    SplitPolicy.BY_CONTRIBUTION: gettext_lazy("By contribution: what the leaver brought and what is left of it"),
    SplitPolicy.EQUAL: gettext_lazy("Equal shares: one part for each member"),
    SplitPolicy.RATIO: gettext_lazy("By a ratio: the leaver takes a percentage"),
    SplitPolicy.LEAVE_BEHIND: gettext_lazy("Left behind: the leaver takes no shared points along"),
    SplitPolicy.MANUAL: gettext_lazy("Figures by hand: the leaver takes exactly these points"),
}
RESULT_WORDS = {
    MembershipType.SHARED: gettext_lazy("Shared account: one pool of points, each keeps number, tier and cards"),
    MembershipType.GROUP: gettext_lazy("Group: one membership, one number, points and tier in common"),
    MembershipType.STANDARD: gettext_lazy("One standard membership: both records are the same person"),
}
# What a membership under an organization is like.
FORM_WORDS = {
    MembershipType.SHARED: gettext_lazy("Shared: the points that can be spent go into the organization's account"),
    MembershipType.STANDARD: gettext_lazy("Standard: the points stay the person's own"),
}
REASONS = {
    MERGE: (gettext_lazy("They want to collect together"), gettext_lazy("Enrolled twice by mistake")),
    SPLIT: (gettext_lazy("Separation"), gettext_lazy("Moved out"), gettext_lazy("A member died")),
    FORM: (gettext_lazy("At the members' wish"),),
    ABSORB: (gettext_lazy("Found card registered"),),
    JOIN: (gettext_lazy("Works there now"), gettext_lazy("The organization enrols its people")),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the terms are about. `kind` is the wizard's: a change of form is a merge of one side.

    `people` pairs of customer and shown name; `results` the types possible.
    """

    kind: str
    prime: Membership
    secondary: Membership | None
    people: Sequence[tuple[int, str]]
    results: Sequence[str]
    point_types: Sequence[PointType] = field(default=())
    pooled: bool = False


class TermsForm(forms.Form):
    """Only the fields the kind of change asks for."""

    def __init__(self, *args: Any, asked: Asked, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked = asked
        {
            MERGE: self._of_merge,
            SPLIT: self._of_split,
            FORM: self._of_form,
            ABSORB: self._of_absorption,
            JOIN: self._of_joining,
        }[asked.kind]()
        if asked.pooled:
            self.fields["freezes"] = forms.BooleanField(
                label=_("Nobody spends from the shared points until this is decided"), required=False
            )
        self.fields["reason"] = ReasonField(max_length=200, suggestions=REASONS[asked.kind])

    def _of_merge(self) -> None:
        """A group that is a side goes on with its main member."""
        self._results()
        sides = (self.asked.prime, self.asked.secondary)
        goes_on = any(one is not None and one.type == MembershipType.GROUP for one in sides)
        if MembershipType.GROUP in self.asked.results and not goes_on:
            self._person("main", _("Main member of the group"), _("Speaks for the group. For a group only."), False)

    def _of_split(self) -> None:
        self.fields["leaver"] = forms.ChoiceField(label=_("Who leaves"), widget=forms.RadioSelect)
        offer(self, "leaver", [(str(pk), name) for pk, name in self.asked.people])
        self._policy(_("How the points in common are divided"), tuple(SplitPolicy))
        if len(self.asked.people) > LEAST_TO_FOLLOW:
            help_text = _("Where the main member or the owner leaves; otherwise leave it empty.")
            self._person("main", _("Who takes over"), help_text, False)

    def _of_form(self) -> None:
        self._results()
        if MembershipType.GROUP in self.asked.results:
            self._person("main", _("Main member of the group"), _("Speaks for the group."), True)
        else:
            self._policy(_("How qualifying points are divided"), REFORMING)
            self._person("main", _("Owner of the shared account"), _("Empty: the main member of the group."), False)

    def _of_absorption(self) -> None:
        if self.asked.prime.type == MembershipType.GROUP:
            self._person("main", _("Who registers the card"), _("Only this person has to agree."), True)

    def _of_joining(self) -> None:
        self._results(_("Whose the points are"), FORM_WORDS)

    def _results(self, label: str = "", words: Mapping[MembershipType, Any] = RESULT_WORDS) -> None:
        self.fields["result_type"] = forms.ChoiceField(
            label=label or _("What they become"),
            widget=forms.RadioSelect,
            initial=next(iter(self.asked.results), None),
        )
        offer(self, "result_type", [(one, words[MembershipType(one)]) for one in self.asked.results])

    def _person(self, name: str, label: str, help_text: str, required: bool) -> None:
        self.fields[name] = forms.ChoiceField(label=label, help_text=help_text, required=required)
        empty = [] if required else [("", _("nobody chosen"))]
        offer(self, name, [*empty, *((str(pk), told) for pk, told in self.asked.people)])

    def _policy(self, label: str, allowed: Sequence[SplitPolicy]) -> None:
        default = SplitPolicy(self.asked.prime.program.split_policy)
        self.fields["policy"] = forms.ChoiceField(
            label=label, widget=forms.RadioSelect, initial=default if default in allowed else allowed[0]
        )
        offer(self, "policy", [(one.value, POLICY_WORDS[one]) for one in allowed])
        if SplitPolicy.RATIO in allowed:
            self._figures()

    def _figures(self) -> None:
        self.fields["leaver_share"] = forms.DecimalField(
            label=_("Leaver's share in percent"), help_text=_("For a ratio: 60 takes 60 of 100."), required=False,
            max_value=Decimal(100), max_digits=7, decimal_places=4,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "number", "autocomplete": "off"}),
        )  # fmt: skip
        for one in self.asked.point_types:
            label = _("Leaver's points: %(name)s") % {"name": one.name}
            self.fields[f"share-{one.code}"] = PointsField(
                label=label, required=False, help_text=_("For figures by hand. Empty: none.")
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("policy") == SplitPolicy.RATIO and given.get("leaver_share") is None:
            self.add_error("leaver_share", _("Write the leaver's share."))
        if given.get("policy") == SplitPolicy.MANUAL and not _shares(given):
            self.add_error(None, _("Write the leaver's points, at least of one kind."))
        if given.get("leaver") and given.get("leaver") == given.get("main"):
            self.add_error("main", _("Who leaves can't take over."))
        return given

    def proposal(self) -> Proposal:
        """What the filled-in form asks for; figures of another policy are left out."""
        given, asked = self.cleaned_data, self.asked
        policy = given.get("policy", "")
        result = given.get("result_type") or (asked.prime.type if asked.kind == ABSORB else "")
        wants_main = asked.kind != MERGE or result == MembershipType.GROUP
        return Proposal(
            kind=ChangeKind.MERGE if asked.kind == FORM else asked.kind,
            prime_id=asked.prime.pk,
            secondary_id=asked.secondary.pk if asked.secondary else None,
            leaver_id=_id(given.get("leaver")),
            main_id=_id(given.get("main")) if wants_main else None,
            result_type=result,
            policy=policy,
            leaver_share=given.get("leaver_share") if policy == SplitPolicy.RATIO else None,
            manual_shares=_shares(given) if policy == SplitPolicy.MANUAL else {},
            freezes=bool(given.get("freezes")),
            reason=given["reason"],
        )


def _id(value: Any) -> int | None:
    return int(value) if value else None


def _shares(given: Mapping[str, Any]) -> dict[str, int]:
    return {name.removeprefix("share-"): value for name, value in given.items() if name.startswith("share-") and value}


class CodeForm(forms.Form):
    """The code the customer reads out from the phone or the letter."""

    code = forms.CharField(
        label=gettext_lazy("Code the customer reads out"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "number"}),
    )


class EvidenceForm(forms.Form):
    """What the consent rests on, where no code does."""

    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        max_length=300,
        help_text=gettext_lazy("What was shown or said, where and when. It goes when the customer is erased."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DocumentForm(forms.Form):
    evidence = forms.CharField(
        label=gettext_lazy("What it is and where the paper is kept"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    file = forms.FileField(
        label=gettext_lazy("Scan"), required=False, help_text=gettext_lazy("PDF, JPEG or PNG, up to 5 MB.")
    )


class WhyForm(forms.Form):
    reason = ReasonField(
        max_length=200, suggestions=(gettext_lazy("At the customer's wish"), gettext_lazy("Proposed by mistake"))
    )


class TurnDownForm(forms.Form):
    reason = ReasonField(
        max_length=200,
        suggestions=(gettext_lazy("Not signed"), gettext_lazy("Not legible"), gettext_lazy("Not theirs")),
    )
