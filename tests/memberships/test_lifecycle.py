from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cards.models import Card
from common import clock
from customers.models import CustomerStatus
from gateway.models import Event
from memberships import lifecycle
from memberships.capabilities import CAPABILITIES, able_states, can, capabilities_of
from memberships.ending import expire, finish_resting, memberships_done_resting, terminate
from memberships.enrolment import enrol
from memberships.errors import (
    AlreadyMember,
    CustomerNotActive,
    NoTerm,
    NothingToPay,
    NotRestorable,
    ProgramNotOpen,
    ReasonMissing,
    WrongStatus,
)
from memberships.models import EndReason, Membership
from memberships.types import TYPES, type_of
from programs.design import design_of
from programs.models import Activation, Program, ProgramStatus
from tests.ending import expired
from tests.factories import ACTOR, make_customer, make_program

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def membership(sky, emma) -> Membership:
    with clock.frozen(NOON):
        return enrol(emma, program=sky, actor=ACTOR)


def brought_to(membership: Membership, status: str) -> Membership:
    verbs = {"inactive": lifecycle.pause, "suspended": lifecycle.suspend, "expired": terminate}
    return verbs[status](membership, actor=ACTOR, reason="test") if status != "active" else membership


ALLOWED = {
    "activate": {"inactive": "active"},
    "pause": {"active": "inactive"},
    "suspend": {"active": "suspended"},
    "reinstate": {"suspended": "active", "expired": "active"},
    "terminate": {"inactive": "expired", "active": "expired", "suspended": "expired"},
    "expire": {"inactive": "expired", "active": "expired", "suspended": "expired"},
}
VERBS = {
    "activate": lifecycle.activate,
    "pause": lifecycle.pause,
    "suspend": lifecycle.suspend,
    "reinstate": lifecycle.reinstate,
    "terminate": terminate,
    "expire": expire,
}


@pytest.mark.parametrize("status", ["inactive", "active", "suspended", "expired"])
@pytest.mark.parametrize("verb", list(VERBS))
def test_every_transition_is_made_or_refused(membership, verb, status):
    before = brought_to(membership, status)
    events = Event.objects.count()
    if status in ALLOWED[verb]:
        after = VERBS[verb](before, actor=ACTOR, reason="because")
        connection.check_constraints()
        after.refresh_from_db()
        assert after.status == ALLOWED[verb][status]
        assert after.version == before.version + 1
        assert after.history.first().history_change_reason == "because"
        assert Event.objects.count() == events + 1
    else:
        with pytest.raises(WrongStatus) as refused:
            VERBS[verb](before, actor=ACTOR, reason="because")
        assert refused.value.status == 409
        after = Membership.objects.get()
        assert (after.status, after.version) == (before.status, before.version)
        assert Event.objects.count() == events


@pytest.mark.parametrize("verb", ["pause", "suspend", "reinstate", "terminate"])
def test_what_takes_something_away_or_back_needs_a_reason(membership, verb):
    with pytest.raises(ReasonMissing):
        VERBS[verb](membership, actor=ACTOR, reason=" ")
    assert Membership.objects.get().status == "active"


def test_activation_makes_the_enrolments_card_usable(emma):
    waiting = enrol(emma, program=make_program("sky", activation=Activation.EXPLICIT), actor=ACTOR)
    with clock.frozen(clock.now()) as now:
        active = lifecycle.activate(waiting, actor=ACTOR)
    card = Card.objects.get()
    assert (active.activated_at, card.status, card.activated_at) == (now, "active", now)


def test_an_end_rests_for_the_programs_days(membership):
    with clock.frozen(NOON):
        ended = terminate(membership, actor=ACTOR, reason="wish", end_reason=EndReason.DECEASED)
    assert (ended.end_reason, ended.ended_at) == ("deceased", NOON)
    assert ended.rests_until == NOON + timedelta(days=30)
    member = ended.members.get()
    assert (member.current, member.ended_at) == (False, None)


def test_resting_points_come_back_until_the_last_moment(membership):
    with clock.frozen(NOON):
        terminate(membership, actor=ACTOR, reason="wish")
    with clock.frozen(NOON + timedelta(days=30)), pytest.raises(NotRestorable):
        lifecycle.reinstate(membership, actor=ACTOR, reason="mistake")
    with clock.frozen(NOON + timedelta(days=30) - timedelta(microseconds=1)):
        back = lifecycle.reinstate(membership, actor=ACTOR, reason="mistake")
    connection.check_constraints()
    assert (back.status, back.end_reason, back.ended_at, back.rests_until) == ("active", "", None, None)
    assert back.members.get().current is True


def test_the_history_of_a_member_tells_end_and_return(membership):
    terminate(membership, actor=ACTOR, reason="wish")
    lifecycle.reinstate(membership, actor=ACTOR, reason="mistake")
    told = membership.members.get().history.order_by("history_id")
    assert list(told.values_list("current", "history_change_reason")) == [
        (True, "enrolment"),
        (False, "wish"),
        (True, "mistake"),
    ]


def test_what_was_merged_comes_back_by_undo_alone(membership):
    ended = expire(membership, actor=ACTOR, end_reason=EndReason.MERGED)
    with pytest.raises(NotRestorable):
        lifecycle.reinstate(ended, actor=ACTOR, reason="mistake")
    assert Membership.objects.get().status == "expired"


def test_who_enrolled_anew_gets_the_old_one_not_back(membership, sky, emma):
    terminate(membership, actor=ACTOR, reason="wish")
    second = enrol(emma, program=sky, actor=ACTOR)
    with pytest.raises(AlreadyMember) as refused:
        lifecycle.reinstate(membership, actor=ACTOR, reason="mistake")
    assert refused.value.facts["membership"] == second.pk
    assert Membership.objects.get(pk=membership.pk).status == "expired"


def test_an_ended_membership_comes_back_to_an_active_customer_only(membership, emma):
    terminate(membership, actor=ACTOR, reason="wish")
    emma.status = CustomerStatus.DECEASED
    emma.save()
    with pytest.raises(CustomerNotActive):
        lifecycle.reinstate(membership, actor=ACTOR, reason="mistake")


def test_a_locked_program_brings_nobody_back(membership, sky):
    lifecycle.suspend(membership, actor=ACTOR, reason="fraud")
    sky.status = ProgramStatus.LOCKED
    sky.save()
    with pytest.raises(ProgramNotOpen):
        lifecycle.reinstate(membership, actor=ACTOR, reason="cleared")
    with pytest.raises(ProgramNotOpen):
        expired(Program.objects.get())


# ---- paid terms


@pytest.fixture
def premium(db) -> Program:
    return make_program(
        "sky",
        time_zone="Europe/Berlin",
        activation=Activation.FIRST_PAYMENT,
        fee=Decimal("60.00"),
        term_months=12,
        renewal_grace_days=14,
        rest_days=5,
    )


@pytest.fixture
def paid(premium, emma) -> Membership:
    with clock.frozen(datetime(2025, 3, 29, 23, 30, tzinfo=UTC)):  # 30 March in Berlin
        made = enrol(emma, program=premium, actor=ACTOR)
        return lifecycle.record_payment(made, actor=ACTOR, reference="R-1", paid_at=clock.now())


def test_the_first_payment_activates(paid):
    assert (paid.status, paid.expires_on) == ("active", date(2026, 3, 29))
    term = paid.terms.get()
    assert (term.first_day, term.last_day, term.payment_reference) == (date(2025, 3, 30), date(2026, 3, 29), "R-1")
    with pytest.raises(NothingToPay):
        lifecycle.record_payment(paid, actor=ACTOR, reference="R-2", paid_at=clock.now())
    assert paid.terms.get().payment_reference == "R-1"


def test_a_term_ends_with_its_last_local_day_on_the_day_the_clocks_change(paid, premium):
    # 29 March 2026 has 23 hours in Berlin; it ends at 22:00 UTC.
    with clock.frozen(datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)):
        assert expired(premium) == []
    with clock.frozen(datetime(2026, 3, 29, 22, 0, tzinfo=UTC)) as end:
        assert expired(premium, dry_run=True) == [paid.number]
        assert Membership.objects.get().status == "active"
        assert expired(premium) == [paid.number]
        assert expired(premium) == []
    ended = Membership.objects.get()
    assert (ended.status, ended.end_reason, ended.ended_at) == ("expired", "term_end", end)
    assert ended.rests_until == end + timedelta(days=5)


def test_renewal_is_possible_through_the_last_day_of_grace(paid, premium):
    with clock.frozen(datetime(2026, 3, 29, 22, 0, tzinfo=UTC)):
        expired(premium)
    with clock.frozen(datetime(2026, 4, 12, 22, 0, tzinfo=UTC)), pytest.raises(NotRestorable):
        lifecycle.renew(paid, actor=ACTOR)
    with clock.frozen(datetime(2026, 4, 12, 21, 59, 59, tzinfo=UTC)):
        renewed = lifecycle.renew(paid, actor=ACTOR)
    connection.check_constraints()
    assert (renewed.status, renewed.expires_on, renewed.rests_until) == ("active", date(2027, 3, 29), None)
    assert [(term.first_day, term.paid_at is None) for term in renewed.terms.all()] == [
        (date(2026, 3, 30), True),
        (date(2025, 3, 30), False),
    ]


def test_a_current_membership_renews_behind_its_running_term(paid):
    with clock.frozen(datetime(2025, 12, 1, tzinfo=UTC)):
        renewed = lifecycle.renew(paid, actor=ACTOR)
    assert renewed.expires_on == date(2027, 3, 29)


def test_without_terms_there_is_nothing_to_renew(membership):
    with pytest.raises(NoTerm):
        lifecycle.renew(membership, actor=ACTOR)
    assert Membership.objects.get().version == 1


def test_an_automatic_renewal_gets_the_grace_a_season_does_not(paid, premium):
    premium.auto_renew = True
    premium.save()
    with clock.frozen(datetime(2026, 4, 12, 21, 59, 59, tzinfo=UTC)):
        assert expired(premium) == []
    premium.valid_until = date(2026, 3, 29)
    premium.save()
    with clock.frozen(datetime(2026, 3, 29, 22, 0, tzinfo=UTC)):
        assert expired(premium) == [paid.number]


def test_after_the_rest_cards_end_and_nothing_comes_back(membership, sky):
    with clock.frozen(NOON):
        terminate(membership, actor=ACTOR, reason="wish")
    end = NOON + timedelta(days=30)
    assert list(memberships_done_resting(sky, at=end - timedelta(microseconds=1))) == []
    (done,) = memberships_done_resting(sky, at=end)
    with clock.frozen(end):
        finish_resting(done, actor=ACTOR, at=end)
    assert list(memberships_done_resting(sky, at=end)) == []
    card = Card.objects.get()
    assert (card.status, card.barred_from) == ("cancelled", end)
    assert membership.holdings.get().held_until == end
    with clock.frozen(end), pytest.raises(NotRestorable):
        lifecycle.reinstate(membership, actor=ACTOR, reason="mistake")


# ---- what each may do

FULL = dict.fromkeys(CAPABILITIES, True)
NONE = dict.fromkeys(CAPABILITIES, False)
MATRIX = {"inactive": NONE | {"adjust": True}, "active": FULL, "suspended": NONE | {"adjust": True}, "expired": NONE}


@pytest.mark.parametrize("status", list(MATRIX))
def test_the_default_matrix(membership, sky, status):
    brought_to(membership, status)
    assert capabilities_of(Membership.objects.get(), design_of(sky.pk)) == MATRIX[status]


def test_a_program_overrides_its_matrix_but_not_for_what_ended(membership, sky):
    sky.capability_overrides = {"suspended": {"earn": True, "adjust": False}, "expired": {"earn": True}}
    sky.save()
    suspended = lifecycle.suspend(membership, actor=ACTOR, reason="fraud")
    assert capabilities_of(suspended, design_of(sky.pk)) == NONE | {"earn": True}
    assert able_states(design_of(sky.pk), "earn") == [
        *(f"active/{kind}" for kind in ("standard", "shared", "group", "anonymous")),
        *(f"suspended/{kind}" for kind in ("standard", "shared", "group", "anonymous")),
    ]
    assert capabilities_of(terminate(suspended, actor=ACTOR, reason="x"), design_of(sky.pk)) == NONE


@pytest.mark.parametrize("status", ["draft", "locked", "closed"])
def test_only_a_released_program_lets_anything_but_corrections(membership, sky, status):
    sky.status = status
    sky.save()
    design = design_of(sky.pk)
    assert capabilities_of(membership, design) == NONE
    assert all(able_states(design, capability) == [] for capability in CAPABILITIES)
    assert can(membership, "adjust", design, correction=True) is (status == "locked")


@pytest.mark.parametrize(
    ("type", "answers"),
    [
        ("standard", FULL),
        ("shared", FULL),
        ("group", FULL),
        ("anonymous", NONE | {"earn": True, "adjust": True, "tier_review": True, "use_card": True}),
        ("organization", NONE),
    ],
)
def test_what_each_type_adds_to_the_status(membership, sky, type, answers):
    membership.type = type
    design = design_of(sky.pk)
    assert capabilities_of(membership, design) == answers
    membership.redeem_override = True
    exceptions = {"redeem": True, "hold": True} if type == "anonymous" else {}
    assert capabilities_of(membership, design) == answers | exceptions


def test_where_only_the_owner_redeems_the_state_does_not_suffice(membership, sky):
    sky.pool_redeemers = "owner"
    sky.save()
    design = design_of(sky.pk)
    assert able_states(design, "redeem") == ["active/standard"]
    assert able_states(design, "earn") == [f"active/{kind}" for kind in ("standard", "shared", "group", "anonymous")]


def test_a_member_suspended_apart_can_not_act_but_the_membership_can(membership, sky):
    member = lifecycle.suspend_member(membership.members.get(), actor=ACTOR, reason="fraud")
    row, design = Membership.objects.get(), design_of(sky.pk)
    assert row.version == 2 and can(row, "earn", design)
    able = {one for one in CAPABILITIES if can(row, one, design, member=member)}
    assert able == {"adjust", "tier_review"}
    with pytest.raises(WrongStatus):
        lifecycle.suspend_member(member, actor=ACTOR, reason="again")
    back = lifecycle.reinstate_member(member, actor=ACTOR, reason="cleared")
    assert back.suspended_at is None and Membership.objects.get().version == 3


def test_merges_by_type():
    def results(one: str, other: str, same: bool = False) -> set[str]:
        found = set(type_of(one).merge_results(other, same_person=same))
        assert found == set(type_of(other).merge_results(one, same_person=same))
        return found

    assert results("standard", "standard") == {"shared", "group"}
    assert results("standard", "standard", same=True) == {"standard"}
    assert results("shared", "standard") == results("shared", "shared") == {"shared"}
    assert results("group", "standard") == results("group", "group") == {"group"}
    assert [results("anonymous", kind) for kind in ("standard", "shared", "group", "anonymous")] == [
        {"standard"},
        {"shared"},
        {"group"},
        set(),
    ]
    assert results("shared", "group") == set()
    assert all(results("organization", kind) == set() for kind in TYPES)


def test_a_second_person_keeps_their_own(sky, emma, membership):
    other = enrol(make_customer("John"), program=sky, actor=ACTOR)
    lifecycle.suspend(membership, actor=ACTOR, reason="fraud")
    other.refresh_from_db()
    assert (other.status, other.version) == ("active", 1)
