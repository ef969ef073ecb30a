"""The menu of the back office: by daily work, the desk's pages first, and only what the user may open."""

import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult

from common.admin import tasks
from common.staff_actor import actor_of_request

Entry = dict[str, Any]
# Title and rows: the model's label and an icon.
GROUPS: tuple[tuple[Any, tuple[tuple[str, str], ...]], ...] = (
    (
        _("Customers & memberships"),
        (
            ("customers.Customer", "person"),
            ("customers.DuplicateCustomer", "join_inner"),
            ("customers.Message", "mail"),
            ("memberships.Membership", "card_membership"),
            ("memberships.Member", "group"),
            ("memberships.TierStanding", "military_tech"),
            ("memberships.TierReview", "fact_check"),
            ("memberships.AttributeValue", "tune"),
            ("memberships.MembershipLabel", "label"),
            ("memberships.MembershipTerm", "event_repeat"),
            ("memberships.TermsAcceptance", "task_alt"),
        ),
    ),
    (
        _("Organizations"),
        (
            ("customers.Affiliation", "badge"),
            ("customers.EmployeeGroup", "groups"),
            ("memberships.OrganizationAgreement", "contract"),
            ("memberships.AgreementVersion", "history"),
            ("memberships.InheritedAgreement", "assignment_ind"),
            ("memberships.OrganizationSignatory", "draw"),
            ("memberships.MembershipBenefit", "redeem"),
        ),
    ),
    (
        _("Changes & consents"),
        (
            ("memberships.MembershipChange", "call_merge"),
            ("memberships.Consent", "handshake"),
            ("memberships.ConsentDecision", "rule"),
            ("memberships.ConsentInvitation", "forward_to_inbox"),
            ("memberships.ConsentDocument", "description"),
            ("memberships.ChangeParty", "account_tree"),
        ),
    ),
    (
        _("Sales & claims"),
        (
            ("activities.Transaction", "shopping_cart"),
            ("activities.TransactionItem", "list_alt"),
            ("activities.Claim", "report"),
            ("memberships.SpendingCode", "password"),
        ),
    ),
    (
        _("Points"),
        (
            ("activities.MemberActivity", "point_of_sale"),
            ("points.Posting", "receipt_long"),
            ("points.Adjustment", "edit_note"),
            ("activities.BulkAward", "playlist_add"),
            ("activities.AwardRow", "format_list_numbered"),
            ("points.Hold", "pause_circle"),
            ("points.Reversal", "undo"),
            ("points.PointAccount", "account_balance_wallet"),
            ("points.Entry", "list"),
            ("points.Lot", "stacks"),
            ("points.Draw", "output"),
            ("points.Debt", "money_off"),
            ("points.LotDateChange", "edit_calendar"),
            ("points.PointAccountSet", "folder"),
        ),
    ),
    (
        _("Rules & campaigns"),
        (
            ("activities.RewardRule", "rule"),
            ("activities.Campaign", "campaign"),
            ("activities.RuleGroup", "stacks"),
            ("activities.RuleVersion", "history"),
            ("activities.RuleEffect", "bolt"),
            ("activities.RuleUse", "speed"),
            ("activities.CampaignMember", "group"),
            ("activities.CampaignSpending", "payments"),
            ("activities.RuleRetirement", "event_busy"),
        ),
    ),
    (
        _("Rewards"),
        (
            ("activities.RewardItem", "redeem"),
            ("activities.RewardOrder", "shopping_bag"),
            ("activities.Voucher", "confirmation_number"),
            ("activities.StockMovement", "inventory"),
        ),
    ),
    (
        _("Cards"),
        (
            ("cards.Card", "credit_card"),
            ("cards.CardBatch", "style"),
            ("memberships.CardHolding", "badge"),
            ("cards.CardType", "style"),
            ("memberships.CardRegistration", "app_registration"),
            ("cards.NumberRegistry", "numbers"),
        ),
    ),
    (
        _("Programs"),
        (
            ("programs.Program", "loyalty"),
            ("programs.PointType", "toll"),
            ("programs.TierGroup", "stairs"),
            ("programs.Benefit", "redeem"),
            ("programs.TierBenefit", "workspace_premium"),
            ("programs.ReciprocalBenefit", "sync_alt"),
            ("programs.AttributeDefinition", "data_object"),
            ("programs.Label", "new_label"),
            ("programs.ConversionRate", "currency_exchange"),
            ("programs.ProgramTerms", "gavel"),
            ("programs.Partner", "handshake"),
            ("programs.NoticeTemplate", "mark_email_unread"),
            ("programs.Run", "play_circle"),
            ("activities.ActivityType", "category"),
        ),
    ),
    (
        _("Channels"),
        (
            ("gateway.Channel", "hub"),
            ("gateway.Event", "rss_feed"),
            ("gateway.WebhookEndpoint", "webhook"),
            ("gateway.WebhookDelivery", "outbox"),
        ),
    ),
    (
        _("Staff"),
        (
            ("staff.User", "manage_accounts"),
            ("staff.StaffRight", "verified_user"),
            ("staff.AccessLog", "visibility"),
            ("customers.StaffCustomer", "supervisor_account"),
        ),
    ),
)
# What the quick search looks through, each at most so far.
SEARCHED = ("customers.Customer", "memberships.Membership", "cards.Card", "activities.MemberActivity")
MOST_HITS = 5


def navigation(request: HttpRequest) -> list[Entry]:
    """Groups of links; a group without any is left out."""
    desk = {"title": _("Desk"), "items": list(_desk(request, (tasks.HOME, tasks.SEARCH, tasks.NEW_CUSTOMER)))}
    work = {"title": _("Work lists"), "items": list(_desk(request, tasks.WORK_LISTS))}
    reports = {"title": _("Reports"), "items": list(_desk(request, tasks.REPORTS))}
    lists = [
        {"title": str(title), "separator": True, "collapsible": True, "items": list(_lists(request, rows))}
        for title, rows in GROUPS
    ]
    return [group for group in (desk, work, reports, *lists) if group["items"]]


def environment(request: HttpRequest) -> list[Any]:
    """Whose data this is: told beside the menu, so that nobody tries things out on customers."""
    if settings.PRODUCTION:
        return [_("Production"), "danger"]
    if os.environ.get("LOYALTY_EMBEDDED_URL") == settings.DATABASE_URL:
        return [_("Demo"), "info"]
    return [_("Sandbox"), "warning"]


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Customers, memberships, cards and sales for the quick search, and the way to the desk's own."""
    found = []
    if actor_of_request(request).may(tasks.SEARCH.right, None):
        link = f"{tasks.url_of(tasks.SEARCH)}?{urlencode({'q': term})}"
        found.append(SearchResult(str(_("Find “%s” at the desk") % term), str(_("Desk")), link, "search"))
    for label in SEARCHED:
        found += _hits(request, label, term)
    return found


def _desk(request: HttpRequest, pages: Iterable[tasks.Page]) -> Iterator[Entry]:
    actor = actor_of_request(request)
    for page in pages:
        if actor.may(page.right, None):
            # The desk is no part of the admin: none of its pages is ever the one that is open here.
            yield {"title": page.label, "icon": page.icon, "link": tasks.url_of(page), "active": False}


def _lists(request: HttpRequest, rows: Iterable[tuple[str, str]]) -> Iterator[Entry]:
    for label, symbol in rows:
        model = apps.get_model(label)
        if admin.site.get_model_admin(model).has_view_permission(request):
            link = _address(label, get_script_prefix())
            title = str(model._meta.verbose_name_plural)
            is_open = request.path.startswith(link)
            yield {"title": title[:1].upper() + title[1:], "icon": symbol, "link": link, "active": is_open}


@cache
def _address(label: str, prefix: str) -> str:
    """Of the list, looked up once for all pages; an address begins with the prefix the site is served under."""
    app, model = label.lower().split(".")
    return reverse(f"admin:{app}_{model}_changelist")


def _hits(request: HttpRequest, label: str, term: str) -> Iterator[SearchResult]:
    model = apps.get_model(label)
    model_admin: Any = admin.site.get_model_admin(model)
    if not model_admin.has_view_permission(request):
        return
    rows, _more = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
    kind = str(model._meta.verbose_name).capitalize()
    for row in rows[:MOST_HITS]:
        link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        yield SearchResult(str(row), kind, link, "arrow_forward")
