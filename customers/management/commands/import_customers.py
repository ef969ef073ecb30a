"""Take over customers from a file."""

from argparse import ArgumentParser
from typing import Any

from common.actor import Actor
from common.sheets.commands import ImportCommand
from customers.import_columns import COLUMNS
from customers.importing import CustomerImport
from gateway.channels import system_actor


class Command(ImportCommand):
    help = (
        "Take over customers, each named by its number in the old system. A line that looks like a known customer is "
        "refused unless it says yes in allow_duplicate; one that would change a known customer is refused unless "
        "--update is given."
    )
    columns = COLUMNS

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--update", action="store_true", help="lines may change customers known already")

    def default_actor(self) -> Actor:
        return system_actor()

    def importer(self, actor: Actor, options: dict[str, Any]) -> CustomerImport:
        return CustomerImport(actor=actor, update=options["update"])
