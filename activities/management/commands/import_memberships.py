"""Take over memberships with their opening balances from a file."""

from argparse import ArgumentParser
from typing import Any

from activities.import_columns import COLUMNS
from activities.importing import MembershipImport
from common.actor import Actor
from common.errors import NotFound
from common.sheets.commands import ImportCommand
from gateway.channels import system_actor
from programs.models import Program


class Command(ImportCommand):
    help = (
        "Take over the memberships of a program with their opening balances. Lines of one customer stand together: "
        "the first says what the membership is, and each may bring a lot of points. Import the customers first."
    )
    columns = COLUMNS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        super().add_arguments(parser)

    def default_actor(self) -> Actor:
        return system_actor()

    def importer(self, actor: Actor, options: dict[str, Any]) -> MembershipImport:
        program = Program.objects.filter(code=options["program"]).first()
        if program is None:
            raise NotFound(f"There is no program “{options['program']}”.")
        return MembershipImport(program, actor=actor)
