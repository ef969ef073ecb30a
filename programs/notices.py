"""Which text a notice of a program has: the program's own in the customer's language, else in English, else the
system's (domain 1.13)."""

from dataclasses import dataclass

from programs.design import Design
from programs.models import NoticeTemplate
from programs.notice_texts import DEFAULT_DAYS, Text, built_in

ENGLISH = "en"
KEPT = "notice_texts"


@dataclass(frozen=True, slots=True)
class Texts:
    """The program's own texts, by code and language; `off` are those that stand but are not sent."""

    by_code: dict[str, dict[str, Text]]
    off: frozenset[tuple[str, str]]
    days: dict[str, int]


def texts_of(design: Design) -> Texts:
    """Kept with the design: a changed text makes a new version of it."""
    kept = design.derived.get(KEPT)
    if not isinstance(kept, Texts):
        kept = design.derived[KEPT] = _read(design.program.pk)
    return kept


def text_for(design: Design, code: str, language: str) -> Text | None:
    """None where the program has switched the notice off, or nobody has written a text for it."""
    texts = texts_of(design)
    own = texts.by_code.get(code, {})
    for one in dict.fromkeys((language, language.partition("-")[0], ENGLISH)):
        if (code, one) in texts.off:
            return None
        if one in own:
            return own[one]
    return built_in(code, language)


def is_designed(design: Design, code: str) -> bool:
    """Whether the program has a text of its own that is sent."""
    return bool(texts_of(design).by_code.get(code))


def days_ahead(design: Design, code: str) -> int:
    """How long before it happens the notice is due: the longest time any of its texts names, else 30 days."""
    return texts_of(design).days.get(code, DEFAULT_DAYS)


def _read(program_id: int) -> Texts:
    by_code: dict[str, dict[str, Text]] = {}
    days: dict[str, int] = {}
    off = set()
    for row in NoticeTemplate.objects.filter(program=program_id):
        if not row.is_active:
            off.add((row.code, row.language))
            continue
        by_code.setdefault(row.code, {})[row.language] = Text(row.subject, row.body, row.language)
        if row.days_before is not None:
            days[row.code] = max(days.get(row.code, 0), row.days_before)
    return Texts(by_code, frozenset(off), days)
