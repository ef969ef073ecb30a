"""How the Django admin looks and what its menu holds (django-unfold's own setting)."""

from typing import Any

UNFOLD: dict[str, Any] = {"SITE_TITLE": "Loyalty membership", "SITE_HEADER": "Loyalty membership", "SHOW_HISTORY": True}
# Where the tasks of the desk keep their receipts, so that each is done once.
LOYALTY_RECEIPTS = "gateway.once.RECEIPTS"
