"""What stands in the menu of the desk, for whom."""

from collections.abc import Callable

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.actor import Actor
from common.desk.menu import Entry

Count = Callable[[Actor], int]

# Section, label, name of the page, action asked for, and what counts the work waiting there.
ENTRIES: tuple[tuple[str, object, str, str, Count | None], ...] = (
    ("home", gettext_lazy("Overview"), "home", "reports:read", None),
    ("customers", gettext_lazy("Customers"), "search", "customers:read", None),
    ("new-customer", gettext_lazy("New customer"), "new-customer", "customers:write", None),
    ("adjustments", gettext_lazy("Adjustments"), "adjustments", "points:adjust", None),
    ("failed-activities", gettext_lazy("Failed activities"), "failed-activities", "memberships:read", None),
    ("duplicates", gettext_lazy("Duplicates"), "duplicates", "customers:read", None),
    ("liability", gettext_lazy("Liability"), "liability", "reports:read", None),
    ("expiry", gettext_lazy("Expiry forecast"), "expiry-forecast", "reports:read", None),
    ("imports", gettext_lazy("Imports"), "imports", "customers:write", None),
    ("exports", gettext_lazy("Exports"), "exports", "reports:read", None),
)


def entries(actor: Actor) -> list[Entry]:
    """Those the actor may open, and the back office behind them."""
    shown = [
        Entry(section, str(label), url, count(actor) if count else None)
        for section, label, name, action, count in ENTRIES
        if actor.may(action, None) and (url := _address(name))
    ]
    return [*shown, Entry("back-office", _("Back office"), reverse("admin:index"))]


def _address(name: str) -> str:
    try:
        return reverse(f"desk:{name}")
    except NoReverseMatch:
        return ""
