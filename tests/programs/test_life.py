"""draft -> released <-> locked -> closed, the sandbox clock and the terms: each step once, and recorded."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common import clock
from common.actor import Actor
from common.obstacles import Obstacle
from programs import life
from programs.design import design_of
from programs.errors import (
    ClockNotMovable,
    DesignNotAllowed,
    ProgramNotClosable,
    ProgramNotReady,
    ProgramWrongStatus,
    TermsAlreadyReleased,
    TermsSuperseded,
)
from programs.models import (
    DesignVersion,
    ExpiryPolicy,
    PointKind,
    PointType,
    Program,
    ProgramTerms,
    Tier,
    TierGroup,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def snapshot(program: Program) -> tuple[Any, ...]:
    """Everything a refused step must leave alone."""
    row = Program.objects.values().get(pk=program.pk)
    version = DesignVersion.objects.get(program=program).version
    return row, version, Program.history.filter(id=program.pk).count(), ProgramTerms.objects.count()


def codes_missing(error: pytest.ExceptionInfo[ProgramNotReady]) -> list[str]:
    return [lack["code"] for lack in error.value.facts["missing"]]


def test_a_complete_draft_is_released(program: Program, designer: Actor, ladder: TierGroup) -> None:
    before = DesignVersion.objects.get(program=program).version
    released = life.release(program, actor=designer, reason="Season starts")
    assert released.status == "released"
    assert Program.objects.get(pk=program.pk).status == "released"
    row = Program.history.filter(id=program.pk).first()
    assert (row.history_type, row.status, row.history_user_id) == ("~", "released", 7)
    assert (row.history_change_reason, row.history_channel) == ("Season starts", "desk")
    assert DesignVersion.objects.get(program=program).version > before


def test_the_whole_life(program: Program, designer: Actor) -> None:
    steps: list[tuple[Callable[..., Program], str]] = [
        (life.release, "released"),
        (life.lock, "locked"),
        (life.unlock, "released"),
        (life.lock, "locked"),
        (life.close, "closed"),
    ]
    for verb, status in steps:
        assert verb(program, actor=designer, reason="As planned").status == status
    kept = Program.history.filter(id=program.pk).order_by("history_id").values_list("status", flat=True)
    assert list(kept) == ["draft", "released", "locked", "released", "locked", "closed"]


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("draft", {"release"}),
        ("released", {"lock"}),
        ("locked", {"unlock", "close"}),
        ("closed", set()),
    ],
)
@pytest.mark.parametrize("verb", ["release", "lock", "unlock", "close"])
def test_only_the_next_step_is_possible(
    program: Program, designer: Actor, status: str, allowed: set[str], verb: str
) -> None:
    program.status = status
    program.save()
    before = snapshot(program)
    if verb in allowed:
        getattr(life, verb)(program, actor=designer, reason="r")
        assert Program.objects.get(pk=program.pk).status != status
        return
    with pytest.raises(ProgramWrongStatus) as error:
        getattr(life, verb)(program, actor=designer, reason="r")
    assert error.value.code == "program_wrong_status"
    assert error.value.facts["status"] == status
    assert snapshot(program) == before


def test_a_stale_instance_is_read_again_under_the_lock(program: Program, designer: Actor) -> None:
    stale = Program.objects.get(pk=program.pk)
    life.release(program, actor=designer)
    with pytest.raises(ProgramWrongStatus):
        life.release(stale, actor=designer)
    assert Program.history.filter(id=program.pk).count() == 2


@pytest.mark.parametrize("verb", ["release", "lock", "unlock", "close"])
def test_nobody_without_the_right_takes_a_step(program: Program, stranger: Actor, verb: str) -> None:
    before = snapshot(program)
    with pytest.raises(DesignNotAllowed):
        getattr(life, verb)(program, actor=stranger, reason="r")
    assert snapshot(program) == before


def test_closing_is_refused_while_something_is_open(program: Program, designer: Actor) -> None:
    life.release(program, actor=designer)
    life.lock(program, actor=designer, reason="End of season")
    before = snapshot(program)
    still_open = [
        Obstacle("hold", "Hold 12 is open: capture or release it.", {"hold": 12}),
        Obstacle("balance", "40 points are left on 2 accounts.", {"points": 40, "accounts": 2}),
    ]
    with pytest.raises(ProgramNotClosable) as error:
        life.close(program, actor=designer, reason="r", obstacles=still_open)
    assert error.value.code == "program_not_closable"
    assert error.value.facts == {
        "obstacles": [
            {"code": "hold", "message": "Hold 12 is open: capture or release it.", "hold": 12},
            {"code": "balance", "message": "40 points are left on 2 accounts.", "points": 40, "accounts": 2},
        ]
    }
    assert "Hold 12" in error.value.message
    assert "40 points" in error.value.message
    assert snapshot(program) == before


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"member_number_length": 5}, ["member_number_scheme"]),
        ({"member_number_prefix": "SUMMIT-A", "member_number_length": 17}, ["member_number_scheme"]),
        ({"member_number_prefix": "SUMMIT-A", "member_number_length": 16}, []),
        ({"card_body_length": 11}, ["card_number_scheme"]),
        ({"card_body": "base32", "card_body_length": 15, "card_check": "iso7064"}, ["card_number_scheme"]),
        ({"card_body": "base32", "card_body_length": 16, "card_check": "iso7064"}, []),
        ({"card_body": "base32", "card_body_length": 16, "card_check": "luhn"}, ["card_number_check"]),
        ({"card_prefix": "SC", "card_check": "gs1"}, ["card_number_check"]),
        ({"card_prefix": "900", "card_check": "gs1"}, []),
        ({"fee": 20}, ["term_months"]),
        ({"auto_renew": True}, ["auto_renew"]),
        ({"activation": "first_payment"}, ["fee"]),
        ({"activation": "first_payment", "fee": 20, "term_months": 12, "auto_renew": True}, []),
        ({"valid_until": date(2026, 3, 9)}, ["valid_until"]),
        ({"valid_until": date(2026, 3, 10)}, []),
    ],
)
def test_release_names_what_is_missing(
    program: Program, designer: Actor, values: dict[str, Any], missing: list[str]
) -> None:
    for name, value in values.items():
        setattr(program, name, value)
    program.save()
    before = snapshot(program)
    with clock.frozen(NOON):
        if not missing:
            assert life.release(program, actor=designer).status == "released"
            return
        with pytest.raises(ProgramNotReady) as error:
            life.release(program, actor=designer)
    assert error.value.code == "program_not_ready"
    assert codes_missing(error) == missing
    assert snapshot(program) == before


def test_the_last_day_counts_in_the_programs_zone(program: Program, designer: Actor) -> None:
    """23:30 UTC on the 9th is the 10th in Vienna."""
    program.valid_until = date(2026, 3, 9)
    program.save()
    with clock.frozen(datetime(2026, 3, 9, 23, 30, tzinfo=UTC)), pytest.raises(ProgramNotReady):
        life.release(program, actor=designer)
    with clock.frozen(datetime(2026, 3, 9, 22, 30, tzinfo=UTC)):
        assert life.release(program, actor=designer).status == "released"


def test_tiers_must_be_there_and_rise(
    program: Program, designer: Actor, ladder: TierGroup, add_type: Callable[..., PointType]
) -> None:
    Tier.objects.filter(code="gold").get().delete()
    silver = Tier.objects.get(code="silver")
    silver.threshold = 0
    silver.save()
    ladder.point_type = add_type("miles", PointKind.REDEEMABLE)
    ladder.save()
    TierGroup.objects.create(program=program, code="extra", name="Extra", fed_by="rules")
    with pytest.raises(ProgramNotReady) as error:
        life.release(program, actor=designer)
    assert sorted(codes_missing(error)) == ["tier_points", "tier_thresholds", "tiers"]


def test_points_expiring_with_a_period_need_one_that_ends(
    program: Program, designer: Actor, ladder: TierGroup, add_type: Callable[..., PointType]
) -> None:
    add_type("nights", PointKind.QUALIFYING, expiry_policy=ExpiryPolicy.TIER_PERIOD)
    ladder.period = "lifetime"
    ladder.save()
    with pytest.raises(ProgramNotReady) as error:
        life.release(program, actor=designer)
    assert codes_missing(error) == ["tier_period"]
    assert error.value.facts["missing"][0]["point_type"] == "nights"
    ladder.period = "anniversary"
    ladder.save()
    assert life.release(program, actor=designer).status == "released"


def test_the_sandbox_clock_moves_forward_only(sandbox: Program, designer: Actor) -> None:
    moved = life.move_clock(sandbox, actor=designer, by=timedelta(days=2), reason="Next week")
    assert moved.clock_offset == timedelta(days=2, hours=1)
    assert Program.objects.get(pk=sandbox.pk).clock_offset == timedelta(days=2, hours=1)
    with clock.frozen(NOON):
        assert clock.program_now(moved) == NOON + timedelta(days=2, hours=1)
    before = snapshot(sandbox)
    for by in (timedelta(0), timedelta(microseconds=-1), timedelta(days=-3)):
        with pytest.raises(ClockNotMovable):
            life.move_clock(sandbox, actor=designer, by=by)
    assert snapshot(sandbox) == before


def test_a_real_programs_clock_never_moves(program: Program, designer: Actor) -> None:
    before = snapshot(program)
    with pytest.raises(ClockNotMovable) as error:
        life.move_clock(program, actor=designer, by=timedelta(days=1))
    assert error.value.code == "clock_not_movable"
    assert snapshot(program) == before


def test_terms_get_the_next_version_and_come_into_force_once(program: Program, designer: Actor) -> None:
    first = life.write_terms(program, actor=designer, title="Terms", text="Be kind.")
    second = life.write_terms(program, actor=designer, title="Terms", text="Be kinder.", must_accept=False)
    assert (first.version, second.version, second.must_accept) == (1, 2, False)
    assert life.terms_in_force(design_of(program.pk)) is None
    with pytest.raises(ProgramNotReady) as error:
        life.release(program, actor=designer)
    assert codes_missing(error) == ["terms"]
    with clock.frozen(NOON):
        assert life.release_terms(first, actor=designer).released_at == NOON
    assert life.terms_in_force(design_of(program.pk)) == first
    before = snapshot(program)
    with pytest.raises(TermsAlreadyReleased):
        life.release_terms(first, actor=designer)
    assert snapshot(program) == before
    life.release_terms(second, actor=designer)
    assert life.terms_in_force(design_of(program.pk)) == second
    assert ProgramTerms.objects.get(pk=first.pk).released_at == NOON


def test_an_older_draft_is_not_released_past_a_newer_version(program: Program, designer: Actor) -> None:
    first = life.write_terms(program, actor=designer, title="Terms", text="Be kind.")
    second = life.write_terms(program, actor=designer, title="Terms", text="Be kinder.")
    life.release_terms(second, actor=designer)
    with pytest.raises(TermsSuperseded) as error:
        life.release_terms(first, actor=designer)
    assert error.value.facts == {"version": 1, "in_force": 2}
    assert ProgramTerms.objects.get(pk=first.pk).released_at is None
    assert life.terms_in_force(design_of(program.pk)) == second
