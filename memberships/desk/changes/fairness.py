"""/desk/memberships/<pk>/fairness: who brought shared points, who spent them, what each would take (domain 1.13)."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from common.desk.pages import DeskPage
from customers.models import Customer
from memberships.changes.parting import records_of
from memberships.desk.changes.base import PROPOSE, told_name
from memberships.desk.changes.finding import people_in
from memberships.desk.changes.members import leader_of
from memberships.models import Member, Membership, MembershipType
from memberships.organization_pools import pool_umbrella
from points.fairness import Fairness, fairness_of
from points.shares_today import BY_THEMSELVES, Shares, shares_today
from programs.design import Design, design_of
from programs.models import PointKind

SHARING = frozenset({MembershipType.SHARED, MembershipType.GROUP})


class FairnessPage(DeskPage):
    action = "memberships:read"
    section = "customers"
    template = "desk/changes/fairness.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = Membership.objects.visible_to(self.actor).select_related("program").filter(pk=pk).first()
        if membership is None:
            raise Http404
        self.allow(membership.program_id)
        members = people_in(membership) if membership.type in SHARING and membership.current else []
        return self.draw(
            membership=membership,
            program=membership.program,
            people=[(one.customer_id, told_name(self.actor, one.customer)) for one in members[:5]],
            members=len(members),
            leader=leader_of(membership) if members else None,
            accounts=self._accounts(membership, members),
            may_propose=self.may(PROPOSE, membership.program_id) and bool(members),
        )

    def _accounts(self, membership: Membership, members: list[Member]) -> list[dict[str, Any]]:
        """Of a pool its accounts, of a group all of its own."""
        if not members:
            return []
        set_id = membership.pool_id or membership.own_set_id
        people = [one.customer_id for one in members]
        found = fairness_of(set_id, people=people)
        if pool_umbrella(membership) is None:
            shares = shares_today(set_id, records_of(people))
        else:
            # Of thousands who share an organization's pool only this one, who would leave by the agreement's rule.
            shares = {}
            for one in found:
                one.parts = [part for part in one.parts if part.person_id in people]
        ids = {part.person_id for one in found for part in one.parts if part.person_id is not None}
        names = {pk: told_name(self.actor, one) for pk, one in Customer.objects.in_bulk(ids).items()}
        design = design_of(membership.program_id)
        shown = [_account(one, names, shares, design) for one in found]
        return sorted(shown, key=lambda one: (not one["point_type"].is_default, one["point_type"].pk))


def _account(one: Fairness, names: Mapping[int, str], shares: Shares, design: Design) -> dict[str, Any]:
    """Per person what they did, and by each way of dividing what they would take; None for who is no member."""
    rows = []
    for part in one.parts:
        person = part.person_id or 0
        takes = [shares.get((one.point_type_id, person, policy)) for policy in BY_THEMSELVES]
        if part.person_id is not None or any((part.brought, part.spent, part.taken, part.left, part.owes)):
            rows.append({"part": part, "name": names.get(person, ""), "takes": takes})
    point_type = design.point_types[one.point_type_id]
    return {
        "fairness": one,
        "point_type": point_type,
        "rows": rows,
        "is_qualifying": point_type.kind == PointKind.QUALIFYING,
    }
