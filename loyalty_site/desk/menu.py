"""What stands in the menu of the desk, for whom."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from activities.waiting import waiting_counts
from common.actor import Actor
from common.desk.menu import Entry, Group

# What stands open to everybody of the staff.
ANYBODY = ""
Row = tuple[str, Any, str, str]

# By what people do, under each heading: section, label, name of the page, action asked for.
GROUPS: tuple[tuple[Any, tuple[Row, ...]], ...] = (
    (
        gettext_lazy("Customers"),
        (
            ("customers", gettext_lazy("Find a customer"), "desk:search", "customers:read"),
            ("new-customer", gettext_lazy("New customer"), "desk:new-customer", "customers:write"),
            ("changes", gettext_lazy("Changes of memberships"), "desk:changes", "memberships:read"),
            ("duplicates", gettext_lazy("Likely duplicates"), "desk:duplicates", "customers:read"),
            ("hot-list", gettext_lazy("Hot list of cards"), "desk:hot-list", "cards:read"),
            ("batches", gettext_lazy("Batches of cards"), "desk:batches", "cards:read"),
        ),
    ),
    (
        gettext_lazy("Points"),
        (
            ("claims", gettext_lazy("Claims for missing points"), "desk:claims", "memberships:read"),
            ("adjustments", gettext_lazy("Adjustments"), "desk:adjustments", "reports:read"),
            ("awards", gettext_lazy("Awards from lists"), "desk:awards", "reports:read"),
            ("orders", gettext_lazy("Open orders"), "desk:orders", "memberships:read"),
            ("activities", gettext_lazy("Activities"), "desk:activities", "memberships:read"),
        ),
    ),
    (
        gettext_lazy("Design"),
        (
            ("rules", gettext_lazy("Rules"), "desk:rules", "memberships:read"),
            ("campaigns", gettext_lazy("Campaigns"), "desk:campaigns", "memberships:read"),
            ("rewards", gettext_lazy("Rewards"), "desk:rewards", "memberships:read"),
            ("ladders", gettext_lazy("Tiers"), "desk:ladders", "memberships:read"),
            ("notices", gettext_lazy("Notices"), "desk:notices", "memberships:read"),
        ),
    ),
    (
        gettext_lazy("Reports"),
        (
            ("home", gettext_lazy("Overview"), "desk:home", "reports:read"),
            ("liability", gettext_lazy("Liability"), "desk:liability", "reports:read"),
            ("expiry", gettext_lazy("Expiry forecast"), "desk:expiry-forecast", "reports:read"),
            ("analytics", gettext_lazy("Analytics"), "desk:analytics", "reports:read"),
            ("runs", gettext_lazy("Runs"), "desk:runs", "reports:read"),
        ),
    ),
    (
        gettext_lazy("Setting"),
        (
            ("imports", gettext_lazy("Imports"), "desk:imports", "customers:write"),
            ("exports", gettext_lazy("Exports"), "desk:exports", "reports:read"),
            ("back-office", gettext_lazy("Back office"), "admin:index", ANYBODY),
        ),
    ),
)


def groups(actor: Actor) -> list[Group]:
    """Those of which the actor may open something."""
    counts = waiting_counts(actor)
    found = [Group(str(label), tuple(_entries(rows, actor, counts))) for label, rows in GROUPS]
    return [group for group in found if group.entries]


def _entries(rows: tuple[Row, ...], actor: Actor, counts: dict[str, int]) -> Iterator[Entry]:
    for section, label, name, action in rows:
        if action == ANYBODY or actor.may(action, None):
            yield Entry(section, str(label), reverse(name), counts.get(section))
