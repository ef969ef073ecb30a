"""A grown program at once, for measuring."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty_site.volume.plan import Volume
from loyalty_site.volume.seeding import NotEmpty, make


class Command(BaseCommand):
    help = (
        "Make customers, memberships, cards and three years of ledger (earnings, redemptions, expiry, transfers, "
        "holds, adjustments, reversals, debts), sound by integrity_audit, for benchmarks and trials. Only into a "
        "database without customers and postings, in one transaction: stopped half-way it leaves nothing, start it "
        "again. The same figures and seed make the same world on the same day. LOYALTY_CLUSTER=volume takes an "
        "embedded server of its own. 10 million entries take some 20 GB of disk."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=Volume.customers, metavar="N", help="default %(default)s")
        parser.add_argument("--entries", type=int, default=Volume.entries, metavar="N", help="default %(default)s")
        parser.add_argument(
            "--program-count", type=int, default=Volume.programs, metavar="N", help="default %(default)s"
        )
        parser.add_argument("--seed", type=int, default=Volume.seed, metavar="N", help="default %(default)s")
        parser.add_argument("--force", action="store_true", help="also with the settings of production")

    def handle(self, *, customers: int, entries: int, program_count: int, seed: int, **options: Any) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError(
                "These are production settings: made-up customers belong into a database of their own (--force)."
            )
        began = time.monotonic()

        def say(step: str) -> None:
            if options["verbosity"]:
                self.stdout.write(f"{time.monotonic() - began:9.1f} s  {step}")
                self.stdout.flush()

        try:
            counts = make(Volume(customers, entries, program_count, seed), say=say)
        except (NotEmpty, ValueError) as error:
            raise CommandError(str(error)) from error
        for name, count in counts.items():
            self.stdout.write(f"{count:>12,} {name}")
        self.stdout.write(self.style.SUCCESS(f"Made in {time.monotonic() - began:.0f} seconds."))
