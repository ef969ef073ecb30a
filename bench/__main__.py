"""`python -m bench`: load the world, measure, print the table, write JSON."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from django.core.management import call_command

from bench import charts, report, rows
from bench.cards import cards
from bench.changes import changes
from bench.expiry import expiry
from bench.memory import memory
from bench.organizations import organizations
from bench.others import others
from bench.queue import queue
from bench.sections import SECTIONS
from bench.tiers import tiers
from bench.volume import volume
from bench.world import Sizes, make_world, settle
from loyalty_site.settings import PRODUCTION

# Changes take members away that the others pick from, and so come last.
IN_WORLD = {**SECTIONS, "others": others, "memory": memory, "changes": changes}
# They make a world of their own, and so come last.
BY_THEMSELVES = {
    "expiry": expiry,
    "volume": volume,
    "cards": cards,
    "organizations": organizations,
    "queue": queue,
    "tiers": tiers,
}
ALL = (*IN_WORLD, *BY_THEMSELVES)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks of the hot paths.")
    parser.add_argument(
        "sections",
        nargs="*",
        default=[],
        choices=[*ALL, []],
        metavar="section",
        help=f"of {', '.join(ALL)}; without any, all",
    )
    parser.add_argument("--members", type=int, default=Sizes.members)
    parser.add_argument("--spenders", type=int, default=Sizes.spenders, help="members with ten open lots")
    parser.add_argument("--seconds", type=float, default=Sizes.seconds, help="of one round")
    parser.add_argument("--rounds", type=int, default=Sizes.rounds)
    parser.add_argument("--entries", type=int, default=Sizes.entries, help="of the grown program, at least")
    parser.add_argument("--cards", type=int, default=Sizes.cards, help="that there are, before one is looked up")
    parser.add_argument("--activities", type=int, default=Sizes.activities, help="lines of a night's file")
    parser.add_argument("--workers", type=int, default=Sizes.workers, help="processes at the queue")
    parser.add_argument("--document", action="store_true", help="put the table into docs/performance.md")
    given = parser.parse_args(arguments)
    if PRODUCTION:
        parser.error("the benchmarks empty their database: they run on the embedded server only.")
    sizes = Sizes(
        given.members,
        given.spenders,
        seconds=given.seconds,
        rounds=given.rounds,
        entries=given.entries,
        cards=given.cards,
        activities=given.activities,
        workers=given.workers,
    )
    figures, about = measure(given.sections or list(ALL), sizes)
    shown = report.table(figures)
    print(shown)
    print(f"Written to {report.write_json(figures, about)}")
    if given.document:
        report.document(shown, about)
        charts.write(figures)
    return 0


def measure(sections: Sequence[str], sizes: Sizes) -> tuple[list[report.Figure], dict[str, object]]:
    call_command("migrate", verbosity=0)
    about = report.conditions(asdict(sizes))
    figures = list(_shown(_in_world([name for name in sections if name in IN_WORLD], sizes, about)))
    for name in sections:
        if name in BY_THEMSELVES:
            figures += _shown(BY_THEMSELVES[name](sizes))
    return figures, about


def _in_world(sections: Sequence[str], sizes: Sizes, about: dict[str, object]) -> Iterator[report.Figure]:
    if not sections:
        return
    world = make_world(sizes)
    settle()
    about["world"] = world.sizes
    for name in sections:
        yield from IN_WORLD[name](world, sizes)
    rows.prove()


def _shown(figures: Iterable[report.Figure]) -> Iterator[report.Figure]:
    for figure in figures:
        print(f"{figure.what}: {figure.value:,.2f} {figure.unit} {figure.shown_goal} {figure.verdict}", flush=True)
        yield figure


if __name__ == "__main__":
    sys.exit(main())
