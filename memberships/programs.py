"""Which program a membership belongs to, known before the first program-scoped read (architecture 2.2)."""

from django.db import connection

from common.actor import Actor

# A membership never changes its program, so what was once read stays true.
MOST = 200_000
_programs: dict[int, int] = {}


def program_of(membership_id: int) -> int | None:
    """The program's id; None where no such membership exists."""
    program_id = _programs.get(membership_id)
    if program_id is None:
        program_id = _read(membership_id)
        if program_id is not None:
            if len(_programs) >= MOST:
                _programs.clear()
            _programs[membership_id] = program_id
    return program_id


def program_for(actor: Actor, membership_id: int) -> int | None:
    """The program a call can mean: the actor's only one, unread, or else the membership's.

    A statement that uses it asks for the membership in that program, so that one of another program is not found.
    """
    if actor.programs is not None and len(actor.programs) == 1:
        (program_id,) = actor.programs
        return program_id
    return program_of(membership_id)


def forget_programs() -> None:
    """Drop what is kept (tests that reuse ids)."""
    _programs.clear()


def _read(membership_id: int) -> int | None:
    # By hand: the query builder would take longer than the rest of an earning.
    with connection.cursor() as cursor:
        cursor.execute("SELECT program_id FROM memberships_membership WHERE id = %s", [membership_id])
        row = cursor.fetchone()
    return row[0] if row else None
