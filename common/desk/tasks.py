"""The base of task pages: eligibility first, a form, a preview that is the execution undone again, one confirmation,
a receipt with a way back (interfaces 3.2).

A form gets its key when it is first shown. Whatever is confirmed under that key is done once: a second click, a
reload and a double submit lead to the receipt of the first.
"""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import astuple
from functools import partial
from typing import Any, Protocol

from django import forms
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from common import clock
from common.desk.outcomes import Change, Way, changes, present
from common.desk.refusing import told, with_faults
from common.desk.task_hooks import Task, undone
from common.errors import Conflict, LoyaltyError

KEY = re.compile(r"[0-9a-f]{32}\Z")
# The form's key was carried out with other values, or so long ago that only the ledger knows it.
SPENT = frozenset({"key_reused", "key_used"})
# Fields of the page itself; all others are the form's.
OWN_FIELDS = frozenset({"csrfmiddlewaretoken", "key", "step", "seen"})


class Receipts(Protocol):
    """See gateway.once."""

    def once(self, key: str, asked: bytes, func: Any) -> dict[str, Any]: ...

    def read(self, key: str) -> dict[str, Any] | None: ...


class Ineligible(Conflict):
    code = "ineligible"
    title = "This is not possible now"


class FormWrong(LoyaltyError):
    code = "malformed"
    status = 400


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    title = "Something changed since the preview. Look at the new one, then confirm again."


class TaskPage(Task):
    """The states of a task: ineligible, form, preview, done. Subclasses fill in the hooks of Task."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if "receipt" in request.GET:
            return self._receipt(request.GET["receipt"])
        self.load(**kwargs)
        if found := self.obstacles():
            return self._ineligible(found, status=200)
        return self._form(self.make_form(), key=uuid.uuid4().hex)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        key = request.POST.get("key", "")
        if not KEY.match(key):
            return HttpResponseRedirect(request.path)
        if request.POST.get("step") == "confirm":
            return self._confirm(key, **kwargs)
        self.load(**kwargs)
        if found := self.obstacles():
            return self._ineligible(found, status=409)
        form = self.make_form(request.POST)
        if request.POST.get("step") != "preview":
            return self._form(form, key=key)
        return self._preview(form, key=key)

    def _confirm(self, key: str, **kwargs: Any) -> HttpResponse:
        try:
            receipts().once(key, self._asked(), partial(self._kept, **kwargs))
        except (LoyaltyError, DatabaseError) as error:
            return self._not_done(told(error), key=key, **kwargs)
        return HttpResponseRedirect(f"{self.request.path}?receipt={key}")

    def _kept(self, **kwargs: Any) -> Any:
        """Everything asked again under the key: the first click may have been a moment ago."""
        self.load(**kwargs)
        if found := self.obstacles():
            raise Ineligible(" ".join(found))
        form = self.make_form(self.request.POST)
        if not form.is_valid():
            raise FormWrong
        before = self.figures()
        outcome = self.carry_out(form.cleaned_data)
        if _digest(outcome.says) != self.request.POST.get("seen"):
            raise ChangedMeanwhile
        body = {
            "path": self.request.path,
            "program": self.program and self.program.pk,
            "brand": self.program and {"name": self.program.name, "brand_color": self.program.brand_color},
            "subject": self.subject,
            "says": [str(one) for one in outcome.says],
            "changes": [astuple(one) for one in changes(before, self.figures())],
            "facts": outcome.facts,
            "by": self.actor.label,
            "at": clock.now().isoformat(),
        }
        return body, body["program"], tuple(self.customers())

    def _not_done(self, error: LoyaltyError, *, key: str, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        if error.code in SPENT:
            return self._spent(key, error)
        if found := self.obstacles():
            return self._ineligible(found, status=409)
        form = self.make_form(self.request.POST)
        if isinstance(error, ChangedMeanwhile):
            return self._preview(form, key=key, note=_(error.message))
        return self._form(with_faults(form, error), key=key, error=error, status=error.status)

    def _preview(self, form: forms.Form, *, key: str, note: str = "") -> HttpResponse:
        if not form.is_valid():
            return self._form(form, key=key, status=400)
        try:
            shown = undone(lambda: self._rehearsed(form.cleaned_data))
        except (LoyaltyError, DatabaseError) as error:
            refusal = told(error)
            return self._form(with_faults(form, refusal), key=key, error=refusal, status=refusal.status)
        carried = [
            (name, value)
            for name, values in self.request.POST.lists()
            if name not in OWN_FIELDS
            for value in values
        ]  # fmt: skip
        shown["changes"] = _sorted(shown["changes"])
        return self._drawn("preview", key=key, carried=carried, note=note, form=form, **shown)

    def _rehearsed(self, given: dict[str, Any]) -> dict[str, Any]:
        before = self.shown_figures()
        outcome = self.carry_out(given)
        says = [str(one) for one in outcome.says]
        return {"says": says, "changes": changes(before, self.shown_figures()), "seen": _digest(says)}

    def _form(
        self, form: forms.Form, *, key: str, error: LoyaltyError | None = None, status: int = 200
    ) -> HttpResponse:
        if error is not None and (error.errors or isinstance(error, FormWrong)):
            error = None
        now = [] if self.dense else present(self.shown_figures())
        return self._drawn("form", status=status, form=form, key=key, error=error, now=now)

    def _ineligible(self, found: Sequence[str], *, status: int) -> HttpResponse:
        return self._drawn("ineligible", status=status, obstacles=found)

    def _spent(self, key: str, error: LoyaltyError) -> HttpResponse:
        ways = [Way(_("Start anew"), self.request.path)]
        if error.code == "key_reused":
            ways.insert(0, Way(_("Receipt of what was done"), f"{self.request.path}?receipt={key}"))
        message = _("This form was carried out already, and what you see now is something else. Nothing was changed.")
        return self._drawn("ineligible", status=error.status, obstacles=[message], onward=ways)

    def _drawn(self, state: str, *, status: int = 200, **context: Any) -> HttpResponse:
        given = {"state": state, "exits": self.exits(), "subject": self.subject, "program": self.program}
        now = {"form": 0, "preview": 1}.get(state, 0)
        names = (_("Fill in"), _("Preview"), _("Receipt"))
        given["steps"] = [(name, "done" if at < now else "now" if at == now else "") for at, name in enumerate(names)]
        return self.draw(status=status, **given, **self.context(), **context)

    def _receipt(self, key: str) -> HttpResponse:
        kept = receipts().read(key) if KEY.match(key) else None
        if kept is None or kept["path"] != self.request.path:
            raise Http404
        self.allow_program(kept["program"])
        return self.draw(
            "desk/tasks/receipt.html",
            kept=kept,
            subject=kept["subject"],
            changes=_sorted([Change(*one) for one in kept["changes"]]),
            done_at=parse_datetime(kept["at"]),
            ways=self.ways(kept["facts"]),
        )

    def allow_program(self, program_id: int | None) -> None:
        """Http404 where the user has no part in the program, PermissionDenied without the right there."""
        programs = self.actor.programs
        if program_id is not None and programs is not None and program_id not in programs:
            raise Http404
        self.allow(program_id)

    def _asked(self) -> bytes:
        """SHA-256 of what is asked, the page's own fields left out."""
        given = [(name, values) for name, values in self.request.POST.lists() if name not in OWN_FIELDS]
        return hashlib.sha256(repr((self.request.path, sorted(given))).encode()).digest()


def _sorted(lines: Sequence[Change]) -> dict[str, list[Change]]:
    """What changes, and what stays as it is."""
    return {
        "changed": [one for one in lines if one.is_change],
        "same": [one for one in lines if not one.is_change],
    }


def receipts() -> Receipts:
    found: Receipts = import_string(settings.LOYALTY_RECEIPTS)
    return found


def _digest(says: Sequence[Any]) -> str:
    return hashlib.sha256("\n".join(str(one) for one in says).encode()).hexdigest()
