"""Rules, their versions and what they did, to be looked at: they are written, tried and released at the desk."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.effects import effect_lines
from activities.models import RewardRule, RuleEffect, RuleGroup, RuleRetirement, RuleUse, RuleVersion
from common.admin import LoyaltyModelAdmin, ReadOnlyInline, ReadOnlyMixin, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import NOTHING, link, signed
from memberships.models import Membership
from points.admin.base import LedgerAdmin, user_name

STATUS_LABELS = {"draft": "info", "released": "success", "retired": "warning"}


class DesignedAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    """Design that verbs write; its history is what one comes here for."""

    view_action = "memberships:read"
    program_path = "program"
    list_filter: tuple[Any, ...] = (by_row("program"),)
    search_prefix = ("code", "name")
    sortable_by = None


def written(definition: Any) -> SafeString:
    """JSON as one would type it."""
    return format_html("<pre>{}</pre>", json.dumps(definition, indent=2, ensure_ascii=False))


@admin.register(RuleGroup)
class RuleGroupAdmin(DesignedAdmin):
    list_display = ("name", "code", "program", "mode", "rank")
    list_select_related = ("program",)
    fieldsets = ((_("Group of rules"), {"fields": ("program", ("name", "code"), ("mode", "rank"))}),)


class VersionInline(ReadOnlyInline):
    model = RuleVersion
    fields = ("version", "name", "priority", "valid_from", "valid_until", "released_at", "why")
    ordering = ("-version",)


@admin.register(RewardRule)
class RewardRuleAdmin(DesignedAdmin):
    list_display = ("name", "code", "program", "group", "campaign", "shown_status", "released", "priority")
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("program", "group", "campaign")
    served = ("campaign__id__exact",)
    inlines = (VersionInline,)
    readonly_fields = ("says",)
    fieldsets = (
        (
            _("Rule"),
            {
                "fields": (
                    ("program", "group"),
                    ("name", "code"),
                    "description",
                    ("status", "released"),
                    ("campaign", "priority"),
                    ("valid_from", "valid_until"),
                )
            },
        ),
        (_("As it is being written"), {"fields": ("says",)}),
    )

    def task_buttons(self, request: HttpRequest, row: RewardRule) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.RULE, row.pk)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, rule: RewardRule) -> tuple[str, str]:
        return rule.status, rule.get_status_display()

    @admin.display(description=_("definition"))
    def says(self, rule: RewardRule) -> SafeString:
        return written(rule.definition)


class RetirementInline(ReadOnlyInline):
    model = RuleRetirement
    fields = ("retired_at", "why")


@admin.register(RuleVersion)
class RuleVersionAdmin(LedgerAdmin):
    list_display = ("name", "version", "rule", "program", "released_at", "retired", "why")
    list_filter = (by_row("program"),)
    list_select_related = ("rule", "program", "retirement")
    served = ("rule__id__exact",)
    search_exact = ("rule__code",)
    inlines = (RetirementInline,)
    readonly_fields = ("says", "staff")
    fieldsets = (
        (
            _("Version"),
            {
                "fields": (
                    ("rule", "program"),
                    ("name", "version"),
                    ("priority", "valid_from", "valid_until"),
                    ("released_at", "staff"),
                    "why",
                )
            },
        ),
        (_("What it says"), {"fields": ("says",)}),
    )

    @admin.display(description=_("until"))
    def retired(self, version: RuleVersion) -> Any:
        retirement = getattr(version, "retirement", None)
        return retirement.retired_at if retirement else NOTHING

    @admin.display(description=_("released by"))
    def staff(self, version: RuleVersion) -> str:
        return user_name(version.released_by_id)

    @admin.display(description=_("definition"))
    def says(self, version: RuleVersion) -> SafeString:
        return written(version.definition)


@admin.register(RuleRetirement)
class RuleRetirementAdmin(LedgerAdmin):
    program_path = "rule_version__program"
    list_display = ("rule_version", "retired_at", "why")
    list_filter = (by_row("rule_version__program"),)
    list_select_related = ("rule_version",)
    search_exact = ("rule_version__rule__code",)
    search_help_text = _("Code of the rule")
    readonly_fields = ("staff",)
    fieldsets = ((_("Retirement"), {"fields": ("rule_version", ("retired_at", "staff"), "why")}),)

    @admin.display(description=_("retired by"))
    def staff(self, retirement: RuleRetirement) -> str:
        return user_name(retirement.retired_by_id)


ACTIONS = {
    "credit": _("gave points"),
    "debit": _("took points"),
    "multiply": _("multiplied points"),
    "change_tier": _("changed the tier"),
    "set_attribute": _("set an attribute"),
    "add_to_attribute": _("added to an attribute"),
    "grant_benefit": _("granted a benefit"),
    "add_label": _("added a label"),
    "remove_label": _("removed a label"),
    "issue_voucher": _("issued a voucher"),
    "raise_notice": _("raised a notice"),
}


@admin.register(RuleEffect)
class RuleEffectAdmin(LedgerAdmin):
    list_display = ("id", "rule_version", "shown_action", "shown_points", "point_type", "done_for", "booked")
    list_filter = (by_row("program"), by_choice("action"))
    list_select_related = ("rule_version", "point_type", "activity__type", "posting")
    served = ("activity__id__exact", "rule_version__id__exact", "posting__id__exact")
    search_exact = ("id", "activity__id")
    search_help_text = _("Id of the effect or of the activity")
    readonly_fields = ("told", "figures")
    fieldsets = (
        (
            _("Effect"),
            {
                "fields": (
                    "told",
                    ("activity", "position"),
                    ("rule_version", "action"),
                    ("points", "point_type"),
                    ("program", "posting"),
                )
            },
        ),
        (_("Figures"), {"fields": ("figures",)}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[RuleEffect]:
        return super().get_queryset(request).select_related("rule_version", "point_type")

    @admin.display(description=_("what it did"), ordering=None)
    def shown_action(self, effect: RuleEffect) -> str:
        """An own action by its own name."""
        return str(ACTIONS.get(effect.action, effect.action))

    @admin.display(description=_("why"))
    def told(self, effect: RuleEffect) -> str:
        return effect_lines([effect])[0].said

    @admin.display(description=_("figures"))
    def figures(self, effect: RuleEffect) -> SafeString:
        return written(effect.because)

    @admin.display(description=_("points"))
    def shown_points(self, effect: RuleEffect) -> str:
        return signed(effect.points)

    @admin.display(description=_("activity"))
    def done_for(self, effect: RuleEffect) -> str:
        return link(effect.activity, f"{effect.activity.type.name} {effect.activity_id}")

    @admin.display(description=_("posting"))
    def booked(self, effect: RuleEffect) -> str:
        return link(effect.posting)


@admin.register(RuleUse)
class RuleUseAdmin(LedgerAdmin):
    program_path = "rule__program"
    list_display = ("rule", "of", "day", "times", "points")
    list_filter = (by_row("rule__program"),)
    list_select_related = ("rule",)
    served = ("rule__id__exact",)
    search_exact = ("membership_id", "rule__code")
    search_help_text = _("Id of the membership or code of the rule")
    fieldsets = ((_("Use"), {"fields": ("rule", ("membership_id", "day"), ("times", "points"))}),)
    help_texts = {
        "membership_id": _("Empty: over the whole program."),
        "day": _("Empty: over all days."),
    }

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[RuleUse]:
        numbers = Membership.objects.filter(pk=models.OuterRef("membership_id")).values("number")
        return super().get_queryset(request).annotate(number=models.Subquery(numbers))

    @admin.display(description=_("membership"))
    def of(self, use: Any) -> str:
        return use.number or str(_("the whole program"))
