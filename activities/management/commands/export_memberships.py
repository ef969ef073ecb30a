"""Write the memberships of a program to a file."""

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any

from activities.exports import membership_table
from common.actor import Actor
from common.errors import NotFound
from common.sheets.commands import ExportCommand
from programs.models import Program


class Command(ExportCommand):
    help = (
        "Write the memberships of a program with their balances to a CSV or XLSX file, one line each. With --lots a "
        "file that import_memberships reads: the current ones, a line per lot that has points left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        super().add_arguments(parser)
        parser.add_argument("--lots", action="store_true", help="a line per lot, in the columns of import_memberships")

    def table(self, actor: Actor, options: dict[str, Any]) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        program = Program.objects.visible_to(actor).filter(code=options["program"]).first()
        if program is None:
            raise NotFound(f"There is no program “{options['program']}”.")
        return membership_table(
            program,
            actor=actor,
            lots=options["lots"],
            unmasked=options["unmasked"],
        )
