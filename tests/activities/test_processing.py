"""What the rules make of activities: postings, effects, refusals, failures, late events."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from activities.models import (
    MemberActivity,
    RuleEffect,
    RuleUse,
    Transaction,
    TransactionItem,
)
from activities.processing import process
from activities.rules.shown import effects_of as shown_effects
from common import clock
from common.db import next_ids
from gateway.models import Event
from memberships.ending import terminate
from memberships.lifecycle import suspend
from memberships.models import (
    AttributeValue,
    Membership,
    MembershipBenefit,
    MembershipLabel,
    MembershipStatus,
    StandingSource,
    TierStanding,
)
from points.models import Lot, Posting
from programs.models import AttributeDefinition, Benefit, Label, Program
from tests.activities.ruling import PER_EURO, done, effects_of, in_force, process_all, purchase, waiting
from tests.audit.helpers import assert_audit_clean
from tests.changes import pool_of
from tests.factories import ACTOR, account_of, counted, lots_of, make_customer, make_membership, member_of
from tests.queries import asked

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
STATUS_PER_EURO = PER_EURO | {"point_type": "status"}


# What follows from one activity.


def test_every_type_of_points_is_one_entry_of_one_posting(michael_adams: Membership) -> None:
    program = michael_adams.program
    in_force(program, PER_EURO, STATUS_PER_EURO, code="basic")
    in_force(program, {"do": "credit", "points": 25}, condition="activity.amount > 50", code="more")
    found = done(waiting(michael_adams, "120.50"))
    activity, posting = MemberActivity.objects.get(), Posting.objects.get()
    assert effects_of(activity) == [("credit", "miles", 120), ("credit", "status", 120), ("credit", "miles", 25)]
    assert (activity.status, activity.posting_id, activity.problem) == ("processed", posting.pk, None)
    assert (posting.kind, posting.cause_kind, posting.cause_id) == ("earn", "activity", activity.pk)
    assert (posting.for_set_id, posting.person_id) == (michael_adams.own_set_id, member_of(michael_adams))
    assert sorted(posting.entries.values_list("account__point_type__code", "amount")) == [
        ("miles", 145),
        ("status", 120),
    ]
    assert lots_of(michael_adams) == [(145, 145)]
    assert account_of(michael_adams).lifetime_earned == 145
    assert set(RuleEffect.objects.values_list("posting", flat=True)) == {posting.pk}
    assert [one["points"] for one in found.effects] == [120, 120, 25]
    assert shown_effects([activity.pk])[activity.pk] == found.effects
    assert_audit_clean()


def test_the_event_says_what_became_of_it(michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO)
    activity = waiting(michael_adams)
    done(activity)
    event = Event.objects.get(kind="activity.processed")
    facts = {"type": "purchase", "membership": michael_adams.pk, "effects": 1, "points": {"miles": 100}}
    assert (event.subject_id, event.facts) == (activity.pk, facts)


def test_no_rule_means_processed_without_effects(michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO, condition="activity.amount > 1000")
    activity = waiting(michael_adams)
    before = counted(Posting, RuleEffect, RuleUse)
    assert done(activity).activity.status == "processed"
    assert counted(Posting, RuleEffect, RuleUse) == before
    activity.refresh_from_db()
    assert (activity.status, activity.posting_id) == ("processed", None)
    assert activity.processed_at is not None


def test_one_that_was_never_stored_is_stored_as_it_ends(michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO)
    now = clock.now()
    activity = MemberActivity(
        pk=next_ids("activities_memberactivity_id_seq")[0],
        program=michael_adams.program,
        type=purchase(michael_adams.program),
        membership=michael_adams,
        customer_id=member_of(michael_adams),
        channel_id=2,
        status="received",
        amount=Decimal("10.00"),
        currency="EUR",
        occurred_at=now,
        recorded_at=now,
    )
    done(activity)
    stored = MemberActivity.objects.get()
    assert (stored.pk, stored.status, stored.posting_id) == (activity.pk, "processed", Posting.objects.get().pk)
    assert stored.processed_at is None
    assert_audit_clean()


def test_a_debit_is_a_posting_of_its_own_after_the_credit(michael_adams: Membership) -> None:
    program = michael_adams.program
    in_force(program, {"do": "credit", "points": 40})
    done(waiting(michael_adams))
    in_force(program, {"do": "debit", "points": 30, "if_short": "skip"}, code="toll")
    found = done(waiting(michael_adams))
    assert found.posted is not None and found.spent is not None
    assert (found.posted.kind, found.spent.kind) == ("earn", "redeem")
    assert account_of(michael_adams).balance == 50
    (toll,) = RuleEffect.objects.filter(action="debit")
    assert (toll.points, toll.posting_id) == (-30, found.spent.id)
    assert MemberActivity.objects.order_by("pk").last().posting_id == found.posted.id
    assert_audit_clean()


def test_a_debit_that_finds_too_little_takes_nothing_or_all_there_is(michael_adams: Membership) -> None:
    program = michael_adams.program
    in_force(program, {"do": "debit", "points": 30, "if_short": "skip"}, types=("purchase",))
    in_force(program, {"do": "credit", "points": 20}, condition="activity.amount > 500")
    in_force(program, {"do": "debit", "points": 50, "if_short": "all"}, condition="activity.amount < 50")
    done(waiting(michael_adams, "600.00"))
    assert account_of(michael_adams).balance == 20
    assert effects_of(waited := waiting(michael_adams, "10.00")) == []
    done(waited)
    assert effects_of(waited) == [("debit", "miles", -20)]
    assert account_of(michael_adams).balance == 0
    assert_audit_clean()


def test_lots_of_different_ends_stay_apart_and_of_one_end_come_together(michael_adams: Membership) -> None:
    program = michael_adams.program
    in_force(program, {"do": "credit", "points": 5, "expires_days": 10}, {"do": "credit", "points": 6})
    in_force(program, {"do": "credit", "points": 7, "expires_days": 10}, {"do": "credit", "points": 8})
    with clock.frozen(NOON):
        done(waiting(michael_adams))
    ends = dict(Lot.objects.values_list("amount", "expires_at"))
    assert ends == {12: datetime(2026, 3, 21, tzinfo=UTC), 14: None}


def test_pooled_points_go_to_the_pool_and_qualifying_ones_stay(miles: Program) -> None:
    emma, _ = pool_of(miles)
    in_force(miles, PER_EURO, STATUS_PER_EURO)
    done(waiting(emma))
    posting = Posting.objects.get(cause_kind="activity")
    sets = posting.entries.values_list("account__point_type__code", "account__account_set_id")
    assert dict(sets) == {"miles": emma.pool_id, "status": emma.own_set_id}
    assert posting.for_set_id == emma.own_set_id
    assert_audit_clean()


def test_rules_read_items_of_the_sale(michael_adams: Membership) -> None:
    shoes = {"do": "credit", "per": "1.00", "points": 2, "of": "items", "categories": ["shoes"]}
    in_force(michael_adams.program, shoes)
    sale = Transaction.objects.create(
        channel_id=2, reference="R1", type="purchase", program=michael_adams.program, occurred_at=NOON, recorded_at=NOON
    )
    for line, (category, amount) in enumerate([("shoes", "30.00"), ("hats", "50.00"), ("shoes", "9.50")], start=1):
        TransactionItem.objects.create(transaction=sale, line=line, category=category, amount=amount)
    activity = waiting(michael_adams, "89.50", transaction=sale)
    done(activity)
    assert effects_of(activity) == [("credit", "miles", 78)]


def test_attributes_labels_benefits_and_tiers_follow(michael_adams: Membership) -> None:
    program = michael_adams.program
    AttributeDefinition.objects.create(program=program, code="visits", name="Visits")
    Label.objects.create(program=program, code="fan", name="Fan")
    Benefit.objects.create(program=program, code="lounge", name="Lounge")
    in_force(
        program,
        {"do": "add_to_attribute", "attribute": "visits", "amount": "1"},
        {"do": "add_label", "label": "fan"},
        {"do": "grant_benefit", "benefit": "lounge", "days": 30},
        {"do": "change_tier", "group": "ladder", "tier": "gold"},
        code="all-of-it",
    )
    for _ in range(2):
        done(waiting(michael_adams))
    assert AttributeValue.objects.get().number == 2
    assert MembershipLabel.objects.get().reason == "all of it (v1)"
    assert MembershipBenefit.objects.filter(ended_at__isnull=True).count() == 1
    standing = TierStanding.objects.get(membership=michael_adams, ended_at__isnull=True)
    assert (standing.tier.code, standing.source) == ("gold", StandingSource.RULE)
    assert Posting.objects.count() == 0
    assert_audit_clean()


def test_qualifying_points_raise_the_tier_at_once(michael_adams: Membership) -> None:
    in_force(michael_adams.program, STATUS_PER_EURO)
    done(waiting(michael_adams, "999.00"))
    assert tier_of(michael_adams) == "blue"
    done(waiting(michael_adams, "1.00"))
    assert tier_of(michael_adams) == "gold"


def tier_of(membership: Membership) -> str:
    code: str = TierStanding.objects.get(membership=membership, ended_at__isnull=True).tier.code
    return code


# Whoever may not earn.


def test_a_suspended_membership_is_refused_with_the_reason(michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO)
    activity = waiting(michael_adams)
    suspend(michael_adams, actor=ACTOR, reason="doubt")
    before = counted(Posting, RuleEffect)
    assert done(activity).activity.status == "refused"
    activity.refresh_from_db()
    assert activity.status == "refused" and activity.problem is not None
    assert activity.problem["code"] == "membership_not_able"
    assert activity.problem["facts"]["status"] == MembershipStatus.SUSPENDED
    assert "may not earn points" in activity.problem["detail"]
    assert counted(Posting, RuleEffect) == before
    assert Event.objects.get(kind="activity.refused").facts["code"] == "membership_not_able"
    assert_audit_clean()


def test_an_ended_membership_and_who_never_took_part_are_refused(michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO)
    stranger = waiting(michael_adams, customer_id=make_customer("Eve Moore").pk)
    assert done(stranger).activity.problem["code"] == "not_a_member"
    activity = waiting(michael_adams)
    terminate(michael_adams, actor=ACTOR, reason="asked")
    assert done(activity).activity.problem["code"] == "membership_ended"
    assert Posting.objects.count() == 0


def test_one_that_is_refused_leaves_the_others_as_they_are(miles: Program) -> None:
    emma, adam = make_membership(miles, "Emma Stone"), make_membership(miles, "Adam Page")
    in_force(miles, PER_EURO)
    wave = [waiting(emma), waiting(adam)]
    suspend(emma, actor=ACTOR, reason="doubt")
    assert [one.activity.status for one in process(wave, actor=ACTOR).values()] == ["refused", "processed"]
    assert (account_of(emma).balance, account_of(adam).balance) == (0, 100)


# A rule that fails stops its own activity alone.


def test_a_failing_rule_stops_its_own_activity_alone(miles: Program) -> None:
    emma, adam = make_membership(miles, "Emma Stone"), make_membership(miles, "Adam Page")
    in_force(miles, PER_EURO)
    in_force(miles, {"do": "credit", "expression": "100 / (activity.amount - 40.0)"}, code="odd")
    wave = [waiting(emma, "40.00"), waiting(adam, "50.00")]
    assert [one.activity.status for one in process(wave, actor=ACTOR).values()] == ["failed", "processed"]
    failed = MemberActivity.objects.get(membership=emma)
    assert failed.problem is not None
    assert (failed.problem["rule"], failed.problem["version"]) == ("odd", 1)
    assert (failed.posting_id, effects_of(failed), account_of(emma).balance) == (None, [], 0)
    assert account_of(adam).balance == 60
    facts = Event.objects.get(kind="activity.failed").facts
    assert (facts["rule"], facts["membership"]) == ("odd", emma.pk)
    assert_audit_clean()


def test_what_the_database_refuses_of_one_is_found_and_the_others_go_on(miles: Program) -> None:
    emma, adam = make_membership(miles, "Emma Stone"), make_membership(miles, "Adam Page")
    in_force(miles, PER_EURO)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            f"ALTER TABLE points_pointaccount ADD CONSTRAINT not_this_one CHECK (id <> {account_of(emma).pk}"
            " OR balance = 0)"
        )
    found = process([waiting(emma), waiting(adam)], actor=ACTOR)
    assert [one.activity.status for one in found.values()] == ["failed", "processed"]
    failed = MemberActivity.objects.get(membership=emma)
    assert failed.problem is not None and "not_this_one" in failed.problem["detail"]
    assert (account_of(emma).balance, account_of(adam).balance) == (0, 100)
    assert RuleEffect.objects.count() == 1
    assert_audit_clean()


# One query for each kind of thing, however many activities there are.


def test_a_wave_of_many_asks_no_more_than_one_of_two(miles: Program) -> None:
    Label.objects.create(program=miles, code="fan", name="Fan")
    condition = '!("fan" in labels) && rank.ladder < 5 && points.miles < 10000 && member.birth_month != 13'
    in_force(miles, PER_EURO, STATUS_PER_EURO, condition=condition, caps=({"scope": "day", "points": 500},))
    people = [make_membership(miles, f"Emma {i}") for i in range(12)]
    done(waiting(people[0]))
    small, large = ([waiting(one) for one in ones] for ones in (people[:2], people))
    with asked() as two:
        process_all(*small)
    with asked() as many:
        process_all(*large)
    assert len(many) == len(two)
