"""Prove the data: every invariant, asked of every row."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import timedelta
from operator import itemgetter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from common.audit import Finding, Invariant
from loyalty_site.auditing import UnknownInvariant, chosen, run
from programs.models import Program

BROKEN = 1
BAD_ARGUMENTS = 2


class Command(BaseCommand):
    help = (
        "Ask every invariant of the data (balances, lots, draws, memberships, cards, keys, history) and print the "
        "rows that break one, with the rule and a suggested repair. Reads one snapshot and changes nothing; others "
        "go on working. Exits with 0 on sound data, 1 on any finding, 2 on bad arguments."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", metavar="CODE", help="only the data of this program")
        parser.add_argument("--only", metavar="L01,P03", default="", help="only these invariants")
        parser.add_argument(
            "--recent",
            metavar="MINUTES",
            type=int,
            help="only accounts touched by a posting recorded in the last so many minutes: fast enough to run often",
        )
        parser.add_argument("--timings", action="store_true", help="print the seconds of every rule too, slowest first")
        parser.add_argument("--jobs", type=int, choices=range(1, 9), default=2, help="connections to ask on, default 2")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, program: str | None, only: str, recent: int | None, **options: Any) -> None:
        if recent is not None and recent < 1:
            raise CommandError("--recent needs a number of minutes, 1 or more.", returncode=BAD_ARGUMENTS)
        invariants = self._chosen(only)
        asked: dict[Invariant, float] = {}
        findings: list[Finding] = []
        progress = tqdm(
            run(
                invariants,
                program_id=self._program_id(program),
                recent=None if recent is None else timedelta(minutes=recent),
                jobs=options["jobs"],
            ),
            total=len(invariants),
            unit="rule",
            leave=False,
            disable=not self.stderr.isatty(),
            file=sys.stderr,
        )
        for invariant, broken, seconds in progress:
            progress.set_postfix_str(invariant.id)
            asked[invariant] = seconds
            findings += broken
        if options["json"]:
            self._print_json(asked, findings, timings=options["timings"])
        else:
            self._print(asked, findings, timings=options["timings"])
        if findings:
            sys.exit(BROKEN)

    def _chosen(self, only: str) -> list[Invariant]:
        try:
            return chosen([name.strip() for name in only.split(",") if name.strip()])
        except UnknownInvariant as error:
            raise CommandError(str(error), returncode=BAD_ARGUMENTS) from error

    def _program_id(self, code: str | None) -> int | None:
        if code is None:
            return None
        program_id = Program.objects.filter(code=code).values_list("pk", flat=True).first()
        if program_id is None:
            raise CommandError(f"No program has the code {code!r}.", returncode=BAD_ARGUMENTS)
        return int(program_id)

    def _print(self, asked: Mapping[Invariant, float], findings: list[Finding], *, timings: bool) -> None:
        for invariant in asked:
            broken = [finding for finding in findings if finding.invariant is invariant]
            if broken:
                self.stdout.write(self.style.ERROR(f"{invariant.id} {invariant.rule}: {len(broken)}"))
                for finding in broken:
                    self.stdout.write(f"  {finding.row}: {finding.detail}")
                self.stdout.write(f"  Repair: {invariant.hint}")
        if timings:
            for invariant, seconds in sorted(asked.items(), key=itemgetter(1), reverse=True):
                self.stdout.write(f"{seconds:9.2f} s  {invariant.id} {invariant.rule}")
            self.stdout.write(f"{sum(asked.values()):9.2f} s  all")
        verdict = f"{len(asked)} invariants asked, {len(findings)} rows break them."
        self.stdout.write(self.style.ERROR(verdict) if findings else self.style.SUCCESS(verdict))

    def _print_json(self, asked: Mapping[Invariant, float], findings: list[Finding], *, timings: bool) -> None:
        document: dict[str, Any] = {
            "asked": [invariant.id for invariant in asked],
            "findings": [
                {
                    "id": finding.invariant.id,
                    "group": finding.invariant.group,
                    "rule": finding.invariant.rule,
                    "row": finding.row,
                    "detail": finding.detail,
                    "repair": finding.invariant.hint,
                }
                for finding in findings
            ],
        }
        if timings:
            document["seconds"] = {invariant.id: round(seconds, 3) for invariant, seconds in asked.items()}
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
