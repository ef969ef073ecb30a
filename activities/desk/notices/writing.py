"""Write the text of one notice in one language; the preview is the letter as a member reads it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from customers.notices import Recipient, written_for
from programs.life import DESIGN
from programs.models import NoticeTemplate, Program
from programs.notice_texts import (
    AHEAD,
    DEFAULT_DAYS,
    LONGEST,
    SAMPLES,
    Text,
    built_in,
    language_in_words,
    mistakes,
    names_of,
    notice_in_words,
)
from programs.writing_notices import write_notice_text

LONGEST_LANGUAGE = 10
LONGEST_CODE = 40


class TextForm(forms.Form):
    subject = forms.CharField(
        label=gettext_lazy("Subject"), max_length=160, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=LONGEST,
        help_text=gettext_lazy("Greeting, program and member number are put around it."),
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    days_before = forms.IntegerField(
        label=gettext_lazy("Days before"), min_value=1, max_value=365, required=False, initial=DEFAULT_DAYS
    )
    is_active = forms.BooleanField(label=gettext_lazy("It is sent"), required=False, initial=True)
    reason = ReasonField(suggestions=(gettext_lazy("New campaign"), gettext_lazy("Clearer wording")))

    def __init__(self, *args: Any, notice: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.notice = notice
        if notice not in AHEAD:
            del self.fields["days_before"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for one in mistakes(self.notice, given.get("subject", ""), given.get("body", "")):
            self.add_error(one["pointer"].strip("/"), ValidationError(one["detail"], code=one["code"]))
        return given


class WriteText(TaskPage):
    section = "notices"
    action = DESIGN
    title = gettext_lazy("Text of a notice")
    what = gettext_lazy(
        "What members who allowed e-mail are sent. Names in double braces are filled in for each of them; the preview "
        "shows an example."
    )
    confirm = gettext_lazy("Use this text")
    form_class = TextForm
    about_template = "desk/notices/about.html"
    notice: str
    language: str

    def load(self, **kwargs: Any) -> None:
        found = Program.objects.visible_to(self.actor).filter(code=kwargs["code"]).first()
        self.notice, self.language = kwargs["notice"], kwargs["language"]
        if found is None or len(self.notice) > LONGEST_CODE or len(self.language) > LONGEST_LANGUAGE:
            raise Http404
        self.allow(found.pk)
        self.program = found
        self.subject = f"{notice_in_words(self.notice)} · {language_in_words(self.language)}"

    def form_options(self) -> dict[str, Any]:
        return {"notice": self.notice}

    def initial(self) -> dict[str, Any]:
        row = self._row()
        if row is not None:
            return {name: getattr(row, name) for name in ("subject", "body", "days_before", "is_active")}
        words = built_in(self.notice, self.language)
        return {"subject": words.subject, "body": words.body} if words else {}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        row = write_notice_text(self.program, code=self.notice, language=self.language, actor=self.actor, **given)
        if not row.is_active:
            return Outcome([_("Nobody gets this notice in this language.")], {"program": self.program.code})
        letter = _sample(self.program, row)
        lines = [line for line in letter.body.splitlines() if line.strip()]
        return Outcome(
            [_("Subject: %(subject)s") % {"subject": letter.subject}, *lines], {"program": self.program.code}
        )

    def figures(self) -> Sequence[Figure]:
        row = self._row()
        sent = None if row is None else _("yes") if row.is_active else _("no")
        return [
            Figure("subject", _("Subject"), row.subject if row else None),
            Figure("text", _("Text"), row.body if row else None),
            Figure("sent", _("Sent"), sent),
            Figure("days", _("Days before"), row.days_before if row else None, always=False),
        ]

    def context(self) -> dict[str, Any]:
        return {"names": [f"{{{{\u00a0{name}\u00a0}}}}" for name in names_of(self.notice)]}

    def exits(self) -> Sequence[Way]:
        return [Way(_("All notices"), _list_of(self.program.code))]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("All notices"), _list_of(facts["program"]), main=True)]

    def _row(self) -> NoticeTemplate | None:
        return NoticeTemplate.objects.filter(program=self.program, code=self.notice, language=self.language).first()


def _list_of(code: str) -> str:
    return f"{page_of('notices')}?{urlencode({'program': code})}"


def _sample(program: Program, row: NoticeTemplate) -> Text:
    facts = {name: SAMPLES.get(name) for name in names_of(row.code)}
    someone = Recipient(0, 0, SAMPLES["membership"], facts)
    return written_for(program, SAMPLES["customer"], someone, Text(row.subject, row.body, row.language))
