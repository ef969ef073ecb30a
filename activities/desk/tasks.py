"""The base of tasks that move a membership's points, and what their receipts share."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import clock
from common.desk.fields import NoteField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.errors import LoyaltyError
from memberships.able import require_able
from memberships.desk.figures import points
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.targets import Target, find_target
from points.adjusting import refuse_own
from points.reasons import OTHER, REASONS
from programs.design import Design

REASON_CHOICES = [(code, gettext_lazy(label)) for code, label in REASONS.items()]


class ReasonCodeForm(forms.Form):
    """A reason from the registry; words go into a note that can be erased."""

    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=REASON_CHOICES,
        help_text=gettext_lazy("Stays with the posting for ever and is shown in the statement."),
    )
    note = NoteField()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("reason_code") == OTHER and not given.get("note"):
            self.add_error("note", _("Say in the note what the reason is."))
        return given


class PointsTask(MembershipTask):
    """Needs these capabilities of the membership."""

    needs: tuple[str, ...] = ()
    # Whether the verb refuses points of the one who acts.
    never_own: ClassVar[bool] = False

    def obstacles(self) -> Sequence[str]:
        try:
            self.target()
            if self.never_own:
                refuse_own(self.actor, [member.customer_id for member in self.members])
        except LoyaltyError as error:
            return [error.message]
        return ()

    def target(self) -> Target:
        """Where the points stand today: a merged membership leads on. Raises what the verb would."""
        target = find_target(self.actor, membership_id=self.membership.pk, at=clock.now())
        for capability in self.needs:
            require_able(target.membership, capability, self.design, member=target.member)
        return target

    def figures(self) -> Sequence[Figure]:
        return points(self.target().membership, self.design)

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [membership_page(facts["membership"], main=True), *reversing(self, facts.get("posting"))]


def type_choices(design: Design, *, only: str | None = None) -> list[tuple[str, str]]:
    """The program's point types, the default one first; those of one kind."""
    types = sorted(design.point_types.values(), key=lambda one: (not one.is_default, one.name))
    return [(one.code, one.name) for one in types if only in (None, one.kind)]


def posting_facts(shape: dict[str, Any] | None, design: Design) -> dict[str, Any] | None:
    """The API's <posting> as a receipt shows it: types by their names."""
    if shape is None:
        return None
    entries = [
        {"name": design.by_code[entry["point_type"]].name, **entry} for entry in shape["entries"]
    ]  # fmt: skip
    return {"id": shape["id"], "kind": shape["kind"], "entries": entries}


def reversing(page: MembershipTask, posting: dict[str, Any] | None) -> list[Way]:
    """The posting, and the way to take it back for who may."""
    if posting is None:
        return []
    found = [Way(_("Posting %(id)s") % {"id": posting["id"]}, page_of("posting", posting["id"]))]
    if page.may("points:reverse"):
        found.append(Way(_("Take it back: reverse"), reverse("desk:reverse", args=[posting["id"]])))
    return found


def done(answer: dict[str, Any], says: Sequence[str], design: Design, **facts: Any) -> Outcome:
    """The outcome of a verb that answered as the API does."""
    posting = posting_facts(answer.get("posting"), design)
    return Outcome(says, {"membership": answer["membership"], "posting": posting, **facts})
