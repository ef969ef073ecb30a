"""One-time codes that go to a person's registered address alone: six digits, half an hour, six tries (domain 1.4, 1.9).

Of a code only a digest is kept. It takes the secret key, as a million codes could be tried, and belongs to what the
code was sent for. Wrong tries are counted apart from the verb, which is rolled back.
"""

import secrets
from datetime import datetime, timedelta
from typing import Protocol

from django.db import models
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from common.db import apart

CODE_DIGITS = 6
MOST_TRIES = 6
CODE_LASTS = timedelta(minutes=30)
# Each code allows six tries more, so their number is bounded.
MOST_SENT, SENT_WITHIN = 10, timedelta(days=1)


class SentState(models.TextChoices):
    """What became of a code or a link that was sent."""

    WAITING = "waiting", _("waiting for the member")
    USED = "used", _("used")
    ENDED = "ended", _("replaced or ended")
    TRIED_OUT = "tried_out", _("too many wrong tries")
    OVER = "over", _("time is over")


class Sent(Protocol):
    """A row of one."""

    expires_at: datetime
    used_at: datetime | None
    ended_at: datetime | None
    tries: int


def state_of(sent: Sent, now: datetime) -> SentState:
    """`now` is real time, as the rows' own."""
    if sent.used_at is not None:
        return SentState.USED
    if sent.ended_at is not None:
        return SentState.ENDED
    if sent.tries >= MOST_TRIES:
        return SentState.TRIED_OUT
    return SentState.WAITING if now < sent.expires_at else SentState.OVER


def new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def minutes() -> int:
    """How long a code lasts, for the letter."""
    return int(CODE_LASTS.total_seconds() // 60)


def code_digest(purpose: str, bound_to: str, code: str) -> bytes:
    return salted_hmac(purpose, f"{bound_to}/{code}", algorithm="sha256").digest()


def fits(kept: bytes | memoryview, purpose: str, bound_to: str, code: str) -> bool:
    """Whether it is the code that was sent, in constant time; blanks around it do not count."""
    return constant_time_compare(code_digest(purpose, bound_to, code.strip()), bytes(kept))


def count_wrong_try(sent: models.Model) -> None:
    """On a connection of its own: the refusal that follows rolls back everything else. The caller sees to it that no
    other try is judged meanwhile."""
    with apart() as connection, connection.cursor() as cursor:
        table = sent._meta.db_table
        cursor.execute(f"UPDATE {table} SET tries = tries + 1 WHERE id = %s", [sent.pk])  # noqa: S608 - our own table
