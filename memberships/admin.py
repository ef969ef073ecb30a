"""Memberships and what belongs to them, to be looked at: every change is a verb."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, PlainTabularInline, ReadOnlyMixin
from memberships.capabilities import capabilities_of
from memberships.models import CardHolding, Member, Membership, MembershipTerm, TermsAcceptance, TierStanding
from programs.design import design_of


class ReadOnlyInline(ReadOnlyMixin, PlainTabularInline):
    extra = 0
    can_delete = False
    show_change_link = True


class MemberInline(ReadOnlyInline):
    model = Member
    fields = ("customer", "joined_at", "ended_at", "suspended_at")


class StandingInline(ReadOnlyInline):
    model = TierStanding
    fields = ("group", "tier", "since", "until", "ended_at", "source", "reason")


class HoldingInline(ReadOnlyInline):
    model = CardHolding
    fields = ("card", "customer", "held_from", "held_until")


class TermInline(ReadOnlyInline):
    model = MembershipTerm
    fields = ("first_day", "last_day", "fee", "currency", "paid_at", "payment_reference")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("number", "program", "type", "status", "end_reason", "enrolled_at", "expires_on")
    list_filter = ("program", "type", "status", "end_reason")
    list_select_related = ("program",)
    search_prefix = ("number",)
    readonly_fields = ("capabilities",)
    inlines = (MemberInline, StandingInline, HoldingInline, TermInline)

    @admin.display(description=_("may"))
    def capabilities(self, membership: Membership) -> SafeString:
        """What the membership may do now."""
        answers = capabilities_of(membership, design_of(membership.program_id))
        return format_html_join(", ", "{}", ((name,) for name, able in answers.items() if able))


class PartAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    """A row below a membership; its history is what one comes here for."""

    view_action = "memberships:read"
    program_path = "program"
    list_filter = ("program",)
    search_exact = ("membership__number",)
    list_select_related: tuple[str, ...] = ("membership",)


@admin.register(Member)
class MemberAdmin(PartAdmin):
    list_display = ("membership", "customer", "joined_at", "ended_at", "suspended_at")
    list_select_related = ("membership", "customer")


@admin.register(TierStanding)
class TierStandingAdmin(PartAdmin):
    list_display = ("membership", "group", "tier", "since", "until", "ended_at", "source")
    list_select_related = ("membership", "group", "tier")


@admin.register(CardHolding)
class CardHoldingAdmin(PartAdmin):
    list_display = ("card", "membership", "customer", "held_from", "held_until")
    list_select_related = ("membership", "customer", "card")


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(PartAdmin):
    list_display = ("membership", "customer", "terms", "accepted_at")
    list_select_related = ("membership", "customer", "terms")


@admin.register(MembershipTerm)
class MembershipTermAdmin(PartAdmin):
    list_display = ("membership", "first_day", "last_day", "fee", "currency", "paid_at")
