"""/desk/changes/<pk>/undo: what undoing would do, at once or with everyone's consent again, and who bears what."""

from typing import Any

from django import forms
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.refusing import told
from common.errors import LoyaltyError
from memberships.changes.preview import preview_of
from memberships.changes.undo_rules import acted_since, refuse_undo, undo_until
from memberships.changes.undoing import undo, undoing_of
from memberships.desk.changes.acting import Step
from memberships.desk.changes.base import CARRY_OUT, change_url, stamp, title_of
from memberships.desk.changes.previewing import burdens, preview_shown
from memberships.models import ChangeStatus, MembershipChange
from programs.design import design_of


class UndoForm(forms.Form):
    reason = ReasonField(
        max_length=200,
        suggestions=(gettext_lazy("Carried out by mistake"), gettext_lazy("The wrong memberships were chosen")),
    )


class UndoChange(Step):
    """The form stands on a page of its own, which looks before it is asked to leap."""

    action = CARRY_OUT
    form_class = UndoForm
    template = "desk/changes/undo.html"
    goes = ""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(self.find(pk))

    def make_form(self, change: MembershipChange) -> forms.Form:
        return UndoForm(self.request.POST)

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        done = undo(change, actor=self.actor, reason=given["reason"])
        self.goes = change_url(done.pk)
        if done.status == ChangeStatus.UNDONE:
            return _("Undone. Everything is as it was before, but for what the receipt says.")
        return _("Somebody acted since: everyone is asked for consent to the undoing. Ask them now.")

    def goes_to(self, change: MembershipChange) -> str:
        return self.goes

    def show(
        self,
        change: MembershipChange,
        *,
        error: LoyaltyError | None = None,
        trial: Any = None,
        form: forms.Form | None = None,
        status: int = 200,
    ) -> HttpResponse:
        return self.draw(
            status=status,
            change=change,
            title=title_of(change),
            program=change.program,
            zone=change.program.zone,
            stamp=stamp(change),
            error=error,
            form=form or UndoForm(),
            until=undo_until(change),
            **self._looked(change),
        )

    def _looked(self, change: MembershipChange) -> dict[str, Any]:
        """What it would do, or why it can't be done."""
        try:
            refuse_undo(change, at=self.now(change))
            preview = preview_of(undoing_of(change, actor=self.actor, reason="?"), actor=self.actor)
        except (LoyaltyError, DatabaseError) as error:
            return {"obstacle": told(error)}
        names = self.names(one.customer for one in preview.people if one.customer is not None)
        found = burdens(preview, design_of(change.program_id))
        return {
            "preview": preview_shown(self, preview, program_id=change.program_id),
            "at_once": not acted_since(change),
            "burdens": [(names[customer], name, points) for customer, name, points in found],
        }
