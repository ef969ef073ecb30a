"""Conditions and amounts in CEL: checked when they are saved, computed without another failure than RuleFailed."""

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Literal

import cel

from activities.rules.conversions import number_of, text_of, whole_of
from activities.rules.errors import RuleFailed, RuleRefused
from activities.rules.language.checking import Path
from activities.rules.language.reading import Mistake
from activities.rules.language.writing import write
from activities.rules.names import Names

Expects = Literal["bool", "int", "number", "text", "value"]
Value = bool | int | Decimal | str
# Beyond it doubles would lose whole numbers.
LARGEST = 10**15
# What is left of 114.99999999999999 once the noise of doubles is taken away is 115.
EXACT = Decimal("0.000001")

# The library logs each failure of a function of ours as a warning; it is told by RuleFailed already.
logging.getLogger("cel").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Compiled:
    """`reads` are the paths whose values a context must hold, `calls` whether it must hold our functions."""

    source: str
    expects: Expects
    program: Any
    reads: frozenset[Path]
    calls: bool

    def run(self, context: Any) -> Any:
        """A bool, an int, a Decimal or a text, as expected; raises RuleFailed."""
        if self.expects == "bool":
            # Most conditions of most activities: nothing to convert.
            value = compute(self.program, context)
            return value if value is True or value is False else as_expected(value, "bool")
        return as_expected(compute(self.program, context), self.expects)


def compile_checked(source: str, *, expects: Expects, names: Names, pointer: str = "") -> Compiled:
    """Raises RuleRefused with the one mistake it stops at, its pointer and its character."""
    try:
        written = write(source, expects=expects, names=names)
        program = cel.compile(written.code)
    except Mistake as mistake:
        where = f" (at character {mistake.at + 1})" if source.strip() else ""
        error = {"pointer": pointer, "code": mistake.code, "detail": f"{mistake.detail}{where}"}
        raise RuleRefused([error], at={pointer: mistake.at}) from None  # type: ignore[list-item]
    except ValueError as error:
        detail = str(error).splitlines()[0]
        raise RuleRefused([{"pointer": pointer, "code": "syntax", "detail": detail}], at={pointer: 0}) from None
    calls = any(f"{name}(" in written.code for name in FUNCTIONS)
    return Compiled(source, expects, program, written.reads, calls)


def context_of(variables: dict[str, Any], *, calls: bool) -> Any:
    """The values expressions are computed from, by the names that language.checking.variable gives; our functions,
    which take the library as long as the values, only where an expression calls one."""
    return cel.Context(variables=variables, functions=FUNCTIONS) if calls else cel.Context(variables=variables)


def compute(program: Any, context: Any) -> Any:
    try:
        return program.execute(context)
    except ZeroDivisionError:
        raise RuleFailed("division_by_zero", "It divides by zero.") from None
    except OverflowError:
        raise RuleFailed("too_large", "It computes a number that is too large.") from None
    except KeyError as error:
        raise RuleFailed("missing_fact", f"The activity carries no attribute {error}.") from None
    except IndexError:
        raise RuleFailed("missing_item", "It asks for an item that is not there.") from None
    except TypeError:
        raise RuleFailed("wrong_type", "It computes with values that don't go together.") from None
    except (ValueError, RuntimeError) as error:
        told = str(error)
        for fault, (why, detail) in FAULTS.items():
            if f"failed: {fault}" in told:
                raise RuleFailed(why, detail) from None
        raise RuleFailed("not_computable", f"It can't be computed: {told[:120]}") from None


# What a function of ours raised, by the name the library tells.
FAULTS = {
    "ZeroDivisionError": ("division_by_zero", "It divides by zero."),
    "OverflowError": ("too_large", "It computes a number that is too large."),
    "NotWhole": ("not_a_number", "It makes a whole number of a text that is none, as “1.200”, “12 ” or “two”."),
    "NotANumber": ("not_a_number", "It makes a number of a text that is none, as “1,200” or “two”."),
}


def as_expected(value: Any, expects: Expects) -> Any:
    """The value, if it is what was expected; numbers as Decimal, whole ones rounded down."""
    if expects == "value":
        expects = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    if expects in ("int", "number"):
        number = exact(value)
        return int(number.to_integral_value(ROUND_FLOOR)) if expects == "int" else number
    if not isinstance(value, bool if expects == "bool" else str):
        raise RuleFailed("wrong_type", f"It computes {shown(value)}, not {WANTED[expects]}.")
    return value


WANTED = {"bool": "yes or no", "text": "a text"}


def exact(value: Any) -> Decimal:
    """A number of the library as a decimal of six places; raises RuleFailed."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RuleFailed("wrong_type", f"It computes {shown(value)}, not a number.")
    if not math.isfinite(value):
        raise RuleFailed("not_a_number", "It computes no finite number.")
    if abs(value) > LARGEST:
        raise RuleFailed("too_large", f"It computes {value:.6g}; at most {LARGEST:,} is taken.")
    return Decimal(repr(value)).quantize(EXACT)


def shown(value: Any) -> str:
    return f"the text “{value[:40]}”" if isinstance(value, str) else str(value)[:40]


def _finite(numbers: Iterable[Any]) -> list[float]:
    found = list(numbers)
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in found):
        raise TypeError("numbers are needed")
    return [float(one) for one in found]


def _ratio(over: Any, under: Any) -> float:
    left, right = _finite((over, under))
    return left / right


def _rest(over: Any, under: Any) -> float:
    left, right = _finite((over, under))
    return left % right


def _of_one(func: Callable[[Decimal], float]) -> Callable[[Any], float]:
    def rounded(value: Any) -> float:
        return float(func(exact(value)))

    return rounded


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ratio": _ratio,
    "rest": _rest,
    "floor": _of_one(math.floor),
    "ceil": _of_one(math.ceil),
    "round": _of_one(lambda number: math.floor(number + Decimal("0.5"))),
    "whole": _of_one(math.trunc),
    "whole_of": whole_of,
    "number_of": number_of,
    "text_of": text_of,
    "min": lambda numbers: min(_finite(numbers)),
    "max": lambda numbers: max(_finite(numbers)),
    "sum": lambda numbers: math.fsum(_finite(numbers)),
}
