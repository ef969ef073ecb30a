"""What members did, to be looked at; the kinds of it are part of a program's design."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.models import ActivityType, MemberActivity
from common.admin import LoyaltyModelAdmin, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import NOTHING, figure, link
from points.admin.base import LedgerAdmin, user_name

STATUS_LABELS = {
    "received": "info",
    "processed": "success",
    "refused": "warning",
    "failed": "danger",
    "reversed": "info",
}
# Every program has these from its beginning, and the rules of points name them.
BUILT_IN = ("earn", "redeem")


@admin.register(ActivityType)
class ActivityTypeAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "flow", "counts_as_activity")
    list_filter = (by_row("program"), by_choice("flow"))
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    help_texts = {
        "code": _("Names the type in the API; fixed once it stands."),
        "flow": _("What it does to points directly, before any rule; fixed once it stands."),
    }
    fieldsets = ((_("Activity type"), {"fields": ("program", ("name", "code"), ("flow", "counts_as_activity"))}),)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "code", "flow"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]


@admin.register(MemberActivity)
class MemberActivityAdmin(LedgerAdmin):
    list_display = (
        "id", "type", "of", "customer", "shown_status", "shown_points", "reference", "occurred_at", "booked",
    )  # fmt: skip
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("type", "membership", "customer", "posting")
    served = ("membership__id__exact", "posting__id__exact")
    search_exact = ("id", "membership__number")
    search_keys = {"reference": lambda term: term[:80]}
    search_help_text = _("Reference of a sale, member number, or id")
    readonly_fields = ("shown_points", "through", "staff", "told")
    help_texts = {
        "occurred_at": _("When it happened: rules, expiry and tiers go by it; UTC."),
        "recorded_at": _("When it was written down; UTC."),
        "redirected_from": _("Id of the membership it was sent to; it landed on the current one."),
        "reference": _("What the channel calls it; free text."),
    }
    fieldsets = (
        (
            _("Activity"),
            {
                "fields": (
                    ("type", "program"),
                    ("membership", "customer"),
                    ("status", "shown_points"),
                    ("occurred_at", "recorded_at"),
                    ("posting", "redirected_from"),
                )
            },
        ),
        (_("Where and by whom"), {"fields": (("through", "staff"), "card", ("reference", "location"), "note")}),
        (_("Why it was refused or failed"), {"fields": ("told",)}),
    )

    def task_buttons(self, request: HttpRequest, row: MemberActivity) -> Iterable[dict[str, Any] | None]:
        desk = tasks.Desk(request, row.program_id)
        yield desk.button(tasks.ACTIVITY, row.pk)
        yield desk.button(tasks.MEMBERSHIP, row.membership_id)

    @admin.display(description=_("membership"))
    def of(self, activity: MemberActivity) -> str:
        return link(activity.membership)

    @admin.display(description=_("posting"))
    def booked(self, activity: MemberActivity) -> str:
        return link(activity.posting)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, activity: MemberActivity) -> tuple[str, str]:
        return activity.status, activity.get_status_display()

    @admin.display(description=_("points"))
    def shown_points(self, activity: MemberActivity) -> str:
        return figure(activity.points)

    @admin.display(description=_("staff user"))
    def staff(self, activity: MemberActivity) -> Any:
        return user_name(activity.user_id)

    @admin.display(description=_("problem"))
    def told(self, activity: MemberActivity) -> str:
        problem = activity.problem or {}
        return str(problem.get("detail") or problem.get("code") or NOTHING)
