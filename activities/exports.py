"""Exports of a program's memberships, allowed and logged."""

from collections.abc import Iterable, Sequence

from activities import exporting
from common.actor import Actor
from customers.exporting import check_export
from memberships.exporting import column_names, membership_rows
from programs.models import Program
from staff.access import logged_export


def membership_table(
    program: Program, *, actor: Actor, lots: bool, unmasked: bool, reason: str = ""
) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    """The names of the columns, and the rows. Raises NotAllowed."""
    check_export(actor, unmasked=unmasked, program_id=program.pk)
    facts = {"program": program.code, "what": "lots" if lots else "memberships", "unmasked": unmasked, "reason": reason}
    if lots:
        return exporting.NAMES, logged_export(exporting.lot_rows(program), actor.user_id, program, facts=facts)
    rows = membership_rows(program, unmasked=unmasked)
    return column_names(program), logged_export(rows, actor.user_id, program, facts=facts)
