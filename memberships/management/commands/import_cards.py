"""Take over the cards that members have in their hands from a file."""

from argparse import ArgumentParser
from typing import Any

from common.actor import Actor
from common.errors import NotFound
from common.sheets.commands import ImportCommand
from gateway.channels import system_actor
from memberships.importing_cards import COLUMNS, CardImport
from programs.models import Program


class Command(ImportCommand):
    help = (
        "Take over cards with their numbers from another system. A main card takes the place of the one its member "
        "has; an additional one comes beside it and only earns. A number that stands elsewhere is a conflict and "
        "refused; one that looks like the program's own, but for its check character, is taken and told. Import the "
        "memberships first."
    )
    columns = COLUMNS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        super().add_arguments(parser)

    def default_actor(self) -> Actor:
        return system_actor()

    def importer(self, actor: Actor, options: dict[str, Any]) -> CardImport:
        program = Program.objects.filter(code=options["program"]).first()
        if program is None:
            raise NotFound(f"There is no program “{options['program']}”.")
        return CardImport(program, actor=actor)
