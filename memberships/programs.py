"""Which program a membership belongs to, known before the first program-scoped read (architecture 2.2)."""

from memberships.models import Membership

# A membership never changes its program, so what was once read stays true.
MOST = 200_000
_programs: dict[int, int] = {}


def program_of(membership_id: int) -> int | None:
    """The program's id; None where no such membership exists."""
    program_id = _programs.get(membership_id)
    if program_id is None:
        program_id = Membership.objects.filter(pk=membership_id).values_list("program_id", flat=True).first()
        if program_id is not None:
            if len(_programs) >= MOST:
                _programs.clear()
            _programs[membership_id] = program_id
    return program_id


def forget_programs() -> None:
    """Drop what is kept (tests that reuse ids)."""
    _programs.clear()
