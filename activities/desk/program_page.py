"""Pages about one program, which ?program= names."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from django.http import Http404, StreamingHttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from common.desk.pages import DeskPage
from common.sheets import write_csv
from programs.design import Design, design_of
from programs.models import Program
from staff.access import log_access


class ProgramPage(DeskPage):
    """Without ?program= the first of the user's programs by name; `program` is None only where there is none."""

    action = "reports:read"

    @cached_property
    def programs(self) -> list[Program]:
        visible = Program.objects.visible_to(self.actor).order_by("name", "pk")
        return [one for one in visible if self.may(self.action, one.pk)]

    @cached_property
    def program(self) -> Program | None:
        code = self.request.GET.get("program")
        if code is None:
            return self.programs[0] if self.programs else None
        found: Program | None = Program.objects.visible_to(self.actor).filter(code=code).first()
        if found is None:
            raise Http404
        self.allow(found.pk)
        return found

    @cached_property
    def design(self) -> Design:
        if self.program is None:
            raise Http404
        return design_of(self.program.pk)

    def sheet(self, name: str, rows: Iterator[Sequence[Any]], **facts: Any) -> StreamingHttpResponse:
        """The rows as a CSV file, header first; who took it is written down."""
        # The actor of a page is always a user.
        log_access(self.request.user, "export", name, facts=facts)  # type: ignore[arg-type]
        response = StreamingHttpResponse(write_csv(next(rows), rows), content_type="text/csv; charset=utf-8")
        file = "-".join([name.replace(" ", "-"), *map(str, facts.values())])
        response["Content-Disposition"] = f'attachment; filename="{file}.csv"'
        return response


def address(name: str, *arguments: Any, **query: Any) -> str:
    """Of a page, with its query; empty where there is no such page."""
    try:
        path = reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
    return f"{path}?{urlencode(query)}" if query else path
