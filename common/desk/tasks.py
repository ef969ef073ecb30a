"""The base of task pages: eligibility first, a form, a preview that is the execution undone again, one confirmation,
a receipt with a way back (interfaces 3.2).

A form gets its key when it is first shown. Whatever is confirmed under that key is done once: a second click, a
reload and a double submit lead to the receipt of the first.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any, ClassVar, Protocol

from django import forms
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import clock
from common.api.dry_run import rehearse
from common.desk.outcomes import Change, Figure, Outcome, Way, changes
from common.desk.pages import DeskPage
from common.desk.refusing import told, with_faults
from common.errors import Conflict, LoyaltyError

KEY = re.compile(r"[0-9a-f]{32}\Z")
# The form's key was carried out with other values, or so long ago that only the ledger knows it.
SPENT = frozenset({"key_reused", "key_used"})
# How long a preview waits for what somebody else is changing.
PATIENCE = "2s"
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


class TaskPage(DeskPage):
    """A subclass names its subject, its form and its verb; everything else stands here."""

    template = "desk/tasks/task.html"
    title: ClassVar[Any]
    # What it does, in plain words.
    what: ClassVar[Any]
    confirm: ClassVar[Any] = gettext_lazy("Confirm")
    form_class: ClassVar[type[forms.Form]]
    form_template: ClassVar[str] = "desk/tasks/form.html"
    # What one looks at before filling in the form; empty: nothing.
    about_template: ClassVar[str] = ""
    # Nothing takes it back: the button says so by its color.
    for_ever: ClassVar[bool] = False

    # Set by `load`.
    program: Any = None
    subject: str = ""

    def load(self, **kwargs: Any) -> None:
        """Find what the task is about; Http404 for what is foreign or missing, PermissionDenied without the right."""
        raise NotImplementedError

    def obstacles(self) -> Sequence[str]:
        """What stands in the way, each a sentence with cause and cure; empty where the task may be done now."""
        return ()

    def refusals(self, func: Callable[[], object]) -> list[str]:
        """For `obstacles`, where the verb is its own predicate: what it says when it is tried and undone again."""
        try:
            rehearse(lambda: (200, func() and None))
        except (LoyaltyError, DatabaseError) as error:
            return [told(error).message]
        return []

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        """Call the verb with the form's values."""
        raise NotImplementedError

    def figures(self) -> Sequence[Figure]:
        """How the subject stands now, read anew; no personal value, for receipts keep it."""
        return ()

    def shown_figures(self) -> Sequence[Figure]:
        """What the preview shows: by default what the receipt keeps."""
        return self.figures()

    def customers(self) -> Iterable[int]:
        """Whose erasure blanks the receipt."""
        return ()

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        """Where to go from the receipt: what takes it back, what comes next. The subject may be gone by now."""
        return ()

    def exits(self) -> Sequence[Way]:
        """Where to go instead of filling in the form."""
        return ()

    def context(self) -> dict[str, Any]:
        """What a template of the subclass needs beside the rest."""
        return {}

    def initial(self) -> dict[str, Any]:
        """Defaults, overridden by what the address gives; a link may fill in a form."""
        return {}

    def make_form(self, data: Any = None) -> Any:
        asked = {name: self.request.GET[name] for name in self.form_class.base_fields if name in self.request.GET}
        return self.form_class(data, initial=self.initial() | asked, **self.form_options())

    def form_options(self) -> dict[str, Any]:
        return {}

    # The states of the page

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
            __, shown = rehearse(lambda: (200, self._rehearsed(form.cleaned_data)))
        except (LoyaltyError, DatabaseError) as error:
            refusal = told(error)
            return self._form(with_faults(form, refusal), key=key, error=refusal, status=refusal.status)
        carried = [
            (name, value)
            for name, values in self.request.POST.lists()
            if name not in OWN_FIELDS
            for value in values
        ]  # fmt: skip
        return self._drawn("preview", key=key, carried=carried, note=note, form=form, **shown)

    def _rehearsed(self, given: dict[str, Any]) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        before = self.shown_figures()
        outcome = self.carry_out(given)
        says = [str(one) for one in outcome.says]
        return {"says": says, "changes": changes(before, self.shown_figures()), "seen": _digest(says)}

    def _form(
        self, form: forms.Form, *, key: str, error: LoyaltyError | None = None, status: int = 200
    ) -> HttpResponse:
        if error is not None and (error.errors or isinstance(error, FormWrong)):
            error = None
        return self._drawn("form", status=status, form=form, key=key, error=error)

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
            changes=[Change(*one) for one in kept["changes"]],
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


def receipts() -> Receipts:
    found: Receipts = import_string(settings.LOYALTY_RECEIPTS)
    return found


def _digest(says: Sequence[Any]) -> str:
    return hashlib.sha256("\n".join(str(one) for one in says).encode()).hexdigest()
