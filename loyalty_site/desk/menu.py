"""What stands in the menu of the desk, for whom."""

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.waiting import waiting_counts
from common.actor import Actor
from common.desk.menu import Entry

# Section, label, name of the page, action asked for: people, work lists with what waits there, design, reports, files.
ENTRIES: tuple[tuple[str, Any, str, str], ...] = (
    ("home", gettext_lazy("Overview"), "home", "reports:read"),
    ("customers", gettext_lazy("Customers"), "search", "customers:read"),
    ("new-customer", gettext_lazy("New customer"), "new-customer", "customers:write"),
    ("changes", gettext_lazy("Changes"), "changes", "memberships:read"),
    ("claims", gettext_lazy("Claims"), "claims", "memberships:read"),
    ("adjustments", gettext_lazy("Adjustments"), "adjustments", "reports:read"),
    ("awards", gettext_lazy("Awards"), "awards", "reports:read"),
    ("orders", gettext_lazy("Open orders"), "orders", "memberships:read"),
    ("activities", gettext_lazy("Activities"), "activities", "memberships:read"),
    ("duplicates", gettext_lazy("Duplicates"), "duplicates", "customers:read"),
    ("hot-list", gettext_lazy("Hot list"), "hot-list", "cards:read"),
    ("batches", gettext_lazy("Batches"), "batches", "cards:read"),
    ("rules", gettext_lazy("Rules"), "rules", "memberships:read"),
    ("campaigns", gettext_lazy("Campaigns"), "campaigns", "memberships:read"),
    ("rewards", gettext_lazy("Rewards"), "rewards", "memberships:read"),
    ("ladders", gettext_lazy("Tiers"), "ladders", "memberships:read"),
    ("notices", gettext_lazy("Notices"), "notices", "memberships:read"),
    ("liability", gettext_lazy("Liability"), "liability", "reports:read"),
    ("expiry", gettext_lazy("Expiry forecast"), "expiry-forecast", "reports:read"),
    ("analytics", gettext_lazy("Analytics"), "analytics", "reports:read"),
    ("runs", gettext_lazy("Runs"), "runs", "reports:read"),
    ("imports", gettext_lazy("Imports"), "imports", "customers:write"),
    ("exports", gettext_lazy("Exports"), "exports", "reports:read"),
)


def entries(actor: Actor) -> list[Entry]:
    """Those the actor may open, and the back office behind them."""
    counts = waiting_counts(actor)
    shown = [
        Entry(section, str(label), url, counts.get(section))
        for section, label, name, action in ENTRIES
        if actor.may(action, None) and (url := _address(name))
    ]
    return [*shown, Entry("back-office", _("Back office"), reverse("admin:index"))]


def _address(name: str) -> str:
    try:
        return reverse(f"desk:{name}")
    except NoReverseMatch:
        return ""
