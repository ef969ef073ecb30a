"""What the verbs of rules and campaigns share: the right, the transaction, the checks of names and days."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from activities.rules.reader import Mistakes
from common.actor import Actor
from common.db import in_program
from common.history import audit_context
from programs.errors import DesignNotAllowed
from programs.life import DESIGN
from programs.models import Program

# Its first instant is a time in every zone.
EARLIEST = date(1900, 1, 1)
CODE = re.compile(r"[-a-zA-Z0-9_]{1,40}\Z")


@contextmanager
def designing(program: Program, actor: Actor, why: str) -> Iterator[None]:
    """The transaction of a verb, for an actor with the right to design the program."""
    if not actor.may(DESIGN, program.pk):
        raise DesignNotAllowed(f"{actor.label} has no right to design {program.code}.")
    with in_program(program), audit_context(actor, why):
        yield


def check_code(code: str, mistakes: Mistakes, *, taken: bool) -> None:
    if not CODE.match(code):
        mistakes.add("/code", "invalid", "A code has 1 to 40 letters, digits, hyphens or underscores.")
    elif taken:
        mistakes.add("/code", "code_taken", f"The code “{code}” is taken in this program.")


def check_text(name: str, value: str, mistakes: Mistakes, *, most: int, required: bool = False) -> None:
    if required and not value.strip():
        mistakes.add(f"/{name}", "required", f"“{name}” is missing.")
    elif len(value) > most:
        mistakes.add(f"/{name}", "too_long", f"At most {most} characters.")


def check_days(valid_from: date | None, valid_until: date | None, mistakes: Mistakes) -> None:
    for name, day in (("valid_from", valid_from), ("valid_until", valid_until)):
        if day and day < EARLIEST:
            mistakes.add(f"/{name}", "out_of_range", f"Not before {EARLIEST.isoformat()}.")
    if valid_from and valid_until and valid_until < valid_from:
        mistakes.add("/valid_until", "invalid", "It ends before it begins.")
