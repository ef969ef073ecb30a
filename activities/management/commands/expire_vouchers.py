"""Note the vouchers that are past their time."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from activities.expiring_vouchers import due_vouchers, expire_vouchers
from common.clock import program_now
from gateway.channels import system_actor
from programs.models import Program
from programs.runs import recorded


class Command(BaseCommand):
    help = (
        "Mark vouchers whose time is over as expired and tell the event feed. They could not be used before either, so "
        "the run only tidies. Run it daily. It goes in small transactions: it can be interrupted, started again and "
        "run twice. Programs that are not released wait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", nargs="?", metavar="PROGRAM", help="code of one program; default: all")
        parser.add_argument("--dry-run", action="store_true", help="only say how many would be marked")

    def handle(self, *, program: str | None, dry_run: bool, **options: Any) -> None:
        programs = Program.objects.order_by("pk")
        if program is not None:
            programs = programs.filter(code=program)
            if not programs:
                raise CommandError(f"There is no program “{program}”.")
        if dry_run:
            due = sum(due_vouchers(one, at=program_now(one)).count() for one in programs)
            self.stdout.write(f"{due} vouchers would expire.")
            return
        actor = system_actor()
        done = 0
        with tqdm(unit=" vouchers", disable=not self.stderr.isatty()) as bar:
            for one in programs:
                with recorded(one, "expire_vouchers", actor=actor) as counts:
                    counts["vouchers"] = expire_vouchers(one, actor=actor, progress=bar.update)
                done += counts["vouchers"]
        self.stdout.write(f"{done} vouchers expired.")
