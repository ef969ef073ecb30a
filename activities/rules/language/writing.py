"""The whole way from an expression's text to CEL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from activities.rules.language import checking, kinds, reading
from activities.rules.language.calls import write_call
from activities.rules.language.chains import write_chain
from activities.rules.language.checking import Checker, Path, Piece
from activities.rules.language.kinds import ANY, FLAG, NUMBER, TEXT
from activities.rules.language.reading import Mistake, Node
from activities.rules.names import Names

WRITERS: Mapping[type[Node], Callable[[Checker, Any], Piece]] = {
    reading.Number: checking.write_number,
    reading.Text: checking.write_text,
    reading.Flag: checking.write_flag,
    reading.Name: Checker.name,
    reading.Member: Checker.member,
    reading.Index: Checker.index,
    reading.Unary: Checker.unary,
    reading.Choice: Checker.choice,
    reading.Listing: Checker.listing,
    reading.Call: write_call,
    reading.Chain: write_chain,
}
EXPECTED = {"bool": (FLAG,), "int": (NUMBER,), "number": (NUMBER,), "text": (TEXT,), "value": (NUMBER, TEXT, FLAG)}


@dataclass(frozen=True, slots=True)
class Written:
    """CEL, and the paths it reads."""

    code: str
    reads: frozenset[Path]


def write(source: str, *, expects: str, names: Names) -> Written:
    """Raises Mistake."""
    tree = reading.read(source)
    checker = Checker(kinds.roots(names), WRITERS)
    if expects == "bool":
        return Written(checker.flag(tree), frozenset(checker.reads))
    piece = checker.write(tree)
    if piece.kind not in (*EXPECTED[expects], ANY):
        wanted = " or ".join(kind.name for kind in EXPECTED[expects])
        raise Mistake("wrong_kind", f"{wanted} is needed here, this is {piece.kind.name}.".capitalize(), tree.at)
    return Written(piece.code, frozenset(checker.reads))
