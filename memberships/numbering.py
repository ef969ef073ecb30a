"""Member numbers: the program's prefix, random digits and a Luhn digit, unique in the program."""

import re
import secrets
from collections.abc import Callable

from django.db import IntegrityError, transaction
from stdnum import luhn

from memberships.errors import MemberNumberRefused, NumbersExhausted
from memberships.models import Membership
from programs.models import Program

ATTEMPTS = 20
# Another membership drew the same number a moment ago.
NUMBER_TAKEN = "membership_number_in_program"
TRIES = 5
LONGEST = 24
OTHERS = re.compile(rf"[0-9A-Z-]{{1,{LONGEST}}}\Z")


def drawn_number(program: Program) -> str:
    """A number of the program's form, whether or not it is free."""
    length = program.member_number_length - 1
    body = f"{secrets.randbelow(10**length):0{length}d}"
    return program.member_number_prefix + body + str(luhn.calc_check_digit(body))


def new_member_number(program: Program) -> str:
    """A number no membership of the program has yet; the table's constraint decides between two at once."""
    for _ in range(ATTEMPTS):
        number = drawn_number(program)
        if not Membership.objects.filter(program=program, number=number).exists():
            return number
    raise NumbersExhausted(
        f"{program.name} found no free member number in {ATTEMPTS} draws: lengthen its member numbers.",
        facts={"program": program.code, "length": program.member_number_length},
    )


def with_new_number(program: Program, make: Callable[[str], Membership], *, number: str | None = None) -> Membership:
    """What `make` inserts under a new number, tried with others where two drew the same at once.

    `number` is one brought along from another system; taken this moment, it is refused.
    """
    for tried in range(TRIES):
        try:
            with transaction.atomic():
                if number is not None:
                    return make(brought_along(number, program=program))
                # The first one drawn is free nearly always: the table's constraint says where it is not.
                return make(new_member_number(program) if tried else drawn_number(program))
        except IntegrityError as error:
            if NUMBER_TAKEN not in str(error):
                raise
    raise NumbersExhausted(
        f"{program.name} found no free member number: lengthen its member numbers.", facts={"program": program.code}
    )


def has_form(number: str, *, program: Program) -> bool:
    """Whether a number of another system can be taken over: it starts with the prefix."""
    return number.startswith(program.member_number_prefix) and OTHERS.match(number) is not None


def brought_along(number: str, *, program: Program) -> str:
    """A member number of another system, taken over as it is: it starts with the prefix and is free."""
    facts = {"program": program.code, "number": number}
    if not has_form(number, program=program):
        raise MemberNumberRefused(
            f"A member number of {program.name} starts with {program.member_number_prefix!r} and has at most "
            f"{LONGEST} capital letters, digits and hyphens.",
            facts=facts,
        )
    if Membership.objects.filter(program=program, number=number).exists():
        raise MemberNumberRefused(f"{program.name} has a membership {number} already.", facts=facts)
    return number


def valid_member_number(number: str, *, program: Program) -> bool:
    """Whether the number could be one of the program's."""
    body = number.removeprefix(program.member_number_prefix)
    return (
        number.startswith(program.member_number_prefix)
        and len(body) == program.member_number_length
        and bool(luhn.is_valid(body))
    )
