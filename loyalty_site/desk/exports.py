"""/desk/exports: customers, or the memberships of a program, as CSV or XLSX; what goes out is written down."""

from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.exports import membership_table
from common.actor import Actor
from common.desk.pages import DeskPage
from common.errors import LoyaltyError
from common.sheets import write_csv, write_xlsx
from customers.exporting import NAMES, READ, UNMASK, check_export, customer_rows
from customers.unmasking import UnmaskReason
from programs.models import Program
from staff.access import logged_export

CUSTOMERS = "customers"
MOST_ROWS_OF_WORKBOOK = 50_000
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("What to export"), widget=forms.RadioSelect)
    form = forms.ChoiceField(
        label=gettext_lazy("As"),
        choices=[("csv", gettext_lazy("CSV, of any size")), ("xlsx", gettext_lazy("XLSX, up to 50,000 rows"))],
        initial="csv",
        widget=forms.RadioSelect,
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Personal data"),
        help_text=gettext_lazy("To show them, say why. The export is logged with your name, the reason and its rows."),
        required=False,
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["what"].choices = choices(actor)
        fields["what"].initial = CUSTOMERS
        fields["reason"].choices = [("", _("masked")), *UnmaskReason.choices]
        if not actor.may(UNMASK, None):
            del self.fields["reason"]


class Exports(DeskPage):
    action = "reports:read"
    section = "exports"
    template = "desk/exports.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.draw(form=ExportForm(actor=self.actor))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form = ExportForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.draw(form=form, status=400)
        given = form.cleaned_data
        try:
            header, rows = table(given["what"], actor=self.actor, reason=given.get("reason", ""))
            return sent(given["what"].replace(":", "-"), given["form"], header, rows)
        except LoyaltyError as error:
            return self.draw(form=form, error=error, status=error.status)


def choices(actor: Actor) -> list[tuple[str, str]]:
    found = [(CUSTOMERS, _("Customers"))]
    for program in Program.objects.visible_to(actor):
        if actor.may("reports:read", program.pk) and actor.may(READ, program.pk):
            names = {"program": program.name}
            found += [
                (f"{program.code}:memberships", _("Memberships of %(program)s with balances") % names),
                (f"{program.code}:lots", _("Points of %(program)s by lot, as an import reads them") % names),
            ]
    return found


def table(what: str, *, actor: Actor, reason: str) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    """The names of the columns, and the rows; asking for them is written down. Raises NotAllowed."""
    code, _colon, part = what.partition(":")
    if part:
        program = Program.objects.visible_to(actor).get(code=code)
        return membership_table(program, actor=actor, lots=part == "lots", unmasked=bool(reason), reason=reason)
    check_export(actor, unmasked=bool(reason))
    facts = {"unmasked": bool(reason), "reason": reason}
    rows = logged_export(customer_rows(unmasked=bool(reason)), actor.user_id, CUSTOMERS, facts=facts)
    return NAMES, rows


def sent(name: str, form: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponseBase:
    """The file: CSV as it is read, XLSX once it is whole."""
    if form == "csv":
        response = StreamingHttpResponse(write_csv(header, rows), content_type=CSV)
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    write_xlsx(file, header, rows, most=MOST_ROWS_OF_WORKBOOK)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
