"""The memberships of a program as a table with their balances: a line per membership, however many members it has."""

from collections.abc import Iterator, Sequence
from typing import Any

from common.sheets.paging import pages
from customers.masking import masked_name
from memberships.models import Member, Membership, TierStanding
from points.balances import balances_of
from programs.design import Design, design_of
from programs.models import Program

OWN = (
    "number", "type", "status", "end_reason", "enrolled_at", "activated_at", "expires_on", "ended_at",
)  # fmt: skip
FIGURES = ("balance", "available", "pending", "held", "debt", "lifetime_earned", "lifetime_redeemed")
PEOPLE = ("customer_number", "name", "members")


def column_names(program: Program) -> list[str]:
    """The columns of the table; those of points carry the code of their type."""
    codes = [one.code for one in _types(design_of(program.pk))]
    figures = [f"{code}_{name}" for code in codes for name in (*FIGURES, "expiring", "expiring_at")]
    return ["member_number", *PEOPLE, *OWN[1:], "tiers", *figures]


def membership_rows(program: Program, *, unmasked: bool) -> Iterator[list[Any]]:
    """Figures are those of the membership's own accounts as they stand when their page is read."""
    design = design_of(program.pk)
    for page in pages(Membership.objects.filter(program=program)):
        balances = balances_of([one.own_set_id for one in page], design=design)
        people, tiers = _people(page), _tiers(page)
        for one in page:
            members = people.get(one.pk, [])
            shown = _shown(one, members)
            name = shown.customer.name if shown else None
            yield [
                one.number,
                shown.customer.number if shown else None,
                name if unmasked else masked_name(name),
                sum(member.ended_at is None for member in members),
                *(getattr(one, column) for column in OWN[1:]),
                " ".join(tiers.get(one.pk, ())),
                *_figures(balances[one.own_set_id], design),
            ]


def _types(design: Design) -> list[Any]:
    return sorted(design.point_types.values(), key=lambda one: (not one.is_default, one.pk))


def _figures(balances: Sequence[dict[str, Any]], design: Design) -> Iterator[Any]:
    by_code = {one["point_type"]: one for one in balances}
    for point_type in _types(design):
        balance = by_code.get(point_type.code)
        if balance is None:
            yield from [None] * (len(FIGURES) + 2)
            continue
        yield from (balance[name] for name in FIGURES)
        expiry = balance["next_expiry"] or {"points": None, "at": None}
        yield from (expiry["points"], expiry["at"])


def _people(page: Sequence[Membership]) -> dict[int, list[Member]]:
    found: dict[int, list[Member]] = {}
    members = Member.objects.filter(membership__in=page).select_related("customer").order_by("pk")
    for member in members:
        found.setdefault(member.membership_id, []).append(member)
    return found


def _shown(membership: Membership, members: Sequence[Member]) -> Member | None:
    """The main member, else whoever is in it, else who was in it last."""
    ranked = sorted(members, key=lambda one: (one.pk != membership.main_member_id, one.ended_at is not None, -one.pk))
    return ranked[0] if ranked else None


def _tiers(page: Sequence[Membership]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    standings = TierStanding.objects.filter(membership__in=page, ended_at__isnull=True)
    for standing in standings.select_related("tier", "group").order_by("group_id"):
        found.setdefault(standing.membership_id, []).append(f"{standing.group.code}/{standing.tier.code}")
    return found
