"""/desk/changes/<pk>: the page of a change, in the state it is in: terms and preview, consents, carry out, receipt."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from common.desk.refusing import told
from common.errors import LoyaltyError
from memberships.changes.preview import preview_of
from memberships.changes.proposing import status_at
from memberships.changes.undo_rules import undo_until
from memberships.desk.changes.base import CARRY_OUT, CONSENT, PROPOSE, ChangePage, stamp, title_of
from memberships.desk.changes.choosing import steps
from memberships.desk.changes.editing import AGAIN
from memberships.desk.changes.forms import WhyForm
from memberships.desk.changes.people import Trial, decision_log, people_rows
from memberships.desk.changes.previewing import PreviewShown, preview_shown
from memberships.desk.changes.receipt import receipt_of
from memberships.desk.changes.story import story_of
from memberships.desk.changes.terms import terms_changed, terms_told, will_be_asked
from memberships.models import DONE, OPEN, ChangeKind, ChangeStatus, InvitationKind, MembershipChange

STEP = {
    ChangeStatus.DRAFT: 1,
    ChangeStatus.AWAITING_CONSENT: 2,
    ChangeStatus.AGREED: 3,
    ChangeStatus.CARRIED_OUT: 4,
    ChangeStatus.UNDONE: 4,
}
BADGES = {"awaiting_consent": "warn", "agreed": "info", "carried_out": "good", "refused": "bad", "lapsed": "bad"}


class ShownChange(ChangePage):
    """Any page that ends in showing the change: the page itself, and its steps where they are refused."""

    template = "desk/changes/change.html"

    def new_key(self) -> str:
        """Every form of the page has its own."""
        return uuid.uuid4().hex

    def show(
        self,
        change: MembershipChange,
        *,
        error: LoyaltyError | None = None,
        trial: Trial | None = None,
        form: forms.Form | None = None,
        status: int = 200,
    ) -> HttpResponse:
        now = self.now(change)
        state = ChangeStatus(status_at(change, now))
        # For its templates only: a change past its time is over, whenever the run tidies it.
        is_open = state in OPEN
        preview, obstacle = self._preview(change) if is_open or state == ChangeStatus.DRAFT else (None, None)
        return self.draw(
            status=status,
            change=change,
            state=state.value,
            state_label=state.label,
            badge=BADGES.get(state.value, ""),
            is_open=is_open,
            title=title_of(change),
            sides=[one for one in (change.prime, change.secondary) if one is not None],
            asking=[(InvitationKind.CODE, _("Send a code")), (InvitationKind.LINK, _("Send a link"))],
            again=change.kind in AGAIN,
            withdrawal=form or WhyForm(auto_id="withdrawal-%s"),
            program=change.program,
            zone=change.program.zone,
            steps=steps(STEP.get(state, 2)),
            stamp=stamp(change),
            error=error,
            why=form,
            terms=terms_told(self, change),
            asked=will_be_asked(self, change) if state == ChangeStatus.DRAFT else [],
            preview=preview,
            differences=terms_changed(self, change) if is_open else [],
            obstacle=obstacle,
            receipt=receipt_of(change) if state in DONE else None,
            people=people_rows(change, self.actor, trial=trial) if state != ChangeStatus.DRAFT else [],
            decisions=decision_log(change, self.actor),
            story=story_of(change),
            undoable_until=undoable_until(change),
            may={
                "propose": self.may(PROPOSE, change.program_id),
                "ask": self.may(CONSENT, change.program_id),
                "carry_out": self.may(CARRY_OUT, change.program_id),
            },
            related=self._related(change),
        )

    def _preview(self, change: MembershipChange) -> tuple[PreviewShown | None, LoyaltyError | None]:
        """What it would do now, or why it can't be done."""
        try:
            found = preview_of(change, actor=self.actor)
        except (LoyaltyError, DatabaseError) as error:
            return None, told(error)
        return preview_shown(self, found, program_id=change.program_id), None

    def _related(self, change: MembershipChange) -> Sequence[tuple[str, int]]:
        """Other changes that belong to this one: (how, id)."""
        of_this = MembershipChange.objects.filter(program_id=change.program_id)
        undone_by = of_this.filter(undoes=change).values_list("pk", flat=True).first()
        next_one = of_this.filter(replaces=change).order_by("-pk").values_list("pk", flat=True).first()
        found = [
            (_("It undoes change %(id)s"), change.undoes_id),
            (_("It takes the place of proposal %(id)s"), change.replaces_id),
            (_("Proposed anew as change %(id)s"), next_one),
            (_("Undone by change %(id)s"), undone_by),
        ]
        return [(text % {"id": pk}, pk) for text, pk in found if pk is not None]


class Change(ShownChange):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(self.find(pk))


def undoable_until(change: MembershipChange) -> datetime | None:
    """For the receipt; whether it works out is for the page of the undoing to say."""
    done = change.status == ChangeStatus.CARRIED_OUT and change.kind != ChangeKind.UNDO
    return undo_until(change) if done else None
