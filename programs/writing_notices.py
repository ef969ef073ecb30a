"""Write the text of a notice: checked, for a program one may design, with the reason in its history."""

from common.actor import Actor
from common.db import in_program
from common.errors import Malformed
from common.history import audit_context
from programs.errors import DesignNotAllowed
from programs.life import DESIGN
from programs.models import NoticeTemplate, Program
from programs.notice_texts import mistakes


class TextWrong(Malformed):
    code = "notice_text_wrong"
    title = "The text can't be sent so"


def write_notice_text(
    program: Program,
    *,
    code: str,
    language: str,
    subject: str,
    body: str,
    actor: Actor,
    reason: str,
    days_before: int | None = None,
    is_active: bool = True,
) -> NoticeTemplate:
    """The program's text of that notice in that language, new or in place of the one before."""
    if not actor.may(DESIGN, program.pk):
        raise DesignNotAllowed(f"{actor.label} has no right to design {program.code}.")
    found = mistakes(code, subject, body)
    if found:
        raise TextWrong(found[0]["detail"], errors=found)
    with in_program(program), audit_context(actor, reason):
        rows = NoticeTemplate.objects.select_for_update(no_key=True, of=("self",))
        row = rows.filter(program=program, code=code, language=language).first()
        row = row or NoticeTemplate(program=program, code=code, language=language)
        row.subject, row.body, row.days_before, row.is_active = subject, body, days_before, is_active
        row.save()
    return row
