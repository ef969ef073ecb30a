"""Memberships as a file that `import_memberships` reads: a line per lot with points left, in the import's columns.

Only current standard memberships: what has ended or is shared is not taken over by a file. Lines of one membership
repeat its number and nothing else.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.import_columns import COLUMNS, STATUSES
from common import clock
from common.sheets.paging import pages
from memberships.models import (
    Member,
    Membership,
    MembershipTerm,
    MembershipType,
    StandingSource,
    TermsAcceptance,
    TierStanding,
)
from points.models import Lot, PointAccount
from programs.design import Design, design_of
from programs.models import Program

NAMES = [column.name for column in COLUMNS]


def lot_rows(program: Program) -> Iterator[list[Any]]:
    """Rows in the order of NAMES. Where points are owed, a line has the balance; its points have no dates then."""
    design = design_of(program.pk)
    standard = Membership.objects.filter(program=program, current=True, type=MembershipType.STANDARD)
    for page in pages(standard.filter(status__in=STATUSES)):
        about, points = _about(page, design), _points(page, design)
        for membership in page:
            first, *others = points.get(membership.own_set_id) or [{}]
            number = {"customer_number": about[membership.pk]["customer_number"]}
            yield _row(about[membership.pk] | first)
            yield from (_row(number | other) for other in others)


def _row(values: dict[str, Any]) -> list[Any]:
    return [values.get(name) for name in NAMES]


def _about(page: Sequence[Membership], design: Design) -> dict[int, dict[str, Any]]:
    """What the first line says of each membership."""
    found: dict[int, dict[str, Any]] = {
        one.pk: {"member_number": one.number, "enrolled_at": one.enrolled_at, "status": one.status} for one in page
    }
    for member in Member.objects.filter(membership__in=page, ended_at=None).select_related("customer"):
        found[member.membership_id]["customer_number"] = member.customer.number
    for membership_id in TermsAcceptance.objects.filter(membership__in=page).values_list("membership_id", flat=True):
        found[membership_id]["accept_terms"] = True
    standings = TierStanding.objects.filter(membership__in=page, ended_at=None, source=StandingSource.MANUAL)
    for standing in standings.filter(until__gt=clock.program_now(design.program)).select_related("tier", "group"):
        found[standing.membership_id]["tier"] = f"{standing.group.code}/{standing.tier.code}"
        found[standing.membership_id]["tier_until"] = _last_day(standing.until, design)
    # The term that runs begins where the import has it begin.
    for term in MembershipTerm.objects.filter(membership__in=page).order_by("first_day"):
        found[term.membership_id]["enrolled_at"] = term.first_day
        found[term.membership_id]["payment_reference"] = (
            (term.payment_reference or "paid") if term.fee and term.paid_at else None
        )
    accounts = PointAccount.objects.filter(account_set__membership__in=page, last_activity_at__isnull=False)
    for membership_id, at in accounts.values_list("account_set__membership", "last_activity_at"):
        known = found[membership_id].get("last_activity_at")
        found[membership_id]["last_activity_at"] = max(at, known) if known else at
    return found


def _points(page: Sequence[Membership], design: Design) -> dict[int, list[dict[str, Any]]]:
    """Per set the lots left, in the order of spending."""
    sets = [one.own_set_id for one in page]
    found: dict[int, list[dict[str, Any]]] = {}
    owing = PointAccount.objects.filter(account_set__in=sets, debt__gt=0).exclude(balance=0)
    for account in owing.order_by("pk"):
        code = design.point_types[account.point_type_id].code
        found.setdefault(account.account_set_id, []).append({"point_type": code, "points": account.balance})
    lots = Lot.objects.filter(account__account_set__in=sets, account__debt=0, is_open=True).select_related("account")
    for lot in lots.order_by("account_id", "expires_at", "earned_at", "pk"):
        found.setdefault(lot.account.account_set_id, []).append(_lot(lot, design))
    return found


def _lot(lot: Lot, design: Design) -> dict[str, Any]:
    pending = lot.available_at is not None and lot.available_at > clock.program_now(design.program)
    return {
        "point_type": design.point_types[lot.account.point_type_id].code,
        "points": lot.remaining,
        "earned_at": lot.earned_at.astimezone(UTC),
        "usable_from": lot.available_at.astimezone(UTC) if pending and lot.available_at else None,
        "expires_on": _last_day(lot.expires_at, design),
    }


def _last_day(ends: datetime | None, design: Design) -> Any:
    """The day whose end it is."""
    return (ends - timedelta(microseconds=1)).astimezone(design.zone).date() if ends else None
