"""/desk/imports: upload a file, look at what would happen, confirm, see what happened (interfaces 3.2).

The look is the import itself, undone again. Larger files are imported by command.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from activities.adjusting import ADJUST
from activities.batch_columns import COLUMNS as ACTIVITY_COLUMNS
from activities.import_columns import COLUMNS as MEMBERSHIP_COLUMNS
from activities.importing import MANAGE, MembershipImport
from common.actor import Actor
from common.desk.pages import DeskPage
from common.errors import LoyaltyError, NotFound
from common.sheets.importing import Counts, Importer, Outcome, Record, Result, check_file, import_file
from common.sheets.refused import header_of, refused_rows
from common.sheets.writing import csv_line
from customers.import_columns import COLUMNS as CUSTOMER_COLUMNS
from customers.importing import WRITE, CustomerImport
from loyalty_site.desk.activity_files import activities_program, choices_of_activities, take_activities
from loyalty_site.desk.employee_files import choices_of_employees, employee_import, program_code
from loyalty_site.desk.uploads import MOST_BYTES, LimitedUpload, Upload, sweep
from memberships.employee_lines import COLUMNS as EMPLOYEE_COLUMNS
from programs.models import Program, ProgramStatus
from staff.access import log_access
from staff.models import User

CUSTOMERS = "customers"
MOST_LINES = 5_000
ROWS_SHOWN, REFUSALS_SHOWN = 10, 100


class UploadForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("What the file holds"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV (UTF-8) or XLSX; at most 5 MB and 5,000 lines. The first line names the columns."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
    )
    update = forms.BooleanField(
        label=gettext_lazy("Change customers that are known already"),
        help_text=gettext_lazy("Without it a line that says something else about a known customer is refused."),
        required=False,
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what: Any = self.fields["what"]
        what.choices = _by_kind(choices)
        what.initial = choices[0][0]


class ImportDesk(DeskPage):
    """What the pages of an import share."""

    action = WRITE
    section = "imports"

    @property
    def user(self) -> User:
        return User.objects.get(pk=self.actor.user_id or 0)

    def upload(self, token: str) -> Upload:
        return Upload.of(token, user_id=self.user.pk)


@method_decorator(csrf_exempt, name="dispatch")
class Imports(ImportDesk):
    """Choose a file. The token against forgery is checked behind the limit of the upload, not before it."""

    template = "desk/imports/upload.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.upload_handlers.insert(0, LimitedUpload(request))
        return csrf_protect(super().dispatch)(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        sweep()
        offered = choices(self.actor)
        asked = request.GET.get("what", "")
        initial = {"what": asked} if asked in dict(offered) else None
        return self._form(UploadForm(choices=offered, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES, choices=choices(self.actor))
        if not form.is_valid():
            if "file" in form.errors and int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
                form.errors["file"] = form.error_class(
                    [_("The file is larger than 5 MB: split it, or use the command.")]
                )
            return self._form(form, status=400)
        given = form.cleaned_data
        upload = Upload.keep(given["file"], user_id=self.user.pk, what=given["what"], update=given["update"])
        try:
            rehearse(upload, self.actor)
        except LoyaltyError as error:
            upload.finish()
            return self._form(form, error=error, status=error.status)
        return HttpResponseRedirect(reverse("desk:import", args=[upload.token]))

    def _form(self, form: forms.Form, *, error: LoyaltyError | None = None, status: int = 200) -> HttpResponse:
        tables = [
            (_("Columns of customers"), CUSTOMER_COLUMNS),
            (_("Columns of memberships with opening balances"), MEMBERSHIP_COLUMNS),
            (_("Columns of employees"), EMPLOYEE_COLUMNS),
            (_("Columns of activities; attributes are named attr:NAME"), ACTIVITY_COLUMNS),
        ]
        return self.draw(form=form, error=error, tables=tables, status=status)


class ImportFile(ImportDesk):
    """What would happen to each line; then, confirmed, what happened."""

    template = "desk/imports/file.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._page(self.upload(token))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        upload = self.upload(token)
        if not upload.done and upload.claim():
            try:
                run(upload, self.actor, user=self.user, all_or_nothing=request.POST.get("mode") == "all")
            except LoyaltyError as error:
                return self._page(upload, error=error, status=error.status)
            finally:
                if not upload.done:
                    upload.release()
        return HttpResponseRedirect(reverse("desk:import", args=[token]))

    def _page(self, upload: Upload, *, error: LoyaltyError | None = None, status: int = 200) -> HttpResponse:
        return self.draw(
            upload=upload,
            what=name_of(upload.what),
            good=sum(number for result, number in upload.shown["records"].items() if result != Result.REFUSED.value),
            program=program_of(upload.what, self.actor),
            counts=[(word_of(result), number) for result, number in upload.shown["records"].items()],
            rows=[{**row, "word": word_of(row["result"])} for row in upload.shown["rows"]],
            error=error,
            status=status,
        )


class ImportRefused(ImportDesk):
    """The refused lines with their reasons, to be corrected and imported again."""

    def get(self, request: HttpRequest, token: str) -> FileResponse:
        upload = self.upload(token)
        if not upload.refused_path.is_file():
            raise NotFound("No line of this file was refused.")
        log_access(self.user, "download", "import", facts={"what": upload.what, "refused": upload.shown["refused"]})
        file = upload.refused_path.open("rb")
        return FileResponse(file, as_attachment=True, filename="refused.csv", content_type="text/csv; charset=utf-8")


def choices(actor: Actor) -> list[tuple[str, str]]:
    """What the actor may import, by the word in the form."""
    programs = Program.objects.visible_to(actor).filter(status=ProgramStatus.RELEASED)
    return [
        (CUSTOMERS, _("Customers")),
        *(
            (one.code, _("Memberships of %(program)s, with opening balances") % {"program": one.name})
            for one in programs
            if actor.may(MANAGE, one.pk) and actor.may(ADJUST, one.pk)
        ),
        *choices_of_employees(actor),
        *choices_of_activities(actor),
    ]


def _by_kind(choices: Sequence[tuple[str, str]]) -> list[tuple[str, Any]]:
    """Under the kind of file each is of; a kind of its own with one file stands for itself."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for what, label in choices:
        kinds.setdefault(name_of(what), []).append((what, label))
    return [found[0] if len(found) == 1 else (kind, found) for kind, found in kinds.items()]


def importer_of(upload: Upload, actor: Actor) -> Importer:
    """Raises NotAllowed, NotFound."""
    if upload.what == CUSTOMERS:
        return CustomerImport(actor=actor, update=upload.update)
    program = program_of(upload.what, actor)
    if program is None:
        raise NotFound("There is no such program that you can see.")
    if program_code(upload.what) is None:
        return MembershipImport(program, actor=actor)
    employees = employee_import(upload.what, program, actor=actor)
    if employees is None:
        raise NotFound("There is no such organization.")
    return employees


def program_of(what: str, actor: Actor) -> Program | None:
    code = program_code(what) or activities_program(what) or what
    return None if what == CUSTOMERS else Program.objects.visible_to(actor).filter(code=code).first()


def name_of(what: str) -> str:
    if activities_program(what) is not None:
        return _("Activities")
    if program_code(what) is not None:
        return _("Employees")
    return _("Customers") if what == CUSTOMERS else _("Memberships with opening balances")


def rehearse(upload: Upload, actor: Actor) -> None:
    """Look at the file and at what would happen to each line. Raises SheetRefused."""
    if activities_program(upload.what) is not None:
        take_activities(upload, actor, most_lines=MOST_LINES, rows=ROWS_SHOWN, dry_run=True)
    else:
        importer = importer_of(upload, actor)
        with upload.open() as file:
            check_file(file, importer, most_lines=MOST_LINES)
            _take(upload, file, importer, dry_run=True)
    upload.save()


def run(upload: Upload, actor: Actor, *, user: User, all_or_nothing: bool) -> None:
    """Import the file. Raises SheetRefused, NotAllowed."""
    if activities_program(upload.what) is not None:
        options = {"most_lines": MOST_LINES, "rows": ROWS_SHOWN}
        take_activities(upload, actor, **options, dry_run=False, all_or_nothing=all_or_nothing)
    else:
        importer = importer_of(upload, actor)
        with upload.open() as file:
            _take(upload, file, importer, all_or_nothing=all_or_nothing)
    facts = {"what": upload.what, "update": upload.update, "kept": upload.shown["kept"]} | upload.shown["records"]
    log_access(user, "import", "import", facts=facts)
    if upload.shown["kept"]:
        upload.finish()
    else:
        upload.save()


def _take(upload: Upload, file: Any, importer: Importer, **options: Any) -> None:
    """Fill in what is shown, and the file of refused lines."""
    rows: list[dict[str, Any]] = []
    refusals: list[tuple[int, str]] = []

    def report(record: Record, outcome: Outcome) -> None:
        if len(rows) < ROWS_SHOWN:
            rows.extend(_row(line.number, line.cells, outcome) for line in record.lines)
        if outcome.result is Result.REFUSED:
            if len(refusals) < REFUSALS_SHOWN:
                refusals.append((record.line, outcome.reason))
            target.writelines(csv_line(row) for row in refused_rows(record, outcome, importer.columns))

    with upload.refused_path.open("wb") as target:
        target.write(csv_line(header_of(importer.columns), first=True))
        counts: Counts = import_file(file, importer, report=report, **options)
    if not counts.refused:
        upload.refused_path.unlink()
    upload.shown = {
        "lines": counts.lines,
        "records": {result.value: number for result, number in counts.records.items()},
        "refused": counts.refused,
        "kept": counts.kept,
        "rehearsed": bool(options.get("dry_run")),
        "columns": [name for name in (rows[0]["cells"] if rows else {}) if name],
        "rows": rows[:ROWS_SHOWN],
        "refusals": refusals,
        # Of employees: who takes part already, and comes under the agreement by joining.
        "to_join": sorted(getattr(importer, "to_join", ())),
    }


def _row(number: int, cells: dict[str, object], outcome: Outcome) -> dict[str, Any]:
    shown = {name: "" if value is None else str(value)[:60] for name, value in cells.items() if name}
    return {"line": number, "cells": shown, "result": outcome.result.value}


def word_of(result: str) -> str:
    return {"new": _("new"), "changed": _("changed"), "same": _("known already"), "refused": _("refused")}[result]
