"""Make a batch of temporary cards."""

import os
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse
from tqdm import tqdm

from cards.batch_file import csv_of, give_out, refuse_download, rows_of
from cards.batches import ask_for_batch, ends_on, make_batch
from cards.errors import BatchRevoked
from cards.models import BatchStatus, CardBatch
from common.errors import LoyaltyError
from gateway.channels import system_actor
from programs.models import Program

REFUSED, UNWRITABLE = 1, 2
RULES = """
Every card gets a number that was never given out before, by the program's scheme, and is ready for its first use.
Say until when the cards are valid by ONE of --valid-until (the last day) and --valid-months (from today).

The name makes it safe: the same command again makes no second batch, and one that was interrupted, even killed, goes
on where it stopped. The same name with other figures is refused.

The file (CSV: card_number, valid_until, code) is given out once. --output writes it, which counts as giving it out;
without --output it waits on the batch's page of the desk for who has the right cards:manage.

  manage.py generate_card_ids skyconnect --count 5000 --valid-months 12 --batch spring-fair --output cards.csv

Exit codes: 0 the batch is made, 1 refused (no such program, not released, other figures, revoked, file given out
already), 2 wrong arguments or a file that can't be written.
"""


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is no day: write it as 2027-12-31") from error


class Command(BaseCommand):
    help = "Make a batch of temporary cards of a released program."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": RULES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="the program's code")
        parser.add_argument("--count", type=int, required=True, metavar="N", help="how many cards")
        end = parser.add_mutually_exclusive_group(required=True)
        end.add_argument("--valid-until", type=day, metavar="DATE", help="last day of the cards, as 2027-12-31")
        end.add_argument("--valid-months", type=int, metavar="N", help="months from today, in the program's zone")
        parser.add_argument("--batch", required=True, metavar="NAME", help="names the batch for ever in its program")
        parser.add_argument("--output", metavar="FILE", help="write the CSV here; it is given out only once")

    def handle(self, *, program: str, batch: str, output: str | None, **options: Any) -> None:
        found = Program.objects.filter(code=program).first()
        if found is None:
            raise CommandError(f"There is no program “{program}”.", returncode=REFUSED)
        wish = {name: options[name] for name in ("count", "valid_until", "valid_months")}
        try:
            asked = ask_for_batch(found, name=batch, actor=system_actor(), **wish)
            made = self._make(asked)
            self.stdout.write(f"“{made.name}”: {made.count} cards, valid until {ends_on(made)}.")
            self.stdout.write(self._told(made) if output is None else self._write(made, Path(output)))
        except LoyaltyError as error:
            raise CommandError(error.message, returncode=REFUSED) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.", returncode=UNWRITABLE) from error

    def _make(self, batch: CardBatch) -> CardBatch:
        # None: no bar where nobody watches.
        with tqdm(total=batch.count, initial=batch.made, unit=" cards", disable=None, file=self.stderr) as bar:
            made = make_batch(batch, progress=bar.update)
        if made.status == BatchStatus.REVOKED:
            raise BatchRevoked(f"“{made.name}” is revoked: ask for a batch of another name.")
        return made

    def _told(self, batch: CardBatch) -> str:
        if batch.downloaded_at is not None:
            return f"Its file was given out on {batch.downloaded_at:%Y-%m-%d %H:%M} UTC."
        page = reverse("desk:batch", args=[batch.pk])
        return f"Its file can be downloaded once, with the right cards:manage, from the desk: {page}"

    def _write(self, batch: CardBatch, path: Path) -> str:
        """The whole file or none: what an interrupted run leaves beside it is written anew by the next."""
        if batch.downloaded_at is not None and path.is_file():
            return f"Its file was given out on {batch.downloaded_at:%Y-%m-%d %H:%M} UTC; {path} was left as it is."
        refuse_download(batch)
        part = path.with_name(f"{path.name}.part")
        try:
            # Codes prove possession: the file is for its owner alone.
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.writelines(csv_of(rows_of(batch)))
                file.flush()
                os.fsync(file.fileno())
            with transaction.atomic():
                give_out(batch, actor=system_actor())
                part.replace(path)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        return f"Written to {path}; the file is given out only once."
