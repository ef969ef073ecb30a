"""What every page of the ledger has in common: nothing is written, and filters look through the newest rows."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from common.admin.looks import NOTHING
from points.reasons import reason_in_words


class LedgerAdmin(ReadOnlyAdmin):
    view_action = "memberships:read"
    program_path = "program"
    ordering = ("-pk",)
    window = 100_000
    # A list of the ledger is read, not worked on.
    actions = None

    @admin.display(description=_("reason"))
    def shown_reason(self, row: Any) -> str:
        return reason_in_words(row.reason_code) or NOTHING

    @admin.display(description=_("channel"))
    def through(self, row: Any) -> str:
        """A name and no link: few may open the pages of channels."""
        return str(row.channel)


def user_name(user_id: int | None) -> str:
    """Rows of the ledger hold ids without a foreign key; one is looked up on a page, never in a list.

    A name and no link: few may open the pages of users.
    """
    if user_id is None:
        return NOTHING
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    return user.get_username() if user else f"#{user_id}"


def membership_of(account_set: Any) -> Any:
    """The membership whose own set it is; memberships stand above, their rows are reached by relation."""
    return getattr(account_set, "membership", None)
