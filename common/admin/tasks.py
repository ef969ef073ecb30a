"""The desk's pages the back office links to; nothing else here knows their names."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.enums import ActionVariant

from common.staff_actor import actor_of_request

Text = str | Promise


class Page(NamedTuple):
    """A page of the desk: its name there, what a button calls it, the right it asks for, an icon."""

    name: str
    label: Text
    right: str
    icon: str = ""


HOME = Page("home", _("Dashboard"), "reports:read", "dashboard")
SEARCH = Page("search", _("Find anything"), "customers:read", "search")
RULES = Page("rules", _("Rules"), "memberships:read", "rule")
NEW_CUSTOMER = Page("new-customer", _("New customer"), "customers:write", "person_add")
ORDERS = Page("orders", _("Open orders"), "memberships:read", "shopping_bag")
REWARDS = Page("rewards", _("Rewards"), "memberships:read", "redeem")
BATCHES = Page("batches", _("Batches of cards"), "cards:read", "style")
WORK_LISTS = (
    Page("changes", _("Changes of memberships"), "memberships:read", "call_merge"),
    Page("adjustments", _("Adjustments waiting"), "reports:read", "approval"),
    Page("activities", _("Activities"), "memberships:read", "bolt"),
    Page("duplicates", _("Likely duplicates"), "customers:read", "group"),
    ORDERS,
    BATCHES,
    RULES,
)
REPORTS = (
    Page("liability", _("Liability"), "reports:read", "account_balance"),
    Page("expiry-forecast", _("Expiry forecast"), "reports:read", "event_upcoming"),
    Page("imports", _("Imports"), "customers:write", "upload"),
    Page("exports", _("Exports"), "reports:read", "download"),
)
CUSTOMER = Page("customer", _("Open at the desk"), "customers:read", "contact_page")
OF_CUSTOMER = (
    Page("enrol", _("Enrol"), "memberships:manage"),
    Page("deactivate", _("Deactivate"), "customers:write"),
    Page("deceased", _("Record a death"), "customers:write"),
    Page("delete", _("Delete"), "customers:erase"),
    Page("erase", _("Erase"), "customers:erase"),
)
MEMBERSHIP = Page("membership", _("Open at the desk"), "memberships:read", "contact_page")
STATEMENT = Page("statement", _("Statement"), "memberships:read", "receipt_long")
EXPLAIN = Page("explain", _("Why this balance?"), "memberships:read", "help")
ON_POINTS = (
    Page("adjust", _("Adjust"), "points:adjust"),
    Page("transfer", _("Transfer"), "points:transfer"),
    Page("hold", _("Hold"), "points:redeem"),
)
ON_LIFE = (
    Page("activate", _("Activate"), "memberships:manage"),
    Page("pause", _("Pause"), "memberships:manage"),
    Page("suspend", _("Suspend"), "memberships:manage"),
    Page("reinstate", _("Reinstate"), "memberships:manage"),
    Page("renew", _("Renew"), "memberships:manage"),
    Page("record-payment", _("Record payment"), "memberships:manage"),
    Page("terminate", _("Terminate"), "memberships:manage"),
)
ON_EXCEPTION = (
    Page("allow-redemption", _("Allow redeeming by exception"), "memberships:manage"),
    Page("forbid-redemption", _("End the exception"), "memberships:manage"),
)
CHANGE = Page("change", _("Open at the desk"), "memberships:read", "call_split")
BATCH = Page("batch", _("Open at the desk"), "cards:read", "style")
NEW_BATCH = Page("batch-new", _("New batch of cards"), "cards:manage", "add_card")
POSTING = Page("posting", _("Open at the desk"), "memberships:read", "receipt")
REVERSE = Page("reverse", _("Reverse"), "points:reverse", "undo")
RELEASE_HOLD = Page("release-hold", _("Release"), "points:redeem", "lock_open")
ORDER = Page("order", _("Open at the desk"), "memberships:read", "shopping_bag")
VOUCHER = Page("voucher", _("Open at the desk"), "vouchers:use", "confirmation_number")
RULE = Page("rule", _("Open at the desk"), "memberships:read", "rule")
CAMPAIGN = Page("campaign", _("Open at the desk"), "memberships:read", "campaign")
ACTIVITY = Page("activity", _("Why these effects?"), "memberships:read", "bolt")
TRANSACTION = Page("transaction", _("Open at the desk"), "memberships:read", "shopping_cart")
CLAIM = Page("claim", _("Grant or refuse"), "points:adjust", "approval")
AWARD = Page("award", _("Open at the desk"), "reports:read", "playlist_add")
ADJUSTMENT = Page("adjustment", _("Approve or refuse"), "points:approve", "approval")

WITHOUT_ID = (HOME, SEARCH, NEW_CUSTOMER, NEW_BATCH, *WORK_LISTS, REWARDS, *REPORTS)
WITH_ID = (
    CUSTOMER,
    *OF_CUSTOMER,
    MEMBERSHIP,
    STATEMENT,
    EXPLAIN,
    *ON_POINTS,
    *ON_LIFE,
    *ON_EXCEPTION,
    CHANGE,
    BATCH,
    POSTING,
    REVERSE,
    RELEASE_HOLD,
    ADJUSTMENT,
    ORDER,
    VOUCHER,
    RULE,
    CAMPAIGN,
    ACTIVITY,
    TRANSACTION,
    CLAIM,
    AWARD,
)


def url_of(page: Page, *args: Any, **query: Any) -> str:
    return reverse(f"desk:{page.name}", args=args) + (f"?{urlencode(query)}" if query else "")


class Desk:
    """Buttons above a form, as unfold draws them, for what the user of the request may do in that program."""

    def __init__(self, request: HttpRequest, program_id: int | None = None) -> None:
        self.actor = actor_of_request(request)
        self.program_id = program_id

    def button(self, page: Page, *args: Any, **query: Any) -> dict[str, Any] | None:
        if not self.actor.may(page.right, self.program_id):
            return None
        return drawn(page.label, page.icon, path=url_of(page, *args, **query))

    def menu(self, label: Text, pages: Iterable[Page], *args: Any, icon: str = "") -> dict[str, Any] | None:
        """Buttons folded into one; None where nothing is left."""
        items = [one for one in (self.button(page, *args) for page in pages) if one]
        return drawn(label, icon, items=items) if items else None


def drawn(title: Text, icon: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "icon": icon, "variant": ActionVariant.DEFAULT, "attrs": {}, "dialog": None, **more}
