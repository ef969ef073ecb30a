"""Write all customers to a file."""

from collections.abc import Iterable, Sequence
from typing import Any

from common.actor import Actor
from common.sheets.commands import ExportCommand
from customers.exporting import NAMES, check_export, customer_rows
from staff.access import logged_export


class Command(ExportCommand):
    help = (
        "Write all customers to a CSV or XLSX file, with the columns that import_customers reads; a customer's further "
        "addresses and documents are left out. Personal data are masked unless --unmasked is given."
    )

    def table(self, actor: Actor, options: dict[str, Any]) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        unmasked = options["unmasked"]
        check_export(actor, unmasked=unmasked)
        rows = logged_export(
            customer_rows(unmasked=unmasked),
            actor.user_id,
            "customers",
            facts={"unmasked": unmasked, "file": "command"},
        )
        return NAMES, rows
