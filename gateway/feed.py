"""Read the feed: numbered events of the programs one may see, from a number on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from common.actor import Actor
from gateway.models import Event, EventNumber

READS_EVENTS = "reports:read"
READS_CUSTOMERS = "customers:read"
# Numbers looked through at most, so that a reader of a quiet program never makes the database scan the whole feed.
SPAN = 20_000


@dataclass(frozen=True)
class Page:
    """`next_after` is where to go on: past all that was looked through, seen or not."""

    events: Sequence[EventNumber]
    next_after: int


def read_feed(actor: Actor, *, after: int, limit: int) -> Page:
    """At most `limit` events with a number above `after`, in order of their numbers.

    It may be empty while more is to come; the end is reached when `next_after` stays the same.
    """
    # First the end, then the events: a number given in between is read next time.
    last: int = EventNumber.objects.order_by("-number").values_list("number", flat=True).first() or 0
    until = max(after, min(last, after + SPAN))
    page = list(
        EventNumber.objects.filter(number__gt=after, number__lte=until)
        .filter(visible_to(actor))
        .select_related("event__program")
        .order_by("number")[:limit]
    )
    return Page(page, page[-1].number if len(page) == limit else until)


def shown(numbered: EventNumber) -> dict[str, Any]:
    event: Event = numbered.event
    return {
        "number": numbered.number,
        "kind": event.kind,
        "program": event.program.code if event.program else None,
        "subject_id": event.subject_id,
        "facts": event.facts,
        "recorded_at": event.recorded_at,
    }


def visible_to(actor: Actor) -> Q:
    """Which numbered events the actor may see."""
    outside = Q(event__program=None)
    if actor.programs is None:
        inside = ~outside
    else:
        readable = [program for program in actor.programs if actor.may(READS_EVENTS, program)]
        inside = Q(event__program__in=readable)
    return inside | outside if actor.may(READS_CUSTOMERS, None) else inside
