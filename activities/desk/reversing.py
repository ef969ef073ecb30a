"""Take a posting back, wholly or in part, by the program's refund policy (domain 1.6)."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.tasks import ReasonCodeForm, done, posting_facts, reversing
from activities.reversing import reverse_posting, visible_posting
from common.desk.fields import PointsField, offer
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import figure
from common.errors import LoyaltyError, NotFound
from memberships.desk.figures import points as figures_of
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import Membership
from points.adjusting import refuse_own
from points.models import Entry, Posting
from points.reversal_parts import Left, Part, check, left_of
from programs.models import PointKind, RefundPolicy

WHOLE, PART = "whole", "part"
BACK_IN_TIME = gettext_lazy(
    "Points that come back past their time stay usable through this day; else they expire at once."
)
# What happens to credited points that are not there any more.
POLICIES = {
    RefundPolicy.REFUSE: gettext_lazy("If the points were spent, the reversal is refused."),
    RefundPolicy.NEGATIVE: gettext_lazy("If the points were spent, they are owed, and later points repay them."),
    RefundPolicy.CUT_REFUND: gettext_lazy("If the points were spent, their money value is cut from the refund."),
}


class ReverseForm(ReasonCodeForm):
    extent = forms.ChoiceField(
        label=gettext_lazy("How much"),
        choices=[(WHOLE, gettext_lazy("All that is left of it")), (PART, gettext_lazy("A part"))],
        initial=WHOLE,
        widget=forms.RadioSelect,
    )
    points = PointsField(label=gettext_lazy("Points of the part"), required=False)
    point_type = forms.ChoiceField(label=gettext_lazy("Point type of the part"), required=False)
    extend_until = forms.DateField(
        label=gettext_lazy("Keep them usable until"),
        help_text=BACK_IN_TIME,
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    field_order = ["extent", "points", "point_type", "reason_code", "note", "extend_until"]

    def __init__(
        self, *args: Any, types: Sequence[tuple[str, str]] = (), may_extend: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "point_type", types)
        if len(types) == 1:
            del self.fields["point_type"]
        if not may_extend:
            del self.fields["extend_until"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        is_part = given.get("extent") == PART
        if is_part and given.get("points") is None and "points" not in self.errors:
            self.add_error("points", _("Say how many points the part has."))
        if not is_part and given.get("points"):
            self.add_error("points", _("Choose “A part” above, or leave this empty."))
        return given

    def part(self) -> Part:
        given = self.cleaned_data
        is_part = given["extent"] == PART
        return Part(
            reason_code=given["reason_code"],
            note=given["note"],
            points=given["points"] if is_part else None,
            point_type=(given.get("point_type") or None) if is_part else None,
            extend_until=given.get("extend_until"),
        )


class Reverse(MembershipTask):
    action = "points:reverse"
    title = gettext_lazy("Reverse a posting")
    confirm = gettext_lazy("Reverse")
    about_template = "desk/tasks/about_posting.html"
    form_class = ReverseForm
    posting: Posting
    left: list[Left]

    @property
    def what(self) -> str:
        text = _("Takes a posting back by a posting of its own; the first one stays in the statement.")
        return f"{text} {POLICIES[RefundPolicy(self.program.refund_policy)]}"

    def load(self, **kwargs: Any) -> None:
        try:
            self.posting = visible_posting(self.actor, kwargs["pk"])
        except NotFound as error:
            raise Http404 from error
        self.take(Membership.objects.filter(own_set=self.posting.for_set_id).first())
        self.left = left_of(self.posting)
        self.subject = _("Posting %(id)s of %(number)s") % {"id": self.posting.pk, "number": self.membership.number}

    def obstacles(self) -> Sequence[str]:
        try:
            check(self.posting, Part("other"), design=self.design, actor=self.actor)
            refuse_own(self.actor, [self.posting.person_id] if self.posting.person_id else [])
        except LoyaltyError as error:
            return [error.message]
        if not any(one.left for one in self.left):
            return [_("The posting was reversed in full already; nothing of it is left to take back.")]
        return ()

    def form_options(self) -> dict[str, Any]:
        codes = [self.design.point_types[one.type_id] for one in self.left]
        types = sorted(codes, key=lambda one: (not one.is_default, one.kind == PointKind.QUALIFYING, one.name))
        return {
            "types": [(one.code, one.name) for one in types],
            "may_extend": self.may("points:extend", self.membership.program_id) and self._gives_back(),
        }

    def _gives_back(self) -> bool:
        return Entry.objects.filter(posting=self.posting, amount__lt=0).exists()

    def initial(self) -> dict[str, Any]:
        return {"reason_code": "booked-wrongly"}

    def context(self) -> dict[str, Any]:
        names = {one.pk: one.name for one in self.design.point_types.values()}
        lines = [(names[one.type_id], one.total, one.left) for one in self.left]
        return {**super().context(), "posting": self.posting, "lines": lines}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the posting"), page_of("posting", self.posting.pk)), *super().exits()]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        form = self.make_form(self.request.POST)
        form.is_valid()
        answer = reverse_posting(self.posting.pk, form.part(), actor=self.actor)
        says = [text for line in answer["reversed"] for text in self._said(line)]
        over = [-entry["amount"] for one in answer["expired"] for entry in one["entries"]]
        if over:
            says.append(_("%(points)s points came back past their time and expire at once.") % {"points": sum(over)})
        says.append(_("Nothing of the posting is left.") if answer["in_full"] else _("The rest of the posting stands."))
        expired = [posting_facts(one, self.design) for one in answer["expired"]]
        return done(answer, says, self.design, expired=expired, reverses=self.posting.pk)

    def _said(self, line: dict[str, Any]) -> Iterator[str]:
        point_type = self.design.by_code[line["point_type"]]
        told = {name: figure(line[name]) for name in ("asked", "posted", "debt", "cut", "shortfall")}
        told["type"] = point_type.name
        yield _("%(posted)s of %(asked)s %(type)s are moved back.") % told
        if line["debt"]:
            yield (_("%(debt)s of them were spent: they are owed, and later points repay them.") % told)
        if line["cut"]:
            money = line["cut_from_refund"]
            yield _("%(cut)s %(type)s were spent: cut %(amount)s %(currency)s from the refund.") % {**told, **money}
        if line["shortfall"] and point_type.kind == PointKind.QUALIFYING:
            yield _("%(shortfall)s %(type)s are not there any more; qualifying points stop at zero.") % told
        elif line["shortfall"]:
            yield _("%(shortfall)s %(type)s expired unused meanwhile; nobody owes them.") % told

    def figures(self) -> Sequence[Figure]:
        codes = {self.design.point_types[one.type_id].code for one in self.left}
        left = {self.design.point_types[one.type_id]: one.left for one in left_of(self.posting)}
        return [
            *figures_of(self._home(), self.design, only=frozenset(codes)),
            *(
                Figure(f"left/{one.code}", _("%(type)s of the posting left to reverse") % {"type": one.name}, points)
                for one, points in left.items()
            ),
        ]

    def _home(self) -> Membership:
        """Where the points live now, for a merged membership."""
        home = self.membership
        while not home.current and home.superseded_by is not None:
            home = home.superseded_by
        return home

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        again = Way(
            _("Book the right points: adjust"),
            reverse("desk:adjust", args=[facts["membership"]]) + "?reason_code=booked-wrongly",
        )
        return [membership_page(facts["membership"], main=True), again, *reversing(self, facts["posting"])[:1]]
