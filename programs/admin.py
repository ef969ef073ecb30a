"""The design of programs in the back office; every step of a program's life goes through its verb."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, PlainTabularInline
from common.errors import LoyaltyError
from common.staff_actor import actor_of_request
from programs import life
from programs.life import DESIGN
from programs.models import ConversionRate, PointType, Program, ProgramTerms, Tier, TierGroup

AT_DESK = "at the desk"


def each(admin_class: Any, request: HttpRequest, rows: models.QuerySet[Any], verb: Callable[..., Any]) -> None:
    """Call the verb for each row; a refusal becomes a message and stops no other row."""
    for row in rows:
        try:
            verb(row, actor=actor_of_request(request), reason=AT_DESK)
        except LoyaltyError as error:
            admin_class.message_user(request, error.message, messages.ERROR)
        else:
            admin_class.message_user(request, _("%(row)s: done.") % {"row": row}, messages.SUCCESS)


@admin.register(Program)
class ProgramAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = DESIGN
    program_path = "pk"
    list_display = ("name", "code", "status", "business_unit", "currency", "time_zone", "is_sandbox")
    list_filter = ("status", "is_sandbox")
    search_prefix = ("code", "name")
    rule_owned = ("status", "clock_offset")
    actions = ("release_programs", "lock_programs", "unlock_programs")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        # Channels and numbers know a program by these.
        fixed = ["code", "is_sandbox"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    @admin.action(description=_("Release"))
    def release_programs(self, request: HttpRequest, queryset: models.QuerySet[Program]) -> None:
        each(self, request, queryset, life.release)

    @admin.action(description=_("Lock"))
    def lock_programs(self, request: HttpRequest, queryset: models.QuerySet[Program]) -> None:
        each(self, request, queryset, life.lock)

    @admin.action(description=_("Unlock"))
    def unlock_programs(self, request: HttpRequest, queryset: models.QuerySet[Program]) -> None:
        each(self, request, queryset, life.unlock)


@admin.register(ProgramTerms)
class ProgramTermsAdmin(LoyaltyModelAdmin):
    """Released terms never change: members accepted their words."""

    view_action = "memberships:read"
    write_action = DESIGN
    program_path = "program"
    list_display = ("title", "program", "version", "must_accept", "released_at")
    list_filter = ("program",)
    list_select_related = ("program",)
    rule_owned = ("version", "released_at")
    actions = ("release_terms",)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return getattr(obj, "released_at", None) is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ProgramTerms, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = life.write_terms(
            obj.program,
            actor=actor_of_request(request),
            title=obj.title,
            text=obj.text,
            must_accept=obj.must_accept,
            reason=AT_DESK,
        )
        obj.pk, obj.version = made.pk, made.version

    @admin.action(description=_("Release"))
    def release_terms(self, request: HttpRequest, queryset: models.QuerySet[ProgramTerms]) -> None:
        each(self, request, queryset.select_related("program"), life.release_terms)


@admin.register(PointType)
class PointTypeAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = DESIGN
    program_path = "program"
    list_display = ("name", "code", "program", "kind", "is_default", "expiry_policy", "pending_days")
    list_filter = ("program", "kind")
    list_select_related = ("program",)


@admin.register(ConversionRate)
class ConversionRateAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = DESIGN
    program_path = "program"
    list_display = ("program", "from_type", "to_type", "numerator", "denominator", "valid_from")
    list_filter = ("program",)
    list_select_related = ("program", "from_type__program", "to_type__program")


class TierInline(PlainTabularInline):
    model = Tier
    extra = 0


@admin.register(TierGroup)
class TierGroupAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = DESIGN
    program_path = "program"
    list_display = ("name", "code", "program", "fed_by", "point_type", "period", "downgrade")
    list_filter = ("program",)
    list_select_related = ("program", "point_type__program")
    inlines = (TierInline,)
