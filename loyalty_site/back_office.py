"""How the Django admin looks (django-unfold's own setting); what its menu holds stands in menu.py."""

from typing import Any

from django.templatetags.static import static

# Blues of the desk, in the steps unfold asks for.
PRIMARY = {
    "50": "#eef3fe",
    "100": "#dbe5fd",
    "200": "#bfd0fb",
    "300": "#a3beff",
    "400": "#6f93f0",
    "500": "#3f67d8",
    "600": "#1d46b4",
    "700": "#16378f",
    "800": "#142f75",
    "900": "#142a5f",
    "950": "#0f1c3f",
}


def icon(request: object) -> str:
    return static("loyalty_site/icon.svg")


def style(request: object) -> str:
    return static("back_office/back_office.css")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Loyalty membership",
    "SITE_HEADER": "Loyalty membership",
    "SITE_SUBHEADER": "Back office, times in UTC",
    "SITE_URL": "/desk/",
    "SITE_SYMBOL": "loyalty",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "STYLES": [style],
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {"primary": PRIMARY},
    "BORDER_RADIUS": "8px",
    "ENVIRONMENT": "loyalty_site.menu.environment",
    "COMMAND": {"search_models": False, "search_callback": "loyalty_site.menu.search", "show_history": False},
    "SIDEBAR": {
        "show_search": False,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "loyalty_site.menu.navigation",
    },
}
# Where the tasks of the desk keep their receipts, so that each is done once.
LOYALTY_RECEIPTS = "gateway.once.RECEIPTS"
# What apps above keep about a membership and its changes take along.
LOYALTY_MEMBERSHIP_CARRIERS = ["activities.campaigns.carrying.CampaignPlaces"]
