"""Files of an organization's employees among the imports of the desk: which ones the actor may bring."""

from django.utils.translation import gettext as _

from common.actor import Actor
from customers.finding import customer_by_number
from memberships.importing_employees import MANAGE, WRITE, EmployeeImport
from memberships.models import Membership, MembershipStatus, MembershipType
from programs.models import Program, ProgramStatus

# What a file holds is written employees/<code of the program>/<customer number of the organization>.
EMPLOYEES = "employees"
MOST_SHOWN = 100


def choices_of_employees(actor: Actor) -> list[tuple[str, str]]:
    """One per organization that is open in a program where the actor may enrol."""
    umbrellas = Membership.objects.visible_to(actor).filter(
        type=MembershipType.ORGANIZATION, status=MembershipStatus.ACTIVE, program__status=ProgramStatus.RELEASED
    )
    found = umbrellas.select_related("program", "organization").order_by("organization__name_key", "program__name")
    return [
        (
            f"{EMPLOYEES}/{one.program.code}/{one.organization.number}",
            _("Employees of %(organization)s, for %(program)s")
            % {"organization": one.organization.name or one.organization.number, "program": one.program.name},
        )
        for one in found[:MOST_SHOWN]
        if actor.may(WRITE, None) and actor.may(MANAGE, one.program_id)
    ]


def program_code(what: str) -> str | None:
    """The program of a file of employees; None for another file."""
    kind, _slash, rest = what.partition("/")
    return rest.partition("/")[0] if kind == EMPLOYEES else None


def employee_import(what: str, program: Program, *, actor: Actor) -> EmployeeImport | None:
    """None where there is no such organization. Raises NotAllowed."""
    organization = customer_by_number(what.rpartition("/")[2])
    return None if organization is None else EmployeeImport(program, organization, actor=actor)
