"""The measurements: raw and ours in turn, so that both meet the same machine; medians over the rounds."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

from bench import rows
from bench.jobs import job_of, reach
from bench.load import Target, http_rate
from bench.pgbench import raw_once, raw_rate
from bench.report import Figure, rate, ratio
from bench.server import serving, token_of
from bench.workers import Round, Workers
from bench.world import Sizes, World

Section = Callable[[World, Sizes], Iterator[Figure]]


def in_process(world: World, sizes: Sizes) -> Iterator[Figure]:
    """Earn and redeem against their raw limits, spread over all members and on one hot account; replays."""
    for verb in ("earn", "redeem", "transfer"):
        written = rows.require_same_rows(verb, partial(raw_once, verb, world), job_of(verb, world))
        print(f"one {verb} writes: {', '.join(f'{n} {name}' for name, n in written.items())}")
    before = rows.bytes_by_table(), rows.counts()
    with Workers(world) as workers:
        earns = turns(workers, world, sizes, "earn")
        yield from compared("earn", *earns, goal=0.75)
        yield Figure("earn, Python CPU a call", _cpu(earns[1]), "us", 200, at_most=True)
        yield from grown(*before)
        hot = turns(workers, world, sizes, "earn_hot")
        yield from compared("earn on one hot account", *hot, goal=0.9)
        yield ratio("hot earn / spread earn", _rates(hot[1]), _rates(earns[1]), 0.5)
        yield Figure("hot earn, p99", median(r.p99_ms for r in hot[1]), "ms", 25, at_most=True)
        redeems = turns(workers, world, sizes, "redeem")
        yield from compared("redeem, ten lots, drawing two", *redeems)
        yield ratio("redeem / earn", _rates(redeems[1]), _rates(earns[1]), 0.65)
        yield Figure("redeem, Python CPU a call", _cpu(redeems[1]), "us")
        hot_redeems = turns(workers, world, sizes, "redeem_hot")
        yield from compared("redeem on one hot account", *hot_redeems, goal=0.9)
        transfers = turns(workers, world, sizes, "transfer")
        yield from compared("transfer", *transfers, goal=0.5)
        yield Figure("transfer, Python CPU a call", _cpu(transfers[1]), "us")
        pairs = [
            (workers.run("earn", seconds=sizes.seconds), workers.run("replay", seconds=sizes.seconds))
            for _ in range(sizes.rounds)
        ]
        yield rate("replay of a key", [replay.rate for _, replay in pairs])
        yield ratio("replay / first earn", [b.rate for _, b in pairs], [a.rate for a, _ in pairs], 3)


def over_http(world: World, sizes: Sizes) -> Iterator[Figure]:
    """Earning through gunicorn against a view that does nothing and against the naive twin."""
    first, last = reach("earn", world)
    paths = {
        "null": "/api/bench/memberships/{}/null",
        "earn": "/api/memberships/{}/earn-points",
        "naive": "/api/bench/memberships/{}/naive",
    }
    found: dict[str, list[float]] = {name: [] for name in (*paths, "replay")}
    with serving() as port:
        token = token_of(world, port)
        for _ in range(sizes.rounds):
            for name, path in paths.items():
                target = Target(port, token, path, first, last)
                found[name].append(http_rate(target, seconds=sizes.seconds))
            again = Target(port, token, paths["earn"], first, last, keys=50)
            found["replay"].append(http_rate(again, seconds=sizes.seconds))
    for name, values in found.items():
        yield rate(f"over HTTP, {name}", values)
    yield ratio("HTTP earn / null view", found["earn"], found["null"], 0.45)
    yield ratio("HTTP earn / naive twin", found["earn"], found["naive"], 3)
    yield ratio("HTTP replay / first earn", found["replay"], found["earn"])


SECTIONS: dict[str, Section] = {"process": in_process, "http": over_http}


def turns(workers: Workers, world: World, sizes: Sizes, job: str) -> tuple[list[float], list[Round]]:
    """Raw, ours, raw, ours ..."""
    verb, _, where = job.partition("_")
    raw, ours = [], []
    for _ in range(sizes.rounds):
        raw.append(raw_rate(verb, world, seconds=max(1, round(sizes.seconds)), hot=where == "hot"))
        ours.append(workers.run(job, seconds=sizes.seconds))
    return raw, ours


def compared(what: str, raw: Sequence[float], ours: Sequence[Round], goal: float | None = None) -> Iterator[Figure]:
    yield rate(f"{what}: raw", raw)
    yield rate(f"{what}: in process", _rates(ours))
    yield ratio(f"{what}: in process / raw", _rates(ours), raw, goal)


def grown(bytes_before: dict[str, int], rows_before: dict[str, int]) -> Iterator[Figure]:
    """Bytes with indexes of what an earn adds, from the growth under both sides' rounds."""
    made = {name: n - rows_before[name] for name, n in rows.counts().items()}
    bytes_now = rows.bytes_by_table()
    each = {
        name: (bytes_now[name] - bytes_before[name]) / made[name]
        for name in ("posting", "entry", "lot", "activity", "idempotency", "event")
    }
    for name, size in each.items():
        yield Figure(f"bytes of one {name}", size, "B")
    ledger = sum(each[name] for name in ("posting", "entry", "lot"))
    yield Figure("bytes of a posting with entry and lot", ledger, "B", 600, at_most=True)
    yield Figure("bytes of an earn with everything", sum(each.values()), "B", 1300, at_most=True)


def _rates(rounds: Sequence[Round]) -> list[float]:
    return [one.rate for one in rounds]


def _cpu(rounds: Sequence[Round]) -> float:
    return median(one.cpu_us for one in rounds)
