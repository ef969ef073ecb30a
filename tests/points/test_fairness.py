"""Who brought, who spent, who took along: every point of a shared set counted once (domain 1.13)."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.adjusting import AdjustmentCall, adjust_points
from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from activities.transferring import TransferCall, transfer_points
from common import clock
from memberships.models import Membership
from points.expiry import expire_points
from points.fairness import Fairness, fairness_of
from points.models import Lot, LotContributorChange
from points.reversal_parts import Part
from programs.models import Program
from tests import changes
from tests.changes import account_in_use, group_of, pool_of
from tests.factories import ACTOR, make_membership, member_of
from tests.pooling import left_pool, merged

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def pool(miles: Program) -> tuple[Membership, Membership]:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    return katrin, john


def earned(membership: Membership, points: int) -> int:
    return int(earn(PointsCall(membership.pk, points), actor=ACTOR)["posting"]["id"])


def redeemed(membership: Membership, points: int) -> int:
    return int(redeem(PointsCall(membership.pk, points), actor=ACTOR)["posting"]["id"])


def taken_back(posting: int, points: int) -> None:
    reverse_posting(posting, Part("returned", points=points), actor=ACTOR)


def miles_of(membership: Membership) -> Fairness:
    """Of the set its miles live in; they add up."""
    account = account_in_use(membership)
    (found,) = (one for one in fairness_of(account.account_set_id) if one.point_type_id == account.point_type_id)
    assert found.balance == account.balance
    assert found.balance == sum(one.brought - one.spent - one.taken for one in found.parts) - found.expired
    assert found.balance == sum(one.left - one.owes for one in found.parts)
    return found


def told(membership: Membership) -> dict[int | None, tuple[int, int, int, int, int]]:
    """Per person: brought, spent, taken along, left, owed."""
    parts = miles_of(membership).parts
    return {one.person_id: (one.brought, one.spent, one.taken, one.left, one.owes) for one in parts}


def test_who_earned_brought_and_who_acted_spent(pool: tuple[Membership, Membership]) -> None:
    katrin, john = pool
    earned(katrin, 300)
    earned(john, 200)
    redeemed(john, 100)
    assert told(katrin) == {member_of(katrin): (300, 0, 0, 200, 0), member_of(john): (200, 100, 0, 200, 0)}
    assert [one.person_id for one in miles_of(katrin).parts] == [member_of(katrin), member_of(john)]


def test_points_given_and_received_count_for_who_gave_and_for_whom_they_came(
    pool: tuple[Membership, Membership], miles: Program
) -> None:
    katrin, john = pool
    other = make_membership(miles, "Other")
    earned(katrin, 300)
    earned(other, 20)
    transfer_points(TransferCall(john.pk, other.pk, 50), actor=ACTOR)
    transfer_points(TransferCall(other.pk, john.pk, 20), actor=ACTOR)
    adjust_points(AdjustmentCall(katrin.pk, 5, "goodwill"), actor=ACTOR)
    assert told(katrin) == {member_of(katrin): (305, 0, 0, 255, 0), member_of(john): (20, 50, 0, 20, 0)}


def test_what_a_reversal_gives_back_or_takes_counts_for_who_spent_or_brought(
    pool: tuple[Membership, Membership],
) -> None:
    katrin, john = pool
    bought, sale = earned(katrin, 300), redeemed(john, 100)
    taken_back(sale, 40)
    taken_back(bought, 30)
    assert told(katrin) == {member_of(katrin): (270, 0, 0, 210, 0), member_of(john): (0, 60, 0, 0, 0)}


def test_an_earning_taken_back_after_it_was_spent_is_owed_by_who_brought_it(
    pool: tuple[Membership, Membership],
) -> None:
    katrin, john = pool
    bought = earned(katrin, 100)
    redeemed(john, 80)
    taken_back(bought, 100)
    assert told(katrin) == {member_of(katrin): (0, 0, 0, 0, 80), member_of(john): (0, 80, 0, 0, 0)}
    earned(john, 100)
    assert told(katrin) == {member_of(katrin): (0, 0, 0, 0, 0), member_of(john): (100, 80, 0, 20, 0)}


def test_what_expired_is_nobodys(pool: tuple[Membership, Membership], miles: Program) -> None:
    katrin, john = pool
    with clock.frozen(NOON):
        changes.earn(katrin, 100, days=10)
        earned(john, 50)
    with clock.frozen(NOON + timedelta(days=20)):
        expire_points(miles, actor=ACTOR)
    found = miles_of(katrin)
    assert (found.expired, found.balance) == (100, 50)
    assert told(katrin) == {member_of(katrin): (100, 0, 0, 0, 0), member_of(john): (50, 0, 0, 50, 0)}


def test_what_came_by_a_merge_was_brought_by_its_member_debts_included(miles: Program) -> None:
    katrin, john = make_membership(miles, "Katrin Bauer"), make_membership(miles, "John Miller")
    earned(katrin, 300)
    changes.owe(john, 40)
    merged(katrin, john)
    katrin.refresh_from_db()
    assert told(katrin) == {member_of(katrin): (300, 0, 0, 300, 0), member_of(john): (-40, 0, 0, 0, 40)}


def test_who_left_took_along(pool: tuple[Membership, Membership], miles: Program) -> None:
    katrin, john = pool
    emma = make_membership(miles, "Emma Stone")
    earned(katrin, 300)
    earned(emma, 10)
    merged(katrin, emma)
    left_pool(john, 60)
    assert told(katrin) == {
        member_of(katrin): (300, 0, 0, 240, 0),
        member_of(emma): (10, 0, 0, 10, 0),
        member_of(john): (0, 0, 60, 0, 0),
    }


def test_what_was_left_behind_was_still_brought_by_who_left(pool: tuple[Membership, Membership]) -> None:
    katrin, john = pool
    earned(john, 50)
    lot = Lot.objects.get()
    LotContributorChange.objects.create(
        lot=lot, old_contributor_id=member_of(john), new_contributor=None, cause_kind="change", cause_id=0
    )
    Lot.objects.filter(pk=lot.pk).update(contributor=None)
    assert told(katrin) == {member_of(john): (50, 0, 0, 0, 0), None: (0, 0, 0, 50, 0)}


def test_a_group_has_its_own_set(miles: Program) -> None:
    moores = group_of(miles, "Mia", "Max")
    mia, max_ = changes.people_of(moores)
    earned(moores, 10)
    earn(PointsCall(moores.pk, 5, member=max_), actor=ACTOR)
    redeem(PointsCall(moores.pk, 8, member=max_), actor=ACTOR)
    assert told(moores) == {mia: (10, 0, 0, 2, 0), max_: (5, 8, 0, 5, 0)}


def test_everybody_asked_for_has_a_part_and_nobody_comes_last(pool: tuple[Membership, Membership]) -> None:
    katrin, john = pool
    earned(katrin, 10)
    people = [member_of(john), member_of(katrin)]
    (found,) = fairness_of(katrin.pool_id, people=people)
    assert [(one.person_id, one.brought) for one in found.parts] == [(member_of(katrin), 10), (member_of(john), 0)]
