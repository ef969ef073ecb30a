"""Bulk awards at the desk: the list of them, a new one from a file, one with its lines (domain 1.6)."""

from typing import Any

from django import forms
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from activities.award_lines import MOST_LINES, read_list
from activities.awarding import (
    APPROVE,
    REQUEST,
    AwardCall,
    draft_award,
    may_discard,
    totals_of,
    visible_award,
    visible_awards,
)
from activities.desk.work import WorkList
from activities.models import AwardStatus, BulkAward
from common.desk.fields import NoteField, offer
from common.desk.pages import DeskPage
from common.desk.words import money
from common.errors import LoyaltyError, NotFound
from points.reasons import REASONS, reason_in_words
from programs.design import design_of
from programs.models import PointType, Program, ProgramStatus
from staff.models import User

MOST_BYTES = 1024 * 1024
PAGE = 50
ROWS_SHOWN = 100


class ShortUpload(FileUploadHandler):
    """Lets no more than MOST_BYTES of a file through."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MOST_BYTES:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""


class AwardForm(forms.Form):
    point_type = forms.ChoiceField(label=gettext_lazy("Program and points"))
    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Stands for this list and no other, as “Storm of 3 May”."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[(code, gettext_lazy(label)) for code, label in REASONS.items()],
        help_text=gettext_lazy("Stays with every posting and is shown in the statements."),
    )
    note = NoteField(help_text=gettext_lazy("For colleagues; name no customer."))
    file = forms.FileField(
        label=gettext_lazy("List"),
        help_text=gettext_lazy(
            "CSV (UTF-8) or XLSX with the columns member_number (or card_number) and points; at most 1 MB and "
            "5,000 lines."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
    )

    def __init__(self, *args: Any, types: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "point_type", types)


class Awards(WorkList):
    action = "reports:read"
    template = "desk/awards/list.html"
    section = "awards"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = visible_awards(self.actor).select_related("program", "point_type").order_by("-pk")
        after = self.after()
        rows = list((found.filter(pk__lt=after) if after else found)[: PAGE + 1])
        names = _users(rows)
        return self.draw(
            rows=[(one, totals_of(one), names.get(one.requested_by_id, "")) for one in rows[:PAGE]],
            may_ask=self.may(REQUEST),
            next_page=self.next_page(rows[PAGE - 1].pk if len(rows) > PAGE else None),
            first_page=self.first_page(),
        )


@method_decorator(csrf_exempt, name="dispatch")
class NewAward(DeskPage):
    """The token against forgery is checked behind the limit of the upload, not before it."""

    action = REQUEST
    template = "desk/awards/new.html"
    section = "awards"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.upload_handlers.insert(0, ShortUpload(request))
        return csrf_protect(super().dispatch)(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(AwardForm(types=self._types()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AwardForm(request.POST, request.FILES, types=self._types())
        if not form.is_valid():
            if "file" in form.errors and int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
                form.errors["file"] = form.error_class([_("The file is larger than 1 MB: split the list in two.")])
            return self._form(form, status=400)
        given = form.cleaned_data
        code, _colon, point_type = given["point_type"].partition(":")
        program = Program.objects.visible_to(self.actor).get(code=code)
        call = AwardCall(given["name"], given["reason_code"], point_type=point_type, note=given["note"])
        try:
            award = draft_award(program, call, read_list(given["file"]), actor=self.actor)
        except LoyaltyError as error:
            return self._form(form, error=error, status=error.status)
        return HttpResponseRedirect(reverse("desk:award", args=[award.pk]))

    def _form(self, form: forms.Form, *, error: LoyaltyError | None = None, status: int = 200) -> HttpResponse:
        return self.draw(form=form, error=error, most=MOST_LINES, status=status)

    def _types(self) -> list[tuple[str, str]]:
        """Point types of the programs in which the user may ask for an award."""
        programs = Program.objects.visible_to(self.actor).filter(status=ProgramStatus.RELEASED)
        types = PointType.objects.filter(program__in=programs).select_related("program")
        ordered = types.order_by("program__name", "-is_default", "name")
        return [
            (f"{one.program.code}:{one.code}", f"{one.program.name}: {one.name}")
            for one in ordered
            if self.may(REQUEST, one.program_id)
        ]


class AwardPage(DeskPage):
    action = "reports:read"
    template = "desk/awards/award.html"
    section = "awards"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            award = visible_award(pk, self.actor)
        except NotFound as error:
            raise Http404 from error
        self.allow(award.program_id)
        design = design_of(award.program_id)
        names, totals = _users([award]), totals_of(award)
        rows = award.rows.select_related("membership")
        own = award.requested_by_id == self.actor.user_id
        return self.draw(
            award=award,
            program=design.program,
            zone=design.zone,
            totals=totals,
            value=money(totals.value),
            faulty=rows.exclude(problem="").order_by("line")[:ROWS_SHOWN],
            rows=rows.filter(problem="").order_by("line")[:ROWS_SHOWN],
            why=reason_in_words(award.reason_code),
            asked_by=names.get(award.requested_by_id, ""),
            decided_by=names.get(award.decided_by_id or 0, ""),
            send=reverse("desk:award-submit", args=[pk]) if award.status == AwardStatus.DRAFT and own else "",
            discard=reverse("desk:award-discard", args=[pk])
            if award.status == AwardStatus.DRAFT and may_discard(award, self.actor)
            else "",
            decide=reverse("desk:award-decide", args=[pk])
            if award.status == AwardStatus.WAITING and self.may(APPROVE, award.program_id)
            else "",
        )


def _users(awards: list[BulkAward]) -> dict[int, str]:
    wanted = {one for award in awards for one in (award.requested_by_id, award.decided_by_id) if one}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "username"))
