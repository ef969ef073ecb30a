"""Earn and redeem by figures: the online form, the general form, and that they are one rule."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.calls import AnswerKey, PointsCall, body_of, body_of_stored, render
from activities.earning import earn, earn_in_general, earn_online
from activities.errors import LimitExceeded
from activities.models import MemberActivity
from activities.redeeming import redeem, redeem_in_general, redeem_online
from common import clock
from gateway.answers import StoredAnswer
from gateway.models import Event, IdempotencyRecord
from memberships.errors import MembershipNotAble, NotAMember
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import EventTimeOutOfRange, InsufficientPoints, NotRedeemable
from points.models import Draw, Entry, Lot, Posting
from programs.errors import NoPointType
from programs.models import PointType, Program
from tests.factories import ACTOR, account_of, counted, lots_of, make_membership, make_program, member_of

TABLES = (Posting, Entry, Lot, Draw, Event, MemberActivity, IdempotencyRecord)
BOTH = pytest.mark.parametrize("form", ["online", "general"])
real = pytest.mark.django_db(transaction=True)


def call(membership: Membership, points: int, **values: Any) -> PointsCall:
    return PointsCall(membership.pk, points, **values)


def earning(form: str) -> Callable[[PointsCall], dict[str, Any]]:
    return lambda asked: earn(asked, actor=ACTOR) if form == "online" else earn_in_general(asked, actor=ACTOR)


def redeeming(form: str) -> Callable[[PointsCall], dict[str, Any]]:
    return lambda asked: redeem(asked, actor=ACTOR) if form == "online" else redeem_in_general(asked, actor=ACTOR)


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


@BOTH
def test_earning_answers_with_activity_posting_and_balance(emma: Membership, form: str) -> None:
    before = counted(*TABLES)
    answer = earning(form)(call(emma, 300, reference="R-1", location="Vienna", note="thanks"))
    posting = answer["posting"]
    assert answer["membership"] == emma.pk
    assert answer["redirected_from"] is None
    assert posting["entries"] == [{"point_type": "miles", "amount": 300, "balance_after": 300}]
    assert (posting["kind"], posting["reason"], posting["reverses"]) == ("earn", "", None)
    assert answer["balances"] == [
        {
            "point_type": "miles", "kind": "redeemable", "balance": 300, "available": 300, "pending": 0, "held": 0,
            "debt": 0, "pooled": False, "lifetime_earned": 300, "lifetime_redeemed": 0, "next_expiry": None,
        }
    ]  # fmt: skip
    activity = MemberActivity.objects.get(pk=answer["activity"])
    assert (activity.posting_id, activity.status, activity.points) == (posting["id"], "processed", 300)
    assert (activity.reference, activity.location, activity.note) == ("R-1", "Vienna", "thanks")
    row = Posting.objects.get(pk=posting["id"])
    assert (row.cause_kind, row.cause_id, row.person_id) == ("activity", activity.pk, member_of(emma))
    lot = Lot.objects.get(entry__posting=row)
    assert (lot.earner_id, lot.contributor_id, lot.earned_at) == (member_of(emma), member_of(emma), row.occurred_at)
    once = {"Posting": 1, "Entry": 1, "Lot": 1, "Event": 1, "MemberActivity": 1}
    assert counted(*TABLES) == {name: n + once.get(name, 0) for name, n in before.items()}


@BOTH
def test_redeeming_draws_the_nearest_expiry_first(emma: Membership, form: str) -> None:
    now = clock.now()
    for points in (100, 100, 100):
        earning(form)(call(emma, points))
    for lot, days in zip(Lot.objects.order_by("id"), (60, 30, None), strict=True):
        lot.expires_at = days and now + timedelta(days=days)
        lot.save()
    answer = redeeming(form)(call(emma, 150))
    assert lots_of(emma) == [(100, 0), (100, 50), (100, 100)]
    assert answer["posting"]["entries"] == [{"point_type": "miles", "amount": -150, "balance_after": 150}]
    assert answer["balances"][0]["available"] == 150
    assert answer["balances"][0]["lifetime_redeemed"] == 150
    assert answer["balances"][0]["next_expiry"]["points"] == 50


@BOTH
def test_more_than_available_is_refused_with_the_figures_and_nothing_changes(emma: Membership, form: str) -> None:
    earning(form)(call(emma, 100))
    before = counted(*TABLES), lots_of(emma)
    with pytest.raises(InsufficientPoints) as refused:
        redeeming(form)(call(emma, 101))
    assert refused.value.facts == {"available": 100, "asked": 101, "point_type": "miles"}
    assert (counted(*TABLES), lots_of(emma)) == before


@BOTH
def test_qualifying_points_cannot_be_redeemed(emma: Membership, form: str) -> None:
    earning(form)(call(emma, 50, point_type="status"))
    with pytest.raises(NotRedeemable):
        redeeming(form)(call(emma, 10, point_type="status"))
    assert account_of(emma, "status").balance == 50


@BOTH
def test_a_suspended_membership_neither_earns_nor_redeems(emma: Membership, form: str) -> None:
    earning(form)(call(emma, 50))
    suspend(emma, actor=ACTOR, reason="lost post")
    for verb in (earning(form), redeeming(form)):
        with pytest.raises(MembershipNotAble) as refused:
            verb(call(emma, 10))
        assert refused.value.facts["status"] == "suspended"
    assert account_of(emma).balance == 50


@BOTH
def test_a_locked_program_posts_nothing(emma: Membership, form: str) -> None:
    program = Program.objects.get()
    program.status = "locked"
    program.save()
    with pytest.raises(MembershipNotAble):
        earning(form)(call(emma, 10))
    assert Posting.objects.count() == 0


@BOTH
def test_someone_else_is_no_member(emma: Membership, form: str) -> None:
    stranger = member_of(make_membership(make_program("other"), "John Miller"))
    with pytest.raises(NotAMember):
        earning(form)(call(emma, 10, member=stranger))
    assert Posting.objects.count() == 0


@BOTH
def test_an_unknown_point_type_is_refused_by_name(emma: Membership, form: str) -> None:
    with pytest.raises(NoPointType) as refused:
        earning(form)(call(emma, 10, point_type="gold"))
    assert refused.value.facts == {"point_types": ["miles", "status"]}


@BOTH
@pytest.mark.parametrize("shift", [timedelta(minutes=6), timedelta(days=-3, minutes=-1)])
def test_events_ahead_or_older_than_the_late_grace_are_refused(emma: Membership, form: str, shift: timedelta) -> None:
    with pytest.raises(EventTimeOutOfRange):
        earning(form)(call(emma, 10, occurred_at=clock.now() + shift))
    assert Posting.objects.count() == 0


@BOTH
def test_a_late_event_answers_with_the_balance_of_now(emma: Membership, form: str) -> None:
    earn_in_general(call(emma, 100), actor=ACTOR)
    now = clock.now()
    Lot.objects.update(expires_at=now - timedelta(hours=1))
    answer = earning(form)(call(emma, 7, occurred_at=now - timedelta(hours=2)))
    shown = answer["balances"][0]
    assert (shown["balance"], shown["available"], shown["next_expiry"]) == (107, 7, None)


@BOTH
def test_one_redemption_stays_within_the_programs_limit(emma: Membership, form: str) -> None:
    program = Program.objects.get()
    program.redemption_limit = 99
    program.save()
    earning(form)(call(emma, 200))
    with pytest.raises(LimitExceeded):
        redeeming(form)(call(emma, 100))
    redeeming(form)(call(emma, 99))
    assert account_of(emma).balance == 101


@real
def test_the_plain_case_takes_the_online_form_and_a_key_stores_its_answer() -> None:
    emma = make_membership(make_program("miles"), "Emma Rodriguez")
    key = AnswerKey(digest=os.urandom(32), request=b"r" * 32)
    facts = earn_online(call(emma, 70), actor=ACTOR, key=key)
    assert facts is not None
    record = IdempotencyRecord.objects.get()
    assert (record.status, record.form, bytes(record.key_digest)) == (201, "earn/1", key.digest)
    assert bytes(Posting.objects.get().key_digest) == key.digest
    again = earn_online(call(emma, 70), actor=ACTOR, key=key)
    assert isinstance(again, StoredAnswer) and body_of_stored(again.body) == body_of(facts)
    assert account_of(emma).balance == 70
    assert render(facts)["balances"][0]["balance"] == 70


@real
def test_what_is_not_plain_writes_nothing_online() -> None:
    emma = make_membership(make_program("miles"), "Emma Rodriguez")
    before = counted(*TABLES)
    assert redeem_online(call(emma, 1), actor=ACTOR) is None
    suspend(emma, actor=ACTOR, reason="checks")
    before["Event"] += 1
    assert earn_online(call(emma, 1), actor=ACTOR) is None
    assert counted(*TABLES) == before


def _rows(membership: Membership) -> Any:
    """Everything a series of calls left, without ids and times of writing."""
    account = account_of(membership)
    lots = {lot.pk: i for i, lot in enumerate(Lot.objects.filter(account=account).order_by("id"))}
    return (
        (account.balance, account.entry_count, account.debt, account.lifetime_earned, account.lifetime_redeemed),
        account.last_activity_at,
        list(
            Lot.objects.filter(account=account)
            .order_by("id")
            .values_list("amount", "remaining", "earned_at", "available_at", "expires_at")
        ),
        list(
            Entry.objects.filter(account=account)
            .order_by("number")
            .values_list("number", "amount", "balance_after", "posting__kind", "posting__occurred_at")
        ),
        [
            (lots[draw.lot_id], draw.entry.number, draw.amount)
            for draw in Draw.objects.filter(lot__account=account).order_by("entry__number", "lot_id")
        ],
        list(
            MemberActivity.objects.filter(membership=membership)
            .order_by("id")
            .values_list("status", "points", "type__code", "occurred_at", "reference")
        ),
        [event.facts["kind"] for event in Event.objects.filter(kind="points.posted").order_by("id")
         if event.facts["set"] == membership.own_set_id],
    )  # fmt: skip


@real
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["earn", "redeem"]), st.integers(1, 60), st.integers(0, 47)), min_size=1, max_size=12
    ),
    policy=st.sampled_from(["never", "after_days", "after_months"]),
    pending=st.sampled_from([0, 1]),
)
def test_the_online_and_the_general_form_leave_the_same_rows(
    steps: list[tuple[str, int, int]], policy: str, pending: int
) -> None:
    code = f"p{os.urandom(4).hex()}"
    program = make_program(code)
    point_type = PointType.objects.get(program=program, is_default=True)
    point_type.expiry_policy, point_type.pending_days = policy, pending
    point_type.expiry_length = 1 if policy != "never" else None
    point_type.save()
    now = clock.now()
    twins = [make_membership(program, "Online Twin"), make_membership(program, "General Twin")]
    outcomes: list[list[Any]] = [[], []]
    for kind, points, hours in steps:
        at = now - timedelta(hours=hours)
        verbs = {"earn": (earn, earn_in_general), "redeem": (redeem, redeem_in_general)}[kind]
        for twin, verb, outcome in zip(twins, verbs, outcomes, strict=True):
            try:
                answer = verb(call(twin, points, occurred_at=at), actor=ACTOR)
                outcome.append(([e["balance_after"] for e in answer["posting"]["entries"]], answer["balances"]))
            except InsufficientPoints as error:
                outcome.append(error.facts)
    assert outcomes[0] == outcomes[1]
    assert _rows(twins[0]) == _rows(twins[1])
