"""The words behind an explanation's numbers: people, agents, activities, each kind read once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from activities.models import MemberActivity
from customers.overview import names_of
from gateway.models import Channel
from points.explaining import Explanation
from staff.models import User


@dataclass(frozen=True, slots=True)
class Told:
    """`names` by customer, unmasked; `activities` by posting; `postings` are all that were asked about."""

    names: dict[int, str | None]
    users: dict[int, str]
    channels: dict[int, str]
    activities: dict[int, MemberActivity]
    postings: frozenset[int] = frozenset()

    def agent(self, user_id: int | None, channel_id: int | None) -> str:
        """Who acted: the member of staff, else the channel."""
        if user_id is not None:
            return self.users.get(user_id, f"#{user_id}")
        return self.channels.get(channel_id or 0, "")


def told_of(found: Explanation) -> Told:
    postings = list(_postings(found))
    people = [one["person"] for one in postings] + [lot["earner"] for lot in found.lots]
    return told(
        people=[*people, *(debt["person"] for debt in found.debts)],
        users=(one["user"] for one in postings),
        channels=(one["channel"] for one in postings),
        postings=(one["id"] for one in postings),
    )


def told(
    *,
    people: Iterable[int | None],
    users: Iterable[int | None],
    channels: Iterable[int | None],
    postings: Iterable[int],
) -> Told:
    """Names of customers, members of staff and channels, and the activities of postings."""
    asked = frozenset(postings)
    activities = MemberActivity.objects.filter(posting_id__in=asked).select_related("type")
    return Told(
        names=names_of(people),
        users=dict(User.objects.filter(pk__in={one for one in users if one}).values_list("pk", "username")),
        channels=dict(Channel.objects.filter(pk__in={one for one in channels if one}).values_list("pk", "name")),
        activities={one.posting_id: one for one in activities if one.posting_id},
        postings=asked,
    )


def _postings(found: Explanation) -> Iterator[dict[str, Any]]:
    for lot in found.lots:
        for step in (*lot["came_by"], *lot["drawn_by"]):
            yield step["posting"]
