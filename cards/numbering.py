"""Card numbers: prefix, random body, check character; unique over all programs and for ever (domain 1.10)."""

import re
import secrets
from collections.abc import Callable

from django.db import connection
from stdnum import ean, luhn
from stdnum.iso7064 import mod_37_36

from cards.errors import NumberRefused, NumbersExhausted, NumberTaken, SchemeUnusable
from cards.models import NumberKind, NumberRegistry
from programs.models import CheckScheme, NumberBody, Program

DIGITS = "0123456789"
LETTERS_TOO = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Crockford's symbols: none is taken for another when read aloud or typed.
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE32_LEAST = 16
# Each symbol stands for eight of the 256 values of a byte, so all are equally likely.
_SYMBOL_OF_BYTE = (BASE32 * 8).encode()
ATTEMPTS = 20
# What channels, pages and scanners can carry; shorter ones would be found by trying.
EXTERNAL = re.compile(r"[0-9A-Z]{6,40}")


def compact(number: str) -> str:
    """The number as it is stored: without blanks and hyphens, letters large."""
    return re.sub(r"[\s-]", "", number).upper()


def new_number(program: Program) -> str:
    """A number by the program's scheme, from the operating system's randomness; not yet registered."""
    start = program.card_prefix + _body(program)
    return start + _check(program)(start)


def new_numbers(program: Program, *, count: int) -> list[str]:
    """So many at once, hardly ever one twice. Nothing of it touches the database."""
    length, check = _body_length(program), _check(program)
    if program.card_body == NumberBody.BASE32:
        bodies = [secrets.token_bytes(length).translate(_SYMBOL_OF_BYTE).decode() for _ in range(count)]
    else:
        most = 10**length
        bodies = [f"{secrets.randbelow(most):0{length}d}" for _ in range(count)]
    starts = [program.card_prefix + body for body in bodies]
    return [start + check(start) for start in starts]


def validate(number: str, *, program: Program) -> bool:
    """Whether the number could be one of the program's: prefix, length, symbols and check character."""
    number = compact(number)
    symbols = DIGITS if program.card_body == NumberBody.DIGITS else BASE32
    body = number[len(program.card_prefix) : -1]
    return (
        number.startswith(program.card_prefix)
        and len(body) == _body_length(program)
        and all(symbol in symbols for symbol in body)
        and _check(program)(number[:-1]) == number[-1]
    )


def looks_like_one_of(program: Program, number: str) -> bool:
    """Whether the number begins as the program's numbers do and is as long, whatever its check character."""
    number = compact(number)
    length = len(program.card_prefix) + _body_length(program) + 1
    return number.startswith(program.card_prefix) and len(number) == length


def register_external(program: Program, number: str) -> str:
    """A number from elsewhere, as it is stored; now taken for ever. Raises NumberRefused, NumberTaken.

    The refusal is the same wherever the number stands, for who asks may not see that program.
    """
    asked, number = number, compact(number)
    if not EXTERNAL.fullmatch(number):
        raise NumberRefused(
            f"“{asked[:60]}” can't be a card number: it needs 6 to 40 digits and letters without accents.",
            facts={"number": asked[:60]},
        )
    if not _insert(program, {number}, kind=NumberKind.EXTERNAL):
        raise NumberTaken(
            f"The number {number} was given out before; a number names one card for ever. Check it, or give the card "
            "another one.",
            facts={"number": number},
        )
    return number


def register_numbers(program: Program, *, count: int) -> list[str]:
    """So many new numbers of the program, each now taken for ever. A number drawn twice is drawn again."""
    taken: list[str] = []
    for _ in range(ATTEMPTS):
        missing = count - len(taken)
        if not missing:
            return taken
        taken += _insert(program, {new_number(program) for _ in range(missing)})
    raise NumbersExhausted(
        f"{program.name} found no {count} free card numbers in {ATTEMPTS} draws: lengthen the number's body.",
        facts={"program": program.code, "found": len(taken), "asked": count},
    )


def register_number(program: Program) -> str:
    return register_numbers(program, count=1)[0]


def _insert(program: Program, numbers: set[str], *, kind: NumberKind = NumberKind.CARD) -> list[str]:
    table = NumberRegistry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (number, program_id, kind) "  # noqa: S608 - the name of our own table
            "SELECT n, %s, %s FROM unnest(%s::varchar[]) n ON CONFLICT DO NOTHING RETURNING number",
            [program.pk, kind.value, sorted(numbers)],
        )
        return [row[0] for row in cursor.fetchall()]


def _body_length(program: Program) -> int:
    if program.card_body == NumberBody.BASE32:
        return max(program.card_body_length, BASE32_LEAST)
    return program.card_body_length


def _body(program: Program) -> str:
    length = _body_length(program)
    if program.card_body == NumberBody.BASE32:
        return "".join(secrets.choice(BASE32) for _ in range(length))
    return f"{secrets.randbelow(10**length):0{length}d}"


def _check(program: Program) -> Callable[[str], str]:
    """What computes the check character for everything before it."""
    digits_only = program.card_body == NumberBody.DIGITS and re.fullmatch(r"[0-9]*", program.card_prefix)
    if program.card_check == CheckScheme.ISO7064:
        return mod_37_36.calc_check_digit
    if program.card_check == CheckScheme.LUHN:
        # Luhn modulo 36 where letters occur, the ordinary one otherwise.
        alphabet = DIGITS if digits_only else LETTERS_TOO
        return lambda start: luhn.calc_check_digit(start, alphabet)
    if not digits_only:
        raise SchemeUnusable(
            f"GS1 checks digits only; the card numbers of {program.name} have letters: choose ISO 7064.",
            facts={"program": program.code, "prefix": program.card_prefix, "body": program.card_body},
        )
    return ean.calc_check_digit
