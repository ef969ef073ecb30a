"""What the run that ends terms and seasons did, for tests."""

from memberships.renewing import ENDED, Touched, expire_memberships
from programs.models import Program
from tests.factories import ACTOR


def expired(program: Program, *, dry_run: bool = False) -> list[str]:
    """The numbers of those that ended, or would."""
    heard: list[Touched] = []
    counts = expire_memberships(program, actor=ACTOR, dry_run=dry_run, heard=heard.append)
    ended = [one.number for one in heard if one.what == ENDED]
    assert counts[ENDED] == len(ended)
    return ended
