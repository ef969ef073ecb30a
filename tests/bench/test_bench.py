"""The benchmarks at a tiny size: what they compare is the same work, and what they report is right."""

from functools import partial

import pytest
from django.db import connection, transaction

from bench import changes, rows
from bench.jobs import job_of
from bench.naive import naive_earn
from bench.pgbench import raw_once, raw_rate
from bench.report import Figure, rate, ratio, table
from bench.workers import Part, combined
from bench.world import Sizes, World, make_world

WRITTEN = {
    "earn": {"activity": 1, "posting": 1, "entry": 1, "lot": 1, "idempotency": 1, "event": 1},
    "redeem": {"activity": 1, "posting": 1, "entry": 1, "draw": 2, "idempotency": 1, "event": 1},
    "transfer": {"posting": 1, "entry": 2, "lot": 2, "draw": 2, "idempotency": 1, "event": 1},
}


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world(Sizes(members=40, spenders=20, hot_lots=60))


def test_raw_and_product_write_the_same_rows_and_leave_them_right(world: World) -> None:
    for verb, written in WRITTEN.items():
        assert rows.require_same_rows(verb, partial(raw_once, verb, world), job_of(verb, world)) == written
    assert raw_rate("earn", world, seconds=1, hot=True) > 0
    rows.prove()


def test_the_naive_twin_writes_the_same_rows_too(world: World) -> None:
    def earn() -> None:
        with transaction.atomic():
            naive_earn(world.hot, b"k" * 32, channel_id=world.channel, points=100, reference="bench")

    # Its view stores the answer.
    assert rows.rows_of(earn) == {name: n for name, n in WRITTEN["earn"].items() if name != "idempotency"}
    rows.prove()


def test_other_rows_than_the_raw_ones_stop_the_run(world: World) -> None:
    with pytest.raises(RuntimeError, match="The raw earn writes"):
        rows.require_same_rows("earn", partial(raw_once, "earn", world), job_of("redeem", world))


def test_a_wrong_balance_stops_the_run(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE points_lot SET remaining = remaining - 1 WHERE id = (SELECT min(id) FROM points_lot)")
    with pytest.raises(RuntimeError, match="1 balances that are not the sum of their lots"):
        rows.prove()


def test_more_lots_take_no_more_statements_to_merge_split_and_preview(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOTS": 60, "FEW": 3, "SHARING": 5, "REDEMPTIONS": 2}.items():
        monkeypatch.setattr(changes, name, value)
    figures = {one.what: one for one in changes.changes(world, Sizes(rounds=1))}
    more = {what: one.value for what, one in figures.items() if "statements more than" in what}
    assert more == {f"{verb}, statements more than with 3 lots": 0 for verb in ("preview of a merge", "merge", "split")}
    assert figures["redeem from a pool of 5 / standard"].goal == 1.3
    assert figures["consent page"].value > 0
    rows.prove()


def test_figures_are_medians_of_rounds_held_against_their_goals() -> None:
    assert ratio("", [80, 90, 300], [100, 100, 100], 0.85).verdict == "met"
    assert ratio("", [80, 90, 300], [100, 100, 100], 0.95).verdict == "MISSED"
    assert Figure("", 201, "us", 200, at_most=True).verdict == "MISSED"
    shown = table([rate("earn", [1000, 3000, 2000]), ratio("earn / raw", [3], [4], 0.75)])
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines()[2:]] == [
        ["earn", "2,000", "1/s", "", "", "1,000 3,000 2,000"],
        ["earn / raw", "0.75", "x", ">= 0.75", "met", "0.75"],
    ]


def test_a_round_adds_up_its_threads_and_a_stopped_one_ends_the_run() -> None:
    one = combined([[Part([0.001] * 50, wall=1, cpu=0.005)], [Part([0.003] * 50, wall=2, cpu=0.015)]])
    assert (one.rate, one.calls, round(one.cpu_us), one.p50_ms, one.p99_ms) == (75, 100, 200, 3, 3)
    with pytest.raises(RuntimeError, match="refused"):
        combined([[Part([], wall=1, cpu=0, problem="refused")]])
