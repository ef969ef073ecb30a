"""/desk/notices: what a program tells its members by itself, in which words and languages."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.program_page import ProgramPage
from programs.life import DESIGN
from programs.models import NoticeTemplate, Program
from programs.notice_texts import AHEAD, STATEMENT, SYSTEM, TIER_CHANGED, language_in_words, notice_in_words
from programs.notices import ENGLISH, days_ahead

WHEN = {
    TIER_CHANGED: gettext_lazy("as soon as a tier changes"),
    STATEMENT: gettext_lazy("once a month, to who had a posting; only with a text of your own"),
}


def _languages() -> list[tuple[str, str]]:
    """Every language Django knows, by its name."""
    return sorted(((code, language_in_words(code)) for code, _name in settings.LANGUAGES), key=lambda one: one[1])


class NewTextForm(forms.Form):
    notice = forms.SlugField(
        label=gettext_lazy("Notice"), max_length=40, help_text=gettext_lazy("Rules name it so, as in welcome.")
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=_languages, initial=ENGLISH)


@dataclass(frozen=True, slots=True)
class Line:
    language: str
    subject: str
    state: str
    badge: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    name: str
    code: str
    when: Any
    lines: list[Line]


class Notices(ProgramPage):
    action = "memberships:read"
    section = "notices"
    template = "desk/notices/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.program is None:
            return self.draw(program=None)
        form = NewTextForm(request.GET) if "notice" in request.GET else NewTextForm()
        if form.is_bound and form.is_valid():
            return HttpResponseRedirect(address_of(self.program, **form.cleaned_data))
        return self.draw(
            program=self.program,
            programs=self.programs,
            form=form,
            notices=self._notices(self.program),
            may_write=self.may(DESIGN, self.program.pk),
        )

    def _notices(self, program: Program) -> list[Notice]:
        rows: dict[str, list[NoticeTemplate]] = {code: [] for code in SYSTEM}
        for row in NoticeTemplate.objects.filter(program=program).order_by("code", "language"):
            rows.setdefault(row.code, []).append(row)
        return [
            Notice(notice_in_words(code), code, self._when(code), _lines(program, code, found))
            for code, found in rows.items()
        ]

    def _when(self, code: str) -> Any:
        if code in AHEAD:
            return _("%(days)s days ahead, once") % {"days": days_ahead(self.design, code)}
        return WHEN.get(code, _("when a rule says so"))


def _lines(program: Program, code: str, rows: list[NoticeTemplate]) -> list[Line]:
    lines = [
        Line(
            language_in_words(row.language),
            row.subject,
            _("own text") if row.is_active else _("not sent"),
            "good" if row.is_active else "bad",
            address_of(program, code, row.language),
        )
        for row in rows
    ]
    if any(row.language == ENGLISH for row in rows):
        return lines
    state = _("not sent") if code == STATEMENT and not rows else _("text of the system")
    if code not in SYSTEM:
        state = _("missing")
    return [*lines, Line(language_in_words(ENGLISH), "", state, "", address_of(program, code, ENGLISH))]


def address_of(program: Program, notice: str, language: str) -> str:
    return reverse("desk:notice-text", args=[program.code, notice, language])
