"""What a statement shows of a pool, and how a balance is explained across changes (domain 1.13)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.calls import PointsCall
from activities.earning import earn
from activities.reading import explanation_of, statement_of
from activities.redeeming import redeem
from common import clock
from loyalty_site.auditing import INVARIANTS
from memberships.models import Membership
from memberships.pools import pools_of
from points.models import Posting
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, organization_pool
from tests.factories import ACTOR, make_membership, member_of
from tests.pooling import left_pool, merged

from .conftest import Caller

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST, LAST = NOON - timedelta(days=1), NOON + timedelta(days=9)


def day(number: float) -> datetime:
    return NOON + timedelta(days=number)


@dataclass
class Story:
    """Katrin and John share a pool from day 1 on, Emma from day 3, John leaves on day 5."""

    katrin: Membership
    john: Membership
    emma: Membership

    def on(self, number: float, verb: Callable[..., Any], *given: Any) -> None:
        with clock.frozen(day(number)):
            verb(*given)


def earned(membership: Membership, points: int) -> None:
    earn(PointsCall(membership.pk, points), actor=ACTOR)


def redeemed(membership: Membership, points: int) -> None:
    redeem(PointsCall(membership.pk, points), actor=ACTOR)


@pytest.fixture
def story(miles: Program) -> Iterator[Story]:
    with clock.frozen(NOON):
        told = Story(*(make_membership(miles, name) for name in ("Katrin Bauer", "John Miller", "Emma Stone")))
    told.on(0, earned, told.katrin, 100)
    told.on(0, earned, told.john, 50)
    told.on(0, earned, told.emma, 10)
    told.on(1, merged, told.katrin, told.john)
    told.on(2, redeemed, told.john, 30)
    told.on(3, merged, told.katrin, told.emma)
    told.on(4, earned, told.katrin, 5)
    told.on(5, left_pool, told.john, 60)
    told.on(6, redeemed, told.katrin, 1)
    told.on(6, earned, told.john, 2)
    for one in (told.katrin, told.john, told.emma):
        one.refresh_from_db()
    with clock.frozen(day(7)):
        yield told


def shown(membership: Membership, since: datetime = FIRST, until: datetime = LAST) -> list[tuple[str, bool, int, int]]:
    """(kind, pooled, amount, balance after) of every line, page by page."""
    lines, position = [], None
    while True:
        body, page = statement_of(membership, since=since, until=until, page_size=3, position=position)
        lines += [(one["kind"], one["pooled"], one["amount"], one["balance_after"]) for one in body["results"]]
        if page.position is None:
            return lines
        position = page.position


def test_a_pool_stands_in_the_statement_from_the_merge_to_the_leaving(story: Story) -> None:
    assert shown(story.john) == [
        ("earn", False, 50, 50),
        ("merge", False, -50, 0),
        ("merge", True, 100, 100),
        ("merge", True, 50, 150),
        ("redeem", True, -30, 120),
        ("merge", True, 10, 130),
        ("earn", True, 5, 135),
        ("split", False, 60, 60),
        ("split", True, -60, 75),
        ("earn", False, 2, 62),
    ]


def test_who_joins_later_sees_nothing_of_before(story: Story) -> None:
    assert shown(story.emma) == [
        ("earn", False, 10, 10),
        ("merge", False, -10, 0),
        ("merge", True, 10, 130),
        ("earn", True, 5, 135),
        ("split", True, -60, 75),
        ("redeem", True, -1, 74),
    ]


def test_a_period_shows_the_pool_only_where_it_was_shared_then(story: Story) -> None:
    def pooled(membership: Membership, since: float, until: float) -> list[tuple[int, int]]:
        body, _ = statement_of(membership, since=day(since), until=day(until), page_size=50)
        return [(one["opening"], one["closing"]) for one in body["accounts"] if one["pooled"]]

    assert pooled(story.john, 0, 1) == []
    assert pooled(story.john, 1.5, 3.5) == [(150, 130)]
    assert pooled(story.john, 4.5, 9) == [(135, 75)]
    assert pooled(story.john, 5.5, 9) == []
    assert pooled(story.emma, 0, 9) == [(120, 74)]
    assert pooled(story.katrin, 5.5, 9) == [(75, 74)]


def test_each_line_of_the_pool_names_who_acted(story: Story, caller: Callable[..., Caller]) -> None:
    answer = caller("memberships:read").get(f"memberships/{story.emma.pk}/statement").json()
    people = [(one["kind"], one["person"]) for one in answer["results"] if one["pooled"]]
    katrin, john = member_of(story.katrin), member_of(story.john)
    assert people == [("merge", None), ("earn", katrin), ("split", john), ("redeem", katrin)]


def test_a_balance_is_explained_by_the_account_it_stood_on_then(story: Story) -> None:
    def explained(membership: Membership, number: float) -> tuple[int, list[tuple[int, list[str]]]]:
        found = explanation_of(membership, at=day(number), point_type="miles")
        lots = [(lot["left"], [one["posting"]["kind"] for one in lot["came_by"]]) for lot in found["lots"]]
        return found["balance"], lots

    assert explained(story.john, 0.5) == (50, [(50, ["earn"])])
    assert explained(story.john, 1.5) == (150, [(100, ["earn", "merge"]), (50, ["earn", "merge"])])
    assert explained(story.john, 4.5)[0] == 135
    assert explained(story.john, 5.5) == (60, [(60, ["earn", "merge", "split"])])
    assert explained(story.john, 7)[0] == 62
    assert explained(story.emma, 2.5) == (10, [(10, ["earn"])])
    assert explained(story.emma, 7)[0] == explained(story.katrin, 7)[0] == 74


def test_whose_points_a_lot_is_made_of_is_told_across_changes(story: Story) -> None:
    (lot, _) = explanation_of(story.john, at=day(7), point_type="miles")["lots"]
    assert (lot["earner"], lot["contributor"]) == (member_of(story.katrin), member_of(story.john))
    earning = Posting.objects.get(kind="earn", person=member_of(story.katrin), occurred_at=NOON)
    assert lot["came_by"][0]["posting"]["id"] == earning.pk


def test_pools_are_told_by_the_changes_that_made_them(story: Story) -> None:
    pool = story.katrin.pool_id
    merging, leaving = Posting.objects.filter(kind="merge").earliest("pk"), Posting.objects.get(kind="split")
    (span,) = pools_of(story.john)
    assert span.set_id == pool
    assert span.since is not None and span.since.posting_id == merging.pk
    assert span.until is not None and span.until.posting_id == leaving.pk
    (still,) = pools_of(story.katrin)
    assert (still.set_id, still.until) == (pool, None)


def test_without_points_a_pool_begins_and_ends_by_the_clock(miles: Program) -> None:
    with clock.frozen(day(0)):
        katrin, john = make_membership(miles, "Katrin Bauer"), make_membership(miles, "John Miller")
    with clock.frozen(day(1)):
        merged(katrin, john)
    with clock.frozen(day(2)):
        earned(katrin, 5)
    assert shown(Membership.objects.get(pk=john.pk)) == [("earn", True, 5, 5)]
    (span,) = pools_of(Membership.objects.get(pk=john.pk))
    assert span.since is not None and (span.since.at, span.since.posting_id) == (day(1), None)


def test_who_was_enrolled_on_an_organizations_pool_shares_it_from_then_on(miles: Program) -> None:
    with clock.frozen(day(0)):
        _, (eve,) = organization_pool(miles, "Eve")
    with clock.frozen(day(1)):
        earned(eve, 5)
    assert shown(eve) == [("earn", True, 5, 5)]


def test_the_story_is_sound(story: Story) -> None:
    assert account_in_use(story.katrin).balance == 74
    # Nobody was asked for consent here.
    assert_audit_clean(without={one.id for one in INVARIANTS if one.id.startswith("C")})
