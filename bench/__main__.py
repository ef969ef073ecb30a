"""`python -m bench`: load the world, measure, print the table, write JSON."""

import argparse
import sys
from collections.abc import Sequence

from django.core.management import call_command

from bench import report, rows
from bench.sections import SECTIONS
from bench.world import Sizes, make_world, settle
from loyalty_site.settings import PRODUCTION


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks of the hot paths.")
    parser.add_argument("sections", nargs="*", default=[], help=f"of {', '.join(SECTIONS)}; without any, all")
    parser.add_argument("--members", type=int, default=Sizes.members)
    parser.add_argument("--spenders", type=int, default=Sizes.spenders, help="members with ten open lots")
    parser.add_argument("--seconds", type=float, default=Sizes.seconds, help="of one round")
    parser.add_argument("--rounds", type=int, default=Sizes.rounds)
    parser.add_argument("--document", action="store_true", help="put the table into docs/performance.md")
    given = parser.parse_args(arguments)
    if PRODUCTION:
        parser.error("the benchmarks empty their database: they run on the embedded server only.")
    sizes = Sizes(given.members, given.spenders, seconds=given.seconds, rounds=given.rounds)
    figures, about = measure(given.sections or list(SECTIONS), sizes)
    shown = report.table(figures)
    print(shown)
    print(f"Written to {report.write_json(figures, about)}")
    if given.document:
        report.document(shown, about)
    return 0


def measure(sections: Sequence[str], sizes: Sizes) -> tuple[list[report.Figure], dict[str, object]]:
    call_command("migrate", verbosity=0)
    world = make_world(sizes)
    settle()
    about = report.conditions(world.sizes)
    figures = []
    for name in sections:
        for figure in SECTIONS[name](world, sizes):
            print(f"{figure.what}: {figure.value:,.2f} {figure.unit} {figure.shown_goal} {figure.verdict}", flush=True)
            figures.append(figure)
    rows.prove()
    return figures, about


if __name__ == "__main__":
    sys.exit(main())
