"""Splits and changes of form undone at once leave everything that counts as it was before (domain 1.9)."""

from typing import Any

import pytest

from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import CardHolding, Membership, TierStanding
from points import holds
from points.models import Hold, Lot, PointAccount
from programs.design import design_of
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, customer_called, earn, group_of, pair, people_of, pool_of
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db


def named(name: str) -> int:
    return customer_called(name).pk


def hold_of(membership: Membership, points: int, *, person: int | None = None) -> Hold:
    return holds.place_hold(
        account_in_use(membership),
        points=points,
        for_set_id=membership.own_set_id,
        person_id=person or people_of(membership)[0],
        design=design_of(membership.program_id),
        actor=ACTOR,
    )


def everything() -> dict[str, list[Any]]:
    """What counts today: memberships, open lots, balances, holds, tiers, cards in hand, where numbers lead."""
    current = Membership.objects.filter(current=True)
    columns = ("pk", "number", "type", "status", "pool", "pool__owner", "main_member__customer")
    accounts = PointAccount.objects.filter(account_set__in=current.values("own_set"))
    lots = Lot.objects.filter(remaining__gt=0).order_by("account", "expires_at", "earned_at", "id")
    standings = TierStanding.objects.filter(ended_at=None, membership__current=True)
    return {
        "memberships": list(current.order_by("pk").values_list(*columns)),
        "lots": list(lots.values_list("account", "remaining", "contributor", "earner", "expires_at")),
        "balances": list(accounts.order_by("pk").values_list("pk", "balance", "debt", "closed")),
        "holds": list(Hold.objects.order_by("pk").values_list("account", "for_set", "status")),
        "tiers": list(standings.order_by("membership", "group").values_list("membership", "tier", "since")),
        "cards": list(
            CardHolding.objects.filter(held_until=None).order_by("card").values_list("card", "membership", "customer")
        ),
        "numbers": list(
            Membership.objects.filter(end_reason="merged").order_by("pk").values_list("pk", "superseded_by")
        ),
    }


def there_and_back(proposal: Proposal) -> None:
    before = everything()
    done = carry_out(agree(propose(proposal, actor=ACTOR)), actor=ACTOR)
    assert everything() != before
    assert undo(done, actor=ACTOR, reason="mistake").status == "undone"
    assert everything() == before
    assert_audit_clean()


@pytest.mark.parametrize("names", [("Katrin Bauer", "John Miller"), ("Katrin Bauer", "John Miller", "Lena Lopez")])
@pytest.mark.parametrize("policy", ["equal", "by_contribution"])
def test_out_of_a_pool(miles: Program, names: tuple[str, ...], policy: str) -> None:
    katrin, john, *_ = pool_of(miles, *names)
    earn(katrin, 101)
    earn(john, 40, days=5)
    hold_of(john, 10)
    there_and_back(Proposal("split", katrin.pk, leaver_id=member_of(john), policy=policy))


def test_out_of_a_pool_where_everything_was_left_behind(miles: Program) -> None:
    katrin, john, _ = pool_of(miles, "Katrin Bauer", "John Miller", "Lena Lopez")
    earn(katrin, 101)
    wishes: dict[str, Any] = {"policy": "leave_behind", "main_id": member_of(john)}
    there_and_back(Proposal("split", katrin.pk, leaver_id=member_of(katrin), **wishes))


@pytest.mark.parametrize("names", [("Mia Moore", "Max Moore"), ("Mia Moore", "Max Moore", "Moe Moore")])
@pytest.mark.parametrize("leaver", ["Mia Moore", "Max Moore"])
def test_out_of_a_group(miles: Program, names: tuple[str, ...], leaver: str) -> None:
    group = group_of(miles, *names)
    earn(group, 101, person=named("Mia Moore"))
    earn(group, 40, "status", person=named("Max Moore"))
    hold_of(group, 10, person=named(leaver))
    main = named("Max Moore") if len(names) > 2 and leaver == "Mia Moore" else None
    there_and_back(Proposal("split", group.pk, leaver_id=named(leaver), policy="equal", main_id=main))


def test_retired_numbers_lead_to_the_group_again(miles: Program) -> None:
    anna, ben = pair(miles)
    earn(anna, 10)
    merge = Proposal("merge", anna.pk, secondary_id=ben.pk, result_type="group", main_id=member_of(anna))
    group = carry_out(agree(propose(merge, actor=ACTOR)), actor=ACTOR).result
    assert group is not None
    there_and_back(Proposal("split", group.pk, leaver_id=member_of(ben), policy="by_contribution"))


def test_a_group_that_became_a_pool(moores: Membership) -> None:
    earn(moores, 101, person=named("Mia Moore"))
    earn(moores, 40, "status", person=named("Max Moore"))
    hold_of(moores, 10, person=named("Max Moore"))
    there_and_back(Proposal("merge", moores.pk, result_type="shared", policy="equal"))


def test_a_pool_that_became_a_group(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    earn(katrin, 101)
    earn(john, 40, "status")
    hold_of(john, 5)
    there_and_back(Proposal("merge", katrin.pk, result_type="group", main_id=member_of(john)))
