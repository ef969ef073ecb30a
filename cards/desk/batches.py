"""/desk/cards/batches: every batch with how far it is; one batch, its figures and its file."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.batch_figures import figures_of
from cards.batch_file import MANAGE, download
from cards.batches import UNMADE, ends_on
from cards.models import BatchStatus, CardBatch
from common.desk.fields import offer
from common.desk.pages import DeskPage
from programs.models import Program
from staff.models import User

PAGE = 25
LARGEST_ID = 2**63 - 1
BADGES = {BatchStatus.READY: "good", BatchStatus.RUNNING: "info", BatchStatus.REVOKED: "bad"}


class FilterForm(forms.Form):
    program = forms.ChoiceField(label=gettext_lazy("Program"), required=False)
    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)

    def __init__(self, *args: Any, programs: list[Program], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "program", [("", _("every program")), *((one.code, one.name) for one in programs)])
        offer(self, "status", [("", _("every status")), *BatchStatus.choices])


class BatchPage(DeskPage):
    action = "cards:read"
    section = "batches"

    def batches(self) -> QuerySet[CardBatch]:
        found: QuerySet[CardBatch] = CardBatch.objects.visible_to(self.actor).select_related("program", "card_type")
        return found

    def batch(self, pk: int) -> CardBatch:
        """Http404 for what is foreign or missing, PermissionDenied without the page's right there."""
        found = self.batches().filter(pk=pk).first()
        if found is None:
            raise Http404
        self.allow(found.program_id)
        return found


class Batches(BatchPage):
    template = "desk/batches/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        programs = list(Program.objects.visible_to(self.actor).order_by("name"))
        form = FilterForm(request.GET, programs=programs)
        given = form.cleaned_data if form.is_valid() else {}
        found = list(self._chosen(given)[: PAGE + 1])
        return self.draw(
            form=form,
            rows=[row_of(batch) for batch in found[:PAGE]],
            filtered=any(given.values()),
            may_ask=self.may(MANAGE),
            next_page=self._page(given, before=found[PAGE - 1].pk) if len(found) > PAGE else "",
            first_page=self._page(given) if request.GET.get("before") else "",
        )

    def _chosen(self, given: dict[str, str]) -> QuerySet[CardBatch]:
        found = self.batches().order_by("-pk")
        programs = self.actor.programs_for(self.action)
        if programs is not None:
            found = found.filter(program_id__in=programs)
        if given.get("program"):
            found = found.filter(program__code=given["program"])
        if given.get("status"):
            found = found.filter(status=given["status"])
        before = self.request.GET.get("before", "")
        if before.isascii() and before.isdigit() and int(before) <= LARGEST_ID:
            found = found.filter(pk__lt=int(before))
        return found

    def _page(self, given: dict[str, str], **more: int) -> str:
        query = {name: value for name, value in given.items() if value} | more
        return f"{self.request.path}?{urlencode(query)}" if query else self.request.path


class Batch(BatchPage):
    template = "desk/batches/batch.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self.batch(pk)
        return self.draw(
            batch=batch,
            row=row_of(batch),
            zone=batch.program.zone,
            figures=figures_of(batch) if batch.made else None,
            by=name_of(batch.user_id),
            downloaded_by=name_of(batch.downloaded_by_id),
            may_manage=self.may(MANAGE, batch.program_id),
        )


class BatchDownload(BatchPage):
    """By POST alone, for it is given out once."""

    action = MANAGE

    def post(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        batch = self.batch(pk)
        response = StreamingHttpResponse(download(batch, actor=self.actor), content_type="text/csv; charset=utf-8")
        name = f"{batch.program.code}-{slugify(batch.name) or batch.pk}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response


def row_of(batch: CardBatch) -> dict[str, Any]:
    return {
        "batch": batch,
        "badge": BADGES.get(BatchStatus(batch.status), "warn"),
        "ends_on": ends_on(batch),
        "is_unmade": batch.status in UNMADE,
        "percent": batch.made * 100 // batch.count,
    }


def name_of(user_id: int | None) -> str:
    """Who it was; a run has no name."""
    user = User.objects.filter(pk=user_id).first() if user_id is not None else None
    return user.get_username() if user is not None else _("the system")
