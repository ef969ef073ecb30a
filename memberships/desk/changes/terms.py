"""The terms of a change in plain words, as staff read them out."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.desk.words import day, figure
from common.errors import LoyaltyError
from memberships.changes.agreement_told import agreement_told
from memberships.changes.rows import plan_of
from memberships.changes.terms import differences, plain, terms_of
from memberships.desk.changes.base import ChangePage
from memberships.desk.changes.forms import FORM_WORDS, POLICY_WORDS, RESULT_WORDS
from memberships.models import ChangeKind, ChangeStatus, MembershipChange, MembershipType
from programs.design import design_of
from programs.models import LeavingRule, Redeemers, SplitPolicy

ONE_PERSON = "one_person"


def terms_told(page: ChangePage, change: MembershipChange) -> list[tuple[str, Any]]:
    """Pairs of what and how; what does not apply is left out."""
    terms = terms_now(page, change)
    told = [
        *_of_people(page, change, terms),
        *_of_organization(page, terms),
        *_of_points(change, terms),
        *_of_memberships(terms),
        *_of_time(change, terms),
    ]
    return [(label, value) for label, value in told if value]


def terms_now(page: ChangePage, change: MembershipChange) -> Mapping[str, Any]:
    """Those everyone is asked about; of a draft as the memberships are now, none where the rules refuse it."""
    if change.status != ChangeStatus.DRAFT:
        return dict(change.terms)
    try:
        return terms_of(plan_of(change, at=page.now(change)))
    except LoyaltyError:
        return {}


def terms_changed(page: ChangePage, change: MembershipChange) -> list[str]:
    """Why everyone will be asked again; nothing where the terms are as they were, or can't be read now."""
    try:
        return differences(change.terms, terms_of(plan_of(copy(change), at=page.now(change))))
    except LoyaltyError:
        return []


def will_be_asked(page: ChangePage, change: MembershipChange) -> list[tuple[int, str]]:
    """Whose consent the draft needs."""
    asked = terms_now(page, change).get("asked", [])
    people = page.names(asked)
    return [(pk, people[pk]) for pk in asked]


def _of_people(page: ChangePage, change: MembershipChange, terms: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if change.kind == ChangeKind.UNDO and change.undoes is not None:
        yield _("Undoes"), _("change %(id)s: back to the lots and states before it") % {"id": change.undoes_id}
    if terms.get("row") == ONE_PERSON:
        yield _("They become"), _("one membership, as both records are the same person")
    elif change.kind == ChangeKind.MERGE and change.result_type in RESULT_WORDS:
        yield _("They become"), RESULT_WORDS[MembershipType(change.result_type)]
    yield _("Who leaves"), change.leaver and page.name(change.leaver)
    leaders = {name: terms.get(name) or None for name in ("main", "owner")}
    names = page.names(pk for pk in leaders.values() if pk is not None)
    yield _("Main member afterwards"), names.get(leaders["main"] or 0, "")
    yield _("Owner of the shared account"), names.get(leaders["owner"] or 0, "")
    if terms.get("redeemers"):
        yield _("Who may redeem"), Redeemers(terms["redeemers"]).label.capitalize()


def _of_organization(page: ChangePage, terms: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    found = agreement_told(terms)
    if found is None:
        return
    yield _("Organization"), f"{page.name(found.organization)}, {found.number}"
    if not found.agreement:
        return
    told = {"name": found.agreement, "version": found.version}
    yield _("Agreement"), _("%(name)s, version %(version)s") % told
    yield _("Whose the points are"), FORM_WORDS[MembershipType.SHARED if found.is_shared else MembershipType.STANDARD]
    yield _("Tier, if higher"), ", ".join(found.tiers)
    yield _("Benefits"), ", ".join(found.benefits)
    if found.is_shared:
        yield _("When the person leaves"), LeavingRule(found.leaving_rule).label.capitalize()


def _of_points(change: MembershipChange, terms: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    policy = change.policy or terms.get("policy")
    yield _("Points are divided"), policy and POLICY_WORDS[SplitPolicy(policy)]
    yield _("Leaver's share"), change.leaver_share is not None and f"{plain(change.leaver_share)} %"
    types = design_of(change.program_id).by_code
    shares = (f"{figure(points)} {types[code].name}" for code, points in change.manual_shares.items() if code in types)
    yield _("Leaver takes"), ", ".join(shares)
    if change.freezes:
        yield _("Meanwhile"), _("nobody spends from the shared points")


def _of_memberships(terms: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    numbers = {one["id"]: one["number"] for one in terms.get("memberships", ())}
    ending = (numbers[pk] for pk in terms.get("ending", ()) if pk in numbers)
    yield _("Numbers that retire"), ", ".join(ending)
    if terms.get("opened"):
        text = ngettext("%(n)s membership with a new number", "%(n)s memberships with new numbers", terms["opened"])
        yield _("Opens"), text % {"n": terms["opened"]}


def _of_time(change: MembershipChange, terms: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if change.is_open and change.expires_at is not None:
        yield _("Consents until"), day(change.expires_at, change.program.zone)
    if terms.get("undo_days"):
        yield _("Can be undone"), _("within %(n)s days of carrying it out") % {"n": terms["undo_days"]}
    yield _("Reason"), change.reason
