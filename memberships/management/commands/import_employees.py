"""Take in the employees of an organization from a file."""

from argparse import ArgumentParser
from typing import Any

from common.actor import Actor
from common.errors import NotFound
from common.sheets.commands import ImportCommand
from customers.finding import customer_by_number
from gateway.channels import system_actor
from memberships.employee_lines import COLUMNS
from memberships.importing_employees import EmployeeImport
from programs.models import Program

MOST_TOLD = 20


class Command(ImportCommand):
    help = (
        "Take in the employees of an organization: each line is a person, known or made, who belongs to the "
        "organization and is enrolled in the program under its agreement of today. Who takes part in the program "
        "already is affiliated only, and named at the end: they join with their consent."
    )
    columns = COLUMNS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        parser.add_argument("organization", metavar="ORGANIZATION_NUMBER", help="customer number of the organization")
        super().add_arguments(parser)

    def default_actor(self) -> Actor:
        return system_actor()

    def importer(self, actor: Actor, options: dict[str, Any]) -> EmployeeImport:
        program = Program.objects.filter(code=options["program"]).first()
        if program is None:
            raise NotFound(f"There is no program “{options['program']}”.")
        organization = customer_by_number(options["organization"])
        if organization is None:
            raise NotFound(f"There is no customer “{options['organization']}”.")
        self.taking_in = EmployeeImport(program, organization, actor=actor)
        return self.taking_in

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        finally:
            self._tell_who_joins()

    def _tell_who_joins(self) -> None:
        found = sorted(self.taking_in.to_join) if hasattr(self, "taking_in") else []
        if found:
            more = f" and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
            self.stdout.write(
                f"{len(found)} take part in the program already and stand under no agreement of the organization; they "
                f"join with their consent: {', '.join(found[:MOST_TOLD])}{more}."
            )
