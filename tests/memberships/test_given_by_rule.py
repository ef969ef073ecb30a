"""What rules write about many memberships at once: attributes, labels, rungs and benefits (domain 1.7, 1.11)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from common import clock
from common.errors import NotAllowed
from gateway.models import Event
from memberships.attributes import set_attribute, set_many, values_of
from memberships.benefits import RuleGrant, benefits_of, grant_many
from memberships.errors import BenefitRefused, LabelRefused, MembershipEnded, ReasonMissing, StandingRefused
from memberships.labels import add_label, add_many, labels_of, remove_label, remove_many
from memberships.models import (
    AttributeValue,
    Membership,
    MembershipBenefit,
    MembershipLabel,
    MembershipStatus,
    TierStanding,
)
from memberships.standings import RuleStanding, set_standing, stand_by_rule_many, tiers_of
from programs.attributes import checked_value, read_value
from programs.design import Design, design_of
from programs.errors import AttributeRefused
from programs.models import AttributeDefinition, AttributeType, Benefit, Label, Program, Tier
from tests.factories import ACTOR, actor_in, counted
from tests.memberships.tiers import make_airline, member_since, story_of

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def air(db: None) -> Program:
    program = make_airline()
    for code, kind, extra in (
        ("flights", AttributeType.NUMBER, {"default": "0"}),
        ("seat", AttributeType.CHOICE, {"choices": ["aisle", "window"]}),
        ("meal", AttributeType.TEXT, {}),
        ("newsletter", AttributeType.FLAG, {"default": "no"}),
        ("wedding", AttributeType.DATE, {}),
    ):
        AttributeDefinition.objects.create(program=program, code=code, name=code.title(), type=kind, **extra)
    for code in ("vip", "parent"):
        Label.objects.create(program=program, code=code, name=code.title())
    for code in ("lounge", "bag"):
        Benefit.objects.create(program=program, code=code, name=code.title())
    return program


@pytest.fixture
def design(air: Program) -> Design:
    return design_of(air.pk, fresh=True)


@pytest.fixture
def two(air: Program) -> list[Membership]:
    with clock.frozen(NOW):
        return [member_since(air, NOW, name) for name in ("Ada", "Bob")]


class TestAttributes:
    def test_values_of_every_type_are_written_in_their_column_and_read_with_defaults(
        self, design: Design, two: list[Membership]
    ) -> None:
        ada, bob = (one.pk for one in two)
        values = {
            (ada, "flights"): 3,
            (ada, "seat"): "aisle",
            (ada, "meal"): "vegan",
            (ada, "newsletter"): True,
            (ada, "wedding"): date(2020, 5, 1),
        }
        assert set_many(values, design=design, at=NOW, actor=ACTOR) == set(values)
        assert values_of([ada, bob], design=design) == {
            ada: {
                "flights": Decimal("3.0000"),
                "seat": "aisle",
                "meal": "vegan",
                "newsletter": True,
                "wedding": date(2020, 5, 1),
            },
            bob: {"flights": Decimal("0.0000"), "newsletter": False},
        }

    def test_only_what_differs_is_written_with_history_and_one_event(
        self, design: Design, two: list[Membership]
    ) -> None:
        ada, bob = (one.pk for one in two)
        first = {(ada, "flights"): Decimal(1), (bob, "flights"): Decimal(1)}
        set_many(first, design=design, at=NOW, actor=ACTOR, reason="rule")
        again = {(ada, "flights"): Decimal(1), (bob, "flights"): Decimal(2), (bob, "meal"): "none"}
        later = NOW + timedelta(hours=1)
        assert set_many(again, design=design, at=later, actor=ACTOR) == {(bob, "flights"), (bob, "meal")}
        rows = AttributeValue.history.filter(membership_id=bob).order_by("history_id")
        assert [(row.history_type, row.number, row.text) for row in rows] == [
            ("+", Decimal(1), None),
            ("~", Decimal(2), None),
            ("+", None, "none"),
        ]
        assert AttributeValue.objects.get(membership=ada).changed_at == NOW
        assert AttributeValue.history.get(membership_id=ada).history_change_reason == "rule"
        events = Event.objects.filter(kind="attribute.changed").order_by("pk")
        assert [(one.subject_id, one.facts) for one in events] == [
            (ada, {"attributes": ["flights"]}),
            (bob, {"attributes": ["flights"]}),
            (bob, {"attributes": ["flights", "meal"]}),
        ]

    def test_none_takes_the_own_value_away(self, design: Design, two: list[Membership]) -> None:
        ada = two[0].pk
        set_many({(ada, "flights"): 5}, design=design, at=NOW, actor=ACTOR)
        assert set_many({(ada, "flights"): None}, design=design, at=NOW, actor=ACTOR) == {(ada, "flights")}
        assert values_of([ada], design=design)[ada]["flights"] == 0
        assert AttributeValue.history.filter(membership_id=ada, history_type="-").count() == 1

    @pytest.mark.parametrize(
        ("code", "value"),
        [
            ("flights", "many"),
            ("flights", True),
            ("flights", Decimal("NaN")),
            ("flights", 10**15 + 1),
            ("seat", "middle"),
            ("meal", ""),
            ("meal", "x" * 81),
            ("newsletter", "yes"),
            ("wedding", datetime(2020, 5, 1, tzinfo=UTC)),
            ("unknown", 1),
        ],
    )
    def test_what_does_not_fit_the_definition_is_refused_and_nothing_written(
        self, design: Design, two: list[Membership], code: str, value: object
    ) -> None:
        with pytest.raises(AttributeRefused):
            set_many({(two[0].pk, "flights"): 1, (two[1].pk, code): value}, design=design, at=NOW, actor=ACTOR)
        assert not AttributeValue.objects.exists()

    def test_texts_of_forms_are_read_by_type(self) -> None:
        flag = AttributeDefinition(code="f", name="F", type=AttributeType.FLAG)
        day = AttributeDefinition(code="d", name="D", type=AttributeType.DATE)
        number = AttributeDefinition(code="n", name="N", type=AttributeType.NUMBER)
        assert (read_value(flag, " Yes "), read_value(flag, "0")) == (True, False)
        assert read_value(day, "2026-02-28") == date(2026, 2, 28)
        assert read_value(number, "1.25") == Decimal("1.2500")
        assert checked_value(number, 0.1) == Decimal("0.1000")
        for definition, text in ((flag, "maybe"), (day, "28.2.2026"), (number, "1,5")):
            with pytest.raises(AttributeRefused):
                read_value(definition, text)

    def test_by_hand_it_takes_staff_a_reason_and_a_current_membership(
        self, air: Program, two: list[Membership]
    ) -> None:
        ada, bob = two
        with pytest.raises(NotAllowed):
            set_attribute(ada, code="flights", value=1, actor=actor_in(air), reason="because")
        with pytest.raises(ReasonMissing):
            set_attribute(ada, code="flights", value=1, actor=ACTOR, reason=" ")
        bob.status, bob.ended_at, bob.end_reason = MembershipStatus.EXPIRED, NOW, "terminated"
        bob.save()
        with pytest.raises(MembershipEnded):
            set_attribute(bob, code="flights", value=1, actor=ACTOR, reason="because")
        assert not AttributeValue.objects.exists()
        assert set_attribute(ada, code="flights", value=1, actor=ACTOR, reason="because") is True
        assert set_attribute(ada, code="flights", value=1, actor=ACTOR, reason="because") is False


class TestLabels:
    def test_labels_are_put_on_once_and_taken_off_with_history_and_events(
        self, design: Design, two: list[Membership]
    ) -> None:
        ada, bob = (one.pk for one in two)
        pairs = [(ada, "vip"), (bob, "vip"), (bob, "parent"), (bob, "parent")]
        assert add_many(pairs, design=design, at=NOW, actor=ACTOR, reason="rule 7") == set(pairs)
        assert add_many(pairs, design=design, at=NOW, actor=ACTOR) == set()
        assert labels_of([ada, bob]) == {ada: frozenset({"vip"}), bob: frozenset({"vip", "parent"})}
        later = NOW + timedelta(days=1)
        gone = [(bob, "parent"), (ada, "parent")]
        assert remove_many(gone, design=design, at=later, actor=ACTOR) == {(bob, "parent")}
        row = MembershipLabel.objects.get(membership=bob, label__code="parent")
        assert (row.since, row.ended_at, row.source, row.reason) == (NOW, later, "rule", "rule 7")
        assert [one.history_type for one in row.history.order_by("history_id")] == ["+", "~"]
        told = Event.objects.filter(kind__startswith="label.").order_by("pk")
        assert [(one.kind, one.subject_id, one.facts) for one in told] == [
            ("label.added", ada, {"labels": ["vip"]}),
            ("label.added", bob, {"labels": ["parent", "vip"]}),
            ("label.removed", bob, {"labels": ["parent"]}),
        ]
        assert add_many([(bob, "parent")], design=design, at=later, actor=ACTOR) == {(bob, "parent")}

    def test_an_unknown_label_is_refused(self, design: Design, two: list[Membership]) -> None:
        with pytest.raises(LabelRefused):
            add_many([(two[0].pk, "vip"), (two[1].pk, "gold")], design=design, at=NOW, actor=ACTOR)
        assert not MembershipLabel.objects.exists()

    def test_by_hand_with_a_reason(self, air: Program, two: list[Membership]) -> None:
        ada = two[0]
        with pytest.raises(NotAllowed):
            add_label(ada, code="vip", actor=actor_in(air), reason="friend")
        with pytest.raises(ReasonMissing):
            add_label(ada, code="vip", actor=ACTOR, reason="")
        assert add_label(ada, code="vip", actor=ACTOR, reason="friend") is True
        assert MembershipLabel.objects.get().source == "manual"
        assert remove_label(ada, code="vip", actor=ACTOR, reason="no friend") is True
        assert labels_of([ada.pk]) == {ada.pk: frozenset()}


class TestStandings:
    def test_a_rule_raises_and_never_lowers_unless_it_says_so(self, design: Design, two: list[Membership]) -> None:
        ada, bob = two
        up = [RuleStanding(ada.pk, "ladder", "gold", reason="rule 1"), RuleStanding(bob.pk, "ladder", "diamond")]
        moved = stand_by_rule_many(up, design=design, at=NOW, actor=ACTOR)
        assert [(one.move.membership_id, one.move.tier.code) for one in moved] == [
            (ada.pk, "gold"),
            (bob.pk, "diamond"),
        ]
        assert stand_by_rule_many(up, design=design, at=NOW, actor=ACTOR) == []
        down = [RuleStanding(bob.pk, "ladder", "gold")]
        assert stand_by_rule_many(down, design=design, at=NOW, actor=ACTOR) == []
        down = [RuleStanding(bob.pk, "ladder", "gold", only_up=False)]
        assert len(stand_by_rule_many(down, design=design, at=NOW, actor=ACTOR)) == 1
        assert story_of(bob) == [("silver", "initial"), ("diamond", "rule"), ("gold", "rule")]
        tiers = tiers_of([ada.pk, bob.pk], design=design)
        assert {pk: rung["ladder"].code for pk, rung in tiers.items()} == {ada.pk: "gold", bob.pk: "gold"}

    def test_two_rules_in_one_wave_leave_the_last_word_and_one_row(self, design: Design, two: list[Membership]) -> None:
        wanted = [RuleStanding(two[0].pk, "ladder", "gold"), RuleStanding(two[0].pk, "ladder", "diamond")]
        (moved,) = stand_by_rule_many(wanted, design=design, at=NOW, actor=ACTOR)
        assert (moved.move.before and moved.move.before.code, moved.move.tier.code) == ("silver", "diamond")
        assert story_of(two[0]) == [("silver", "initial"), ("diamond", "rule")]

    def test_the_same_rung_again_counts_where_it_lasts_longer(self, design: Design, two: list[Membership]) -> None:
        ada = two[0]
        for days, made in ((10, 1), (5, 0), (20, 1)):
            one = RuleStanding(ada.pk, "ladder", "gold", until=NOW + timedelta(days=days))
            assert len(stand_by_rule_many([one], design=design, at=NOW, actor=ACTOR)) == made
        open_one = TierStanding.objects.get(membership=ada, ended_at__isnull=True)
        assert open_one.until == NOW + timedelta(days=20)

    def test_what_was_given_by_hand_is_not_lowered_before_its_day(
        self, air: Program, design: Design, two: list[Membership]
    ) -> None:
        ada, until = two[0], NOW + timedelta(days=10)
        diamond = Tier.objects.get(group__program=air, code="diamond")
        with clock.frozen(NOW):
            set_standing(ada, tier=diamond, reason="VIP", until=until, actor=ACTOR)
        down = [RuleStanding(ada.pk, "ladder", "silver", only_up=False)]
        assert stand_by_rule_many(down, design=design, at=until - timedelta(seconds=1), actor=ACTOR) == []
        assert len(stand_by_rule_many(down, design=design, at=until, actor=ACTOR)) == 1

    @pytest.mark.parametrize(("group", "tier"), [("ladder", "platinum"), ("stairs", "gold")])
    def test_an_unknown_rung_is_refused(self, design: Design, two: list[Membership], group: str, tier: str) -> None:
        before = counted(TierStanding)
        with pytest.raises(StandingRefused):
            stand_by_rule_many([RuleStanding(two[0].pk, group, tier)], design=design, at=NOW, actor=ACTOR)
        assert counted(TierStanding) == before


class TestBenefits:
    def test_a_rule_gives_a_benefit_once_and_prolongs_it(self, design: Design, two: list[Membership]) -> None:
        ada, bob = two
        soon, late = NOW + timedelta(days=5), NOW + timedelta(days=50)
        grants = [RuleGrant(ada.pk, "lounge", soon, "rule 3"), RuleGrant(bob.pk, "bag")]
        assert grant_many(grants, design=design, at=NOW, actor=ACTOR) == grants
        assert grant_many(grants, design=design, at=NOW, actor=ACTOR) == []
        longer = [RuleGrant(ada.pk, "lounge", late), RuleGrant(bob.pk, "bag", late)]
        assert grant_many(longer, design=design, at=NOW, actor=ACTOR) == longer[:1]
        held = benefits_of(ada, at=NOW)
        assert [(one.benefit.code, one.source, one.until) for one in held] == [("lounge", "rule", late)]
        assert MembershipBenefit.objects.count() == 2
        assert Event.objects.filter(kind="benefit.granted").count() == 2

    def test_one_that_ran_out_makes_room_and_two_of_one_wave_are_one_row(
        self, design: Design, two: list[Membership]
    ) -> None:
        ada, soon = two[0], NOW + timedelta(days=5)
        grant_many([RuleGrant(ada.pk, "bag", soon)], design=design, at=NOW, actor=ACTOR)
        both = [RuleGrant(ada.pk, "bag", soon + timedelta(days=1)), RuleGrant(ada.pk, "bag", None)]
        assert grant_many(both, design=design, at=soon, actor=ACTOR) == both
        rows = MembershipBenefit.objects.filter(membership=ada).order_by("pk")
        assert [(row.until, row.ended_at) for row in rows] == [(soon, soon), (None, None)]

    def test_one_that_is_over_already_gives_nothing(self, design: Design, two: list[Membership]) -> None:
        """Of an event told late."""
        over = RuleGrant(two[0].pk, "bag", NOW)
        assert grant_many([over], design=design, at=NOW, actor=ACTOR) == []
        assert not MembershipBenefit.objects.exists()

    def test_an_unknown_benefit_is_refused(self, design: Design, two: list[Membership]) -> None:
        with pytest.raises(BenefitRefused):
            grant_many([RuleGrant(two[0].pk, "yacht")], design=design, at=NOW, actor=ACTOR)
        assert not MembershipBenefit.objects.exists()
