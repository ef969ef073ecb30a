"""Who brought and spent the points that several people share (domain 1.13)."""

from typing import Any

from rest_framework import serializers

from common.errors import Conflict
from memberships.changes.parting import records_of
from memberships.models import Member, Membership, MembershipType
from memberships.organization_pools import pool_umbrella
from points.fairness import Fairness, Part, fairness_of
from points.shares_today import BY_THEMSELVES, Shares, shares_today
from programs.design import design_of


class NothingShared(Conflict):
    code = "nothing_shared"
    title = "Nobody shares points in this membership"


class PartOutput(serializers.Serializer):
    customer = serializers.IntegerField(allow_null=True, help_text="Null: nobody, as for points left behind.")
    brought = serializers.IntegerField()
    spent = serializers.IntegerField()
    taken = serializers.IntegerField(help_text="Went along with the person when they left.")
    left = serializers.IntegerField(help_text="Of what is there, what counts as the person's contribution.")
    owes = serializers.IntegerField()
    would_take = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="By leaving today, per policy that needs no figure; below 0 where debt is more. Empty for nobody.",
    )


class SharedPointsOutput(serializers.Serializer):
    point_type = serializers.CharField()
    balance = serializers.IntegerField()
    expired = serializers.IntegerField()
    people = PartOutput(many=True)


class FairnessOutput(serializers.Serializer):
    results = SharedPointsOutput(many=True)


def fairness_shape(membership: Membership) -> dict[str, Any]:
    """Of the pool, or of a group's own set, the default type first. Of an organization's pool the member's own part
    only: the others are strangers, and many."""
    set_id = membership.pool_id or membership.own_set_id
    is_organizations = pool_umbrella(membership) is not None
    people = _people(membership, alone=is_organizations)
    design = design_of(membership.program_id)
    shares = {} if is_organizations else shares_today(set_id, records_of(people))
    found = sorted(
        fairness_of(set_id, people=people),
        key=lambda one: (not design.point_types[one.point_type_id].is_default, one.point_type_id),
    )
    for one in found:
        if is_organizations:
            one.parts = [part for part in one.parts if part.person_id in people]
    return {"results": [_points(one, design.point_types[one.point_type_id].code, shares) for one in found]}


def _people(membership: Membership, *, alone: bool) -> list[int]:
    members = Member.objects.filter(current=True, ended_at__isnull=True).order_by("pk")
    if alone:
        members = members.filter(membership=membership)
    elif membership.current and membership.pool_id is not None:
        members = members.filter(membership__pool=membership.pool_id)
    elif membership.current and membership.type == MembershipType.GROUP:
        members = members.filter(membership=membership)
    else:
        raise NothingShared(
            f"{membership.number} shares its points with nobody now; look at its statement.",
            facts={"membership": membership.pk, "type": membership.type, "status": membership.status},
        )
    return list(members.values_list("customer_id", flat=True))


def _points(fairness: Fairness, code: str, shares: Shares) -> dict[str, Any]:
    return {
        "point_type": code,
        "balance": fairness.balance,
        "expired": fairness.expired,
        "people": [_part(part, fairness.point_type_id, shares) for part in fairness.parts],
    }


def _part(part: Part, type_id: int, shares: Shares) -> dict[str, Any]:
    takes = {policy: shares.get((type_id, part.person_id or 0, policy)) for policy in BY_THEMSELVES}
    return {
        "customer": part.person_id,
        "brought": part.brought,
        "spent": part.spent,
        "taken": part.taken,
        "left": part.left,
        "owes": part.owes,
        "would_take": {str(policy): points for policy, points in takes.items() if points is not None},
    }
