"""What is kept about memberships besides points: attributes, labels, reviews of tiers."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from common.admin.filters import by_choice, by_row
from memberships.models import AttributeValue, MembershipLabel, TierReview
from programs.attributes import written

from .parts import PartAdmin

BY_MEMBER_NUMBER = ("membership__number",)


@admin.register(AttributeValue)
class AttributeValueAdmin(PartAdmin):
    list_display = ("membership", "definition", "shown_value", "changed_at")
    list_select_related = ("membership", "definition")
    served = ("membership__id__exact", "definition__id__exact")
    search_exact = BY_MEMBER_NUMBER
    search_help_text = _("Member number")
    fieldsets = (
        (
            _("Attribute"),
            {
                "fields": (
                    ("membership", "program"),
                    "definition",
                    ("number", "text"),
                    ("flag", "day"),
                    "changed_at",
                )
            },
        ),
    )

    @admin.display(description=_("value"))
    def shown_value(self, row: AttributeValue) -> str:
        return written(row.value)


@admin.register(MembershipLabel)
class MembershipLabelAdmin(PartAdmin):
    list_display = ("membership", "label", "source", "since", "ended_at")
    list_select_related = ("membership", "label")
    list_filter = (by_row("program"), by_choice("source"))
    served = ("membership__id__exact", "label__id__exact")
    search_exact = BY_MEMBER_NUMBER
    search_help_text = _("Member number")
    fieldsets = (
        (
            _("Label"),
            {"fields": (("membership", "program"), "label", ("since", "ended_at"), ("source", "reason"))},
        ),
    )


@admin.register(TierReview)
class TierReviewAdmin(ReadOnlyAdmin):
    """Never changed, so without a history."""

    view_action = "memberships:read"
    program_path = "program"
    list_filter = (by_row("program"),)
    ordering = ("-pk",)
    window = 100_000
    list_display = ("membership", "group", "period_end", "again", "shown_figure", "before", "after", "reviewed_at")
    list_select_related = ("membership", "group", "before", "after")
    served = ("membership__id__exact",)
    search_exact = BY_MEMBER_NUMBER
    search_help_text = _("Member number")
    help_texts = {"again": _("How often the period was judged before: late and reversed events repeat it.")}
    fieldsets = (
        (
            _("Review"),
            {
                "fields": (
                    ("membership", "program"),
                    ("group", "period_end"),
                    ("figure", "again"),
                    ("before", "after"),
                    "reviewed_at",
                )
            },
        ),
    )

    @admin.display(description=_("figure"))
    def shown_figure(self, review: TierReview) -> str:
        return written(review.figure)
