"""Rules are written, released version by version, retired."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from activities.models import (
    Campaign,
    CampaignStatus,
    GroupMode,
    RewardRule,
    RuleGroup,
    RuleRetirement,
    RuleStatus,
    RuleVersion,
)
from activities.rules.compiled import Needs, needs, rules_at, rules_for
from activities.rules.errors import RuleRefused, RuleUnchanged, RuleWrongStatus
from activities.rules.releasing import change_rule, copy_rule, release_rule, retire_rule
from common import clock
from common.actor import Actor
from gateway.models import Event
from programs.design import design_of
from programs.errors import DesignNotAllowed
from programs.models import Label, Program
from tests.activities.rules.conftest import GIVE
from tests.factories import ACTOR, counted, make_program

MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Write = Callable[..., RewardRule]


def more(points: int, **given: Any) -> dict[str, Any]:
    return {**GIVE, "actions": [{"do": "credit", "points": points}], **given}


def at(program: Program, moment: datetime) -> list[tuple[str, int]]:
    return [(rule.code, rule.version) for rule in rules_at(design_of(program.pk, fresh=True), moment)]


def released(write: Write, code: str = "double", *, when: datetime = MARCH, **given: Any) -> RewardRule:
    rule = write(code, **given)
    with clock.frozen(when):
        release_rule(rule, actor=ACTOR, why="spring")
    rule.refresh_from_db()
    return rule


def test_a_rule_is_written_as_a_draft_that_does_nothing(club: Program, write: Write) -> None:
    rule = write()
    assert (rule.status, rule.released) == (RuleStatus.DRAFT, None)
    assert at(club, MARCH) == []
    assert counted(RuleVersion, Event)["RuleVersion"] == 0


def test_a_release_is_in_force_from_its_instant(club: Program, write: Write) -> None:
    rule = released(write)
    assert (rule.status, rule.released) == (RuleStatus.RELEASED, 1)
    assert at(club, MARCH) == [("double", 1)]
    assert at(club, MARCH - timedelta(microseconds=1)) == []
    version = rule.versions.get()
    assert (version.name, version.definition, version.why, version.released_at) == (
        "Double points",
        GIVE,
        "spring",
        MARCH,
    )
    event = Event.objects.get(kind="rule.released")
    assert (event.program_id, event.subject_id, event.facts) == (club.pk, rule.pk, {"rule": "double", "version": 1})


def test_the_next_version_ends_the_one_before_at_the_same_instant(club: Program, write: Write) -> None:
    rule = released(write)
    change_rule(rule, actor=ACTOR, name="Triple points", group=rule.group, definition=more(150))
    assert at(club, MARCH + DAY) == [("double", 1)]
    with clock.frozen(MARCH + DAY):
        release_rule(rule, actor=ACTOR, why="more")
    assert at(club, MARCH + DAY - timedelta(microseconds=1)) == [("double", 1)]
    assert at(club, MARCH + DAY) == [("double", 2)]
    design = design_of(club.pk, fresh=True)
    late, now = rules_at(design, MARCH)[0], rules_at(design, MARCH + DAY)[0]
    assert [(one.name, one.sound().actions[0].figure.points) for one in (late, now)] == [  # type: ignore[attr-defined]
        ("Double points", 50),
        ("Triple points", 150),
    ]
    ended = RuleRetirement.objects.get()
    assert (ended.rule_version.version, ended.retired_at, ended.why) == (1, MARCH + DAY, "more")


def test_releasing_what_is_in_force_changes_nothing(club: Program, write: Write) -> None:
    rule = released(write)
    before = counted(RuleVersion, RuleRetirement, Event, RewardRule.history.model)
    with pytest.raises(RuleUnchanged):
        release_rule(rule, actor=ACTOR, why="again")
    assert counted(RuleVersion, RuleRetirement, Event, RewardRule.history.model) == before


def test_a_retired_rule_judges_late_events_and_may_begin_again(club: Program, write: Write) -> None:
    rule = released(write)
    with clock.frozen(MARCH + DAY):
        assert retire_rule(rule, actor=ACTOR, why="over").status == RuleStatus.RETIRED
    assert at(club, MARCH) == [("double", 1)]
    assert at(club, MARCH + DAY) == []
    with pytest.raises(RuleWrongStatus):
        retire_rule(rule, actor=ACTOR, why="again")
    with clock.frozen(MARCH + 2 * DAY):
        assert release_rule(rule, actor=ACTOR, why="back").version == 2
    assert at(club, MARCH + DAY) == []
    assert at(club, MARCH + 2 * DAY) == [("double", 2)]
    assert list(Event.objects.order_by("id").values_list("kind", flat=True)) == [
        "rule.released",
        "rule.retired",
        "rule.released",
    ]


def test_days_of_validity_are_those_of_the_programs_zone(club: Program, write: Write) -> None:
    club.time_zone = "Europe/Berlin"
    club.save()
    released(write, valid_from=date(2026, 3, 12), valid_until=date(2026, 3, 28))
    first, last = datetime(2026, 3, 11, 23, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    assert [at(club, moment) for moment in (first - instant, first, last - instant, last)] == [
        [], [("double", 1)], [("double", 1)], []
    ]  # fmt: skip


def test_a_rule_may_end_with_the_last_day_there_is_but_not_begin_with_the_first(club: Program, write: Write) -> None:
    club.time_zone = "America/Los_Angeles"
    club.save()
    released(write, valid_from=date(2026, 3, 12), valid_until=date.max)
    assert [at(club, moment) for moment in (MARCH.replace(month=1), MARCH.replace(year=9999))] == [[], [("double", 1)]]
    with pytest.raises(RuleRefused) as caught:
        write("early", valid_from=date.min)
    assert [error["pointer"] for error in caught.value.errors] == ["/valid_from"]


def test_groups_are_asked_by_rank_and_rules_by_priority(club: Program, group: RuleGroup, write: Write) -> None:
    early = RuleGroup.objects.create(program=club, code="first", name="First", mode=GroupMode.EXCLUSIVE, rank=0)
    for code, place, priority in (("c", group, 0), ("a", group, 5), ("b", early, -5), ("d", group, 0)):
        released(write, code, group=place, priority=priority)
    assert [code for code, _ in at(club, MARCH)] == ["b", "a", "c", "d"]
    assert [one.exclusive for one in rules_at(design_of(club.pk), MARCH)] == [True, False, False, False]


def test_rules_of_one_type_and_what_they_need(club: Program, write: Write) -> None:
    released(write, "sale")
    released(
        write, "checked",
        definition={
            "activity_types": ["check-in"],
            "condition": 'member.birthday_today && rank.ladder >= 1 && points["miles"] > 5 && "vip" in labels',
            "actions": [{"do": "debit", "points": 1, "point_type": "status", "if_short": "skip"}],
            "caps": [{"scope": "program", "times": 9}],
        },
    )  # fmt: skip
    design = design_of(club.pk, fresh=True)
    (sale,) = rules_for(design, MARCH, "purchase")
    (checked,) = rules_for(design, MARCH, "check-in")
    assert rules_for(design, MARCH, "earn") == ()
    assert rules_for(design, MARCH, "purchase") is rules_for(design, MARCH, "purchase")
    assert needs([sale]) == Needs()
    assert needs([sale, checked]) == Needs(
        points=frozenset({"miles", "status"}), labels=True, member=True, uses=True, tiers=True,
        program_uses=frozenset({checked.rule_id}),
    )  # fmt: skip


def test_a_release_is_seen_by_every_process_with_the_next_design(club: Program, write: Write) -> None:
    design = design_of(club.pk, fresh=True)
    assert rules_at(design, MARCH) == ()
    released(write)
    assert rules_at(design, MARCH) == ()
    assert [rule.code for rule in rules_at(design_of(club.pk, fresh=True), MARCH)] == ["double"]


def test_rules_of_a_campaign_are_in_force_on_its_days_while_it_runs(club: Program, write: Write) -> None:
    campaign = Campaign.objects.create(
        program=club, code="spring", name="Spring", valid_from=date(2026, 3, 12), valid_until=date(2026, 3, 13),
        point_budget=500, eligibility="label", label=Label.objects.get(),
    )  # fmt: skip
    released(write, campaign=campaign)
    inside = datetime(2026, 3, 12, 12, tzinfo=UTC)
    assert at(club, inside) == []
    campaign.status = CampaignStatus.RUNNING
    campaign.save()
    assert [at(club, one) for one in (inside - DAY, inside, inside + 2 * DAY)] == [[], [("double", 1)], []]
    (rule,) = rules_at(design_of(club.pk), inside)
    assert (rule.eligibility, rule.label, rule.budget, rule.campaign_id) == ("label", "vip", 500, campaign.pk)
    assert needs([rule]) == Needs(labels=True, budgets=frozenset({campaign.pk}))


def test_what_a_released_rule_names_may_go_and_stops_that_rule_only(club: Program, write: Write) -> None:
    released(write, "sound")
    released(write, "labelled", definition=more(5, condition='"vip" in labels'))
    Label.objects.get().delete()
    sound, labelled = rules_at(design_of(club.pk, fresh=True), MARCH)
    assert sound.broken == ""
    assert labelled.definition is None
    assert "“vip” is not known here" in labelled.broken
    assert labelled.activity_types == {"purchase"}


def test_a_rule_that_can_not_compile_is_refused_when_written(club: Program, write: Write) -> None:
    before = counted(RewardRule)
    with pytest.raises(RuleRefused) as caught:
        write("a b", name=" ", definition=more(0, condition="activity.amonut > 1"), priority=5000,
              valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1))  # fmt: skip
    assert [error["pointer"] for error in caught.value.errors] == [
        "/code", "/name", "/valid_until", "/priority", "/condition", "/actions/0/points"
    ]  # fmt: skip
    assert caught.value.facts["at"] == {"/condition": 9}
    assert counted(RewardRule) == before


def test_groups_and_campaigns_of_other_programs_and_taken_codes_are_refused(club: Program, write: Write) -> None:
    other = RuleGroup.objects.create(program=make_program("other"), code="g", name="G")
    write()
    with pytest.raises(RuleRefused) as caught:
        write(group=other)
    assert [(one["pointer"], one["code"]) for one in caught.value.errors] == [
        ("/code", "code_taken"), ("/group", "different_program")
    ]  # fmt: skip


def test_a_release_reads_the_definition_again(club: Program, write: Write) -> None:
    rule = write(definition=more(5, condition='"vip" in labels'))
    Label.objects.get().delete()
    with pytest.raises(RuleRefused):
        release_rule(rule, actor=ACTOR, why="now")
    assert counted(RuleVersion) == {"RuleVersion": 0}


def test_group_and_campaign_stay_while_a_version_is_in_force(club: Program, write: Write) -> None:
    rule = released(write)
    other = RuleGroup.objects.create(program=club, code="g", name="G")
    with pytest.raises(RuleWrongStatus):
        change_rule(rule, actor=ACTOR, name="x", group=other, definition=GIVE)
    retire_rule(rule, actor=ACTOR, why="over")
    assert change_rule(rule, actor=ACTOR, name="x", group=other, definition=GIVE).group == other


def test_a_copy_is_a_draft_of_its_own(club: Program, write: Write) -> None:
    rule = released(write, priority=3)
    copy = copy_rule(rule, actor=ACTOR, code="double-2", name="Double again")
    assert (copy.status, copy.released, copy.definition, copy.priority) == (RuleStatus.DRAFT, None, GIVE, 3)
    assert at(club, MARCH) == [("double", 1)]


def test_only_who_designs_the_program_may(club: Program, group: RuleGroup, write: Write, stranger: Actor) -> None:
    rule = write()
    before = counted(RewardRule, RuleVersion, Event, RewardRule.history.model)
    for act in (
        lambda: release_rule(rule, actor=stranger, why="x"),
        lambda: retire_rule(rule, actor=stranger, why="x"),
        lambda: copy_rule(rule, actor=stranger, code="y", name="y"),
        lambda: change_rule(rule, actor=stranger, name="y", group=group, definition=GIVE),
    ):
        with pytest.raises(DesignNotAllowed):
            act()
    assert counted(RewardRule, RuleVersion, Event, RewardRule.history.model) == before


def test_history_names_who_released_and_why(club: Program, write: Write) -> None:
    rule = released(write)
    assert [row.history_change_reason for row in rule.history.order_by("history_id")] == ["rule written", "spring"]
