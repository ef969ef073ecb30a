"""The terms of a draft, changed before anybody is asked; and a proposal made anew after it was refused or lapsed."""

from typing import Any, ClassVar

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.refusing import told, with_faults
from common.errors import LoyaltyError
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose, redraft, status_at
from memberships.desk.changes.base import PROPOSE, ChangePage, MovedOn, change_url, stamp, title_of
from memberships.desk.changes.choosing import asked_of, steps
from memberships.desk.changes.forms import ABSORB, FORM, JOIN, MERGE, SPLIT, TermsForm
from memberships.models import ChangeKind, ChangeStatus, MembershipChange

# What may be proposed once more.
ENDED = frozenset({ChangeStatus.REFUSED, ChangeStatus.WITHDRAWN, ChangeStatus.LAPSED})
AGAIN = frozenset({ChangeKind.MERGE, ChangeKind.SPLIT, ChangeKind.JOIN})


class TermsPage(ChangePage):
    """The terms of a change as a form, filled in as they are."""

    action = PROPOSE
    template = "desk/changes/terms.html"
    heading: ClassVar[Any]
    button: ClassVar[Any]
    note: ClassVar[Any]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        change = self.find(pk)
        if not self.is_possible(change):
            return HttpResponseRedirect(change_url(pk))
        return self._drawn(change, self.make_form(change))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        change = self.find(pk)
        if not self.is_possible(change):
            return HttpResponseRedirect(change_url(pk))
        form = self.make_form(change, data=request.POST)
        if not form.is_valid():
            return self._drawn(change, form, status=400)
        try:
            if request.POST.get("seen") != stamp(change):
                raise MovedOn(_("Somebody changed the draft meanwhile. Look at it again before you go on."))
            done = self.save(change, form.proposal())
        except (LoyaltyError, DatabaseError) as error:
            refusal = told(error)
            with_faults(form, refusal)
            return self._drawn(change, form, error=refusal, status=refusal.status)
        return HttpResponseRedirect(change_url(done.pk))

    def is_possible(self, change: MembershipChange) -> bool:
        raise NotImplementedError

    def save(self, change: MembershipChange, proposal: Proposal) -> MembershipChange:
        raise NotImplementedError

    def make_form(self, change: MembershipChange, *, data: Any = None) -> TermsForm:
        asked = asked_of(self, kind_of(change), change.prime, change.secondary)
        return TermsForm(data, asked=asked, initial=initial_of(change))

    def _drawn(self, change: MembershipChange, form: TermsForm, *, status: int = 200, **context: Any) -> HttpResponse:
        return self.draw(
            status=status, change=change, title=title_of(change), form=form,
            program=change.program, steps=steps(0), seen=stamp(change), **context,
        )  # fmt: skip


class EditTerms(TermsPage):
    """Of a draft; once people are asked the terms stand."""

    heading = gettext_lazy("Change the terms of the draft")
    button = gettext_lazy("Show what it would do")
    note = gettext_lazy("Nobody is asked yet.")

    def is_possible(self, change: MembershipChange) -> bool:
        return change.status == ChangeStatus.DRAFT

    def save(self, change: MembershipChange, proposal: Proposal) -> MembershipChange:
        return redraft(change, proposal, actor=self.actor)


class Again(TermsPage):
    """A new proposal in place of one that came to nothing; everyone is asked anew."""

    heading = gettext_lazy("Propose it anew")
    button = gettext_lazy("Propose it anew")
    note = gettext_lazy(
        "It takes the place of the former proposal. Everyone is asked anew, and the page shows what it does."
    )

    def is_possible(self, change: MembershipChange) -> bool:
        return status_at(change, self.now(change)) in ENDED and change.kind in AGAIN

    def save(self, change: MembershipChange, proposal: Proposal) -> MembershipChange:
        return propose(proposal, actor=self.actor, replaces=change)


def kind_of(change: MembershipChange) -> str:
    """As the wizard names it."""
    if change.kind == ChangeKind.MERGE:
        return MERGE if change.secondary_id is not None else FORM
    kinds = {ChangeKind.SPLIT: SPLIT, ChangeKind.JOIN: JOIN}
    return kinds.get(ChangeKind(change.kind), ABSORB)


def initial_of(change: MembershipChange) -> dict[str, Any]:
    shares = {f"share-{code}": points for code, points in change.manual_shares.items()}
    return {
        "result_type": change.result_type,
        "main": change.main_id or "",
        "leaver": change.leaver_id or "",
        "policy": change.policy or change.program.split_policy,
        "leaver_share": change.leaver_share,
        "freezes": change.freezes,
        "reason": change.reason,
        **shares,
    }
