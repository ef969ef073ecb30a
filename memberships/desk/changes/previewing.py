"""The preview of a change as its page shows it: before | after, line by line, for each person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from common.desk.outcomes import Change, Figure, changes
from common.desk.words import day, figure
from memberships.changes.preview import PersonPreview, Preview
from memberships.changes.preview_state import PointsLine, Standing
from memberships.desk.changes.base import ChangePage
from memberships.models import MembershipStatus, MembershipType
from points.profiles import BUCKETS
from programs.design import Design, design_of


@dataclass(frozen=True, slots=True)
class PersonShown:
    """`lines` as the templates of tasks take them: what changes, and what stays."""

    customer_id: int | None
    name: str
    lines: Mapping[str, list[Change]]


@dataclass(frozen=True, slots=True)
class PreviewShown:
    people: list[PersonShown]
    totals: list[dict[str, Any]]
    retired: list[tuple[str, str]]
    unused: list[dict[str, Any]]
    # Points would be lost, which the rules never do: nobody carries that out.
    lost: bool


def preview_shown(page: ChangePage, preview: Preview, *, program_id: int) -> PreviewShown:
    design = design_of(program_id)
    names = page.names(one.customer for one in preview.people if one.customer is not None)
    return PreviewShown(
        people=[_person(one, names, design) for one in preview.people],
        totals=[
            {
                "name": design.by_code[one.point_type].name,
                "before": one.before,
                "after": one.after,
                "expired": one.expired,
            }
            for one in preview.totals
            if one.before or one.after or one.expired
        ],
        retired=[(one.number, one.leads_to) for one in preview.retired_numbers],
        unused=[
            {"days": one.days, "fee": one.fee, "currency": one.currency, "paid": one.paid}
            for one in preview.unused_terms
        ],
        lost=not preview.conserved,
    )


def _person(one: PersonPreview, names: Mapping[int, str], design: Design) -> PersonShown:
    before = list(_figures(one.before, design)) if one.before else []
    after = list(_figures(one.after, design)) if one.after else []
    found = changes(before, after)
    name = names.get(one.customer, "") if one.customer is not None else _("Anonymous membership")
    lines = {
        "changed": [line for line in found if line.is_change],
        "same": [line for line in found if not line.is_change],
    }
    return PersonShown(one.customer, name, lines)


def _figures(standing: Standing, design: Design) -> Iterator[Figure]:
    membership = standing.membership
    number = _("new number") if membership.new else membership.number
    main = _(", main member") if membership.main else ""
    yield Figure("membership", _("Membership"), f"{number}: {MembershipType(membership.type).label}{main}")
    yield Figure("status", _("Status"), str(MembershipStatus(membership.status).label).capitalize())
    ends = day(membership.expires_on) if membership.expires_on else None
    yield Figure("expires_on", _("Through"), ends, always=False)
    for line in standing.points:
        yield from _of_points(line, line.pooled or membership.type == MembershipType.GROUP, design)
    for tier in standing.tiers:
        yield Figure(f"tier/{tier.group}", _("Tier"), tier.name)
    benefits = ", ".join(dict.fromkeys(one.name for one in standing.benefits))
    yield Figure("benefits", _("Benefits"), benefits or None, always=False)
    for value in standing.attributes:
        yield Figure(f"attribute/{value.attribute}", value.name, value.value)
    yield Figure("labels", _("Labels"), ", ".join(standing.labels) or None, always=False)
    yield from _of_others(standing)
    yield Figure("cards", _("Cards (last digits)"), ", ".join(one.number[-4:] for one in standing.cards) or None)
    retired = [one for one in standing.numbers if one != membership.number]
    yield Figure("numbers", _("Other numbers that lead here"), ", ".join(retired) or None, always=False)


def _of_others(standing: Standing) -> Iterator[Figure]:
    """One line for each kind of what other apps keep, the names in it."""
    named: dict[tuple[str, str], list[str]] = {}
    for one in standing.also:
        named.setdefault((one.kind, one.title), []).append(one.name)
    for (kind, title), names in named.items():
        yield Figure(f"also/{kind}", title, ", ".join(names))


def _of_points(line: PointsLine, is_common: bool, design: Design) -> Iterator[Figure]:
    """What is in common says so; the person's own part of it stands below."""
    code, name = line.point_type, design.by_code[line.point_type].name
    told = {"name": name}
    common = _("%(points)s in common") % {"points": figure(line.balance)}
    yield Figure(f"{code}/balance", name, common if is_common else line.balance)
    yield Figure(f"{code}/brought", _("%(name)s, this person's part") % told, line.brought if is_common else None,
                 always=False)  # fmt: skip
    yield Figure(f"{code}/expiry", _("%(name)s by expiry") % told, _profile(line), always=False)
    yield Figure(f"{code}/debt", _("%(name)s, owed") % told, line.debt, always=False)
    yield Figure(f"{code}/own", _("%(name)s, owed by this person") % told, line.owed, always=False, like=f"{code}/debt")
    yield Figure(f"{code}/held", _("%(name)s, held") % told, line.held, always=False)
    yield Figure(f"{code}/pending", _("%(name)s, not yet usable") % told, line.pending, always=False)


def _profile(line: PointsLine) -> str | None:
    """Only where something ends: that all never do is what one expects."""
    if not any(line.expiry.get(key) for key in BUCKETS if key != "never"):
        return None
    words = {
        "over": _("ended already"),
        "this_month": _("this month"),
        "next_90_days": _("within 90 days"),
        "next_year": _("within a year"),
        "later": _("later"),
        "never": _("never"),
    }
    return ", ".join(f"{figure(line.expiry[key])} {words[key]}" for key in BUCKETS if line.expiry.get(key))


def burdens(preview: Preview, design: Design) -> list[tuple[int, str, int]]:
    """Who owes more than before, and how much: (customer, name of the points, points)."""
    found = []
    for one in preview.people:
        before = {line.point_type: line.owed for line in one.before.points} if one.before else {}
        for line in one.after.points if one.after else ():
            more = line.owed - before.get(line.point_type, 0)
            if one.customer is not None and more > 0:
                found.append((one.customer, design.by_code[line.point_type].name, more))
    return found
