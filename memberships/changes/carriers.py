"""What apps above keep about a membership and a change takes along: named in settings.LOYALTY_MEMBERSHIP_CARRIERS."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from django.conf import settings
from django.utils.functional import Promise

from common.obstacles import registered
from memberships.changes.plan import Work
from memberships.models import Membership, MembershipChange


class Carrier(Protocol):
    """All it alters and makes it notes in the record of the work; an undo then puts back what was altered by itself."""

    # What its lines are called in a preview: for programs, and for people.
    kind: str
    title: Promise

    def carry(self, work: Work, target: Membership, sources: Sequence[int]) -> None:
        """The sources go into the target, the prime first: it takes over what it lacks, theirs is over."""

    def bring_back(self, work: Work, own: Membership, brought: Membership) -> None:
        """Who leaves a group, the prime of the change: what they brought into it is their own membership's again."""

    def end_made(self, work: Work, original: MembershipChange, made: Collection[int]) -> None:
        """The original is undone: end what it brought elsewhere, and what the memberships it made have."""

    def names_of(self, membership_ids: Collection[int]) -> Mapping[int, Sequence[str]]:
        """What each of them has now, for previews."""


def carriers() -> Iterator[Carrier]:
    for path in settings.LOYALTY_MEMBERSHIP_CARRIERS:
        yield registered(path)()


def lines_of(membership_ids: Collection[int]) -> dict[int, list[tuple[str, str, str]]]:
    """(kind, title, name) of what each membership has by all of them."""
    found: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for carrier in carriers():
        for membership_id, names in carrier.names_of(membership_ids).items():
            found[membership_id] += [(carrier.kind, str(carrier.title), name) for name in names]
    return found
