"""Points of a pool are kept from expiry only while every member's tier keeps theirs (domain 1.6)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common import clock
from memberships import exempting
from memberships.changes.carrying_out import carry_out
from memberships.exempting import OPEN_END
from memberships.models import Membership
from memberships.standings import set_standing
from points.expiry import expire_points
from points.models import PointAccountSet
from programs.models import Program, Tier
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, earn, organization_pool, pool_of
from tests.concurrency.changing import MERGE, SPLIT, agreed
from tests.factories import ACTOR, make_membership, member_of
from tests.threads import errors_in, together

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SPRING, SUMMER = NOON + timedelta(days=60), NOON + timedelta(days=150)


@pytest.fixture
def gold(miles: Program) -> Tier:
    tier = Tier.objects.get(group__program=miles, code="gold")
    tier.exempt_from_expiry = True
    tier.save()
    return tier


def stand(membership: Membership, tier: Tier, until: datetime) -> None:
    set_standing(membership, tier=tier, reason="goodwill", until=until, actor=ACTOR)


def exempt(set_id: int | None) -> datetime | None:
    return PointAccountSet.objects.get(pk=set_id).exempt_until


@pytest.mark.django_db
def test_a_pool_is_exempt_until_the_first_of_its_members_exemptions_ends(miles: Program, gold: Tier) -> None:
    katrin, john = pool_of(miles, "Katrin", "John")
    with clock.frozen(NOON):
        stand(katrin, gold, SUMMER)
        assert (exempt(katrin.own_set_id), exempt(katrin.pool_id)) == (SUMMER, None)
        stand(john, gold, SPRING)
        assert exempt(katrin.pool_id) == SPRING
        stand(john, gold, SUMMER + timedelta(days=1))
        assert exempt(katrin.pool_id) == SUMMER
        stand(john, Tier.objects.get(group=gold.group, code="blue"), SUMMER)
        assert (exempt(katrin.own_set_id), exempt(katrin.pool_id)) == (SUMMER, None)
    assert_audit_clean(only=["A08"])


@pytest.mark.django_db
def test_what_is_over_stays_in_an_exempt_pool(miles: Program, gold: Tier) -> None:
    katrin, john = pool_of(miles, "Katrin", "John")
    with clock.frozen(NOON):
        earn(katrin, 100, days=10)
        stand(katrin, gold, SUMMER)
    with clock.frozen(NOON + timedelta(days=5)):
        stand(john, gold, SUMMER)
    with clock.frozen(NOON + timedelta(days=30)):
        assert expire_points(miles, actor=ACTOR) == 0
        assert account_in_use(katrin).balance == 100
        stand(john, Tier.objects.get(group=gold.group, code="blue"), SUMMER)
        assert expire_points(miles, actor=ACTOR) == 1
    assert account_in_use(katrin).balance == 0


@pytest.mark.django_db
def test_who_joins_without_an_exemption_ends_that_of_the_pool_and_by_leaving_brings_it_back(
    miles: Program, gold: Tier
) -> None:
    katrin, john = pool_of(miles, "Katrin", "John")
    emma = make_membership(miles, "Emma")
    for one in (katrin, john):
        stand(one, gold, clock.now() + timedelta(days=90))
    before = exempt(katrin.pool_id)
    assert before is not None
    carry_out(agreed(MERGE, katrin, emma, result_type="shared"), actor=ACTOR)
    assert exempt(katrin.pool_id) is None
    carry_out(agreed(SPLIT, emma, leaver_id=member_of(emma), policy="leave_behind"), actor=ACTOR)
    assert (exempt(katrin.pool_id), exempt(emma.own_set_id)) == (before, None)
    assert_audit_clean()


@pytest.mark.django_db
def test_the_pool_of_an_organization_asks_its_individual_members(miles: Program, gold: Tier) -> None:
    organization, (eve,) = organization_pool(miles, "Eve")
    stand(eve, gold, OPEN_END - timedelta(days=1))
    assert exempt(organization.pool_id) == OPEN_END - timedelta(days=1)


# Two members' tiers at once.


def race(miles: Program, gold: Tier) -> Any:
    katrin, john = pool_of(miles, "Katrin", "John")
    until = clock.now() + timedelta(days=90)

    def set_one(membership: Membership) -> Callable[[], None]:
        return lambda: stand(membership, gold, until)

    assert errors_in(together(set_one(katrin), set_one(john))) == []
    return exempt(katrin.pool_id), until


@pytest.mark.django_db(transaction=True)
@pytest.mark.concurrency
def test_two_tiers_given_at_once_both_count(miles: Program, gold: Tier) -> None:
    found, until = race(miles, gold)
    assert found == until


@pytest.mark.django_db(transaction=True)
@pytest.mark.concurrency
@pytest.mark.control
def test_control_without_the_lock_on_the_pool_one_of_them_is_not_seen(
    miles: Program, gold: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exempting, "lock_rows", list)
    found, _ = race(miles, gold)
    assert found is None
