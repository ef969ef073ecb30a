"""From the tree of an expression to CEL: every name known, every kind right, numbers all doubles."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from activities.rules.language import kinds, reading
from activities.rules.language.kinds import ANY, CARRIED, FLAG, NOTHING, NUMBER, TEXT, Kind
from activities.rules.language.reading import Mistake, Node

Path = tuple[str, ...]
MACROS = {"exists": FLAG, "all": FLAG, "exists_one": FLAG, "filter": None, "map": None}
MOST_MACROS = 2
TEXT_TESTS = ("startsWith", "endsWith", "contains")


@dataclass(frozen=True, slots=True)
class Piece:
    """CEL for a part of an expression, with brackets round all that has a sign.

    `carried` are the activity's attributes it needs, `said` the texts written in it with their places.
    """

    code: str
    kind: Kind
    carried: tuple[str, ...] = ()
    said: tuple[tuple[str, int], ...] = ()


@lru_cache(maxsize=4096)
def variable(path: Path) -> str:
    """The plain variable that stands for a path; no two paths share one."""
    return "__".join("".join(c if c.isalnum() and c.isascii() else f"_{ord(c):x}_" for c in part) for part in path)


@dataclass
class Checker:
    """Writes one expression; `reads` collects the paths it needs."""

    roots: Mapping[str, Kind]
    writers: "Mapping[type[Node], Callable[[Checker, Any], Piece]]"
    reads: set[Path] = field(default_factory=set)
    _bound: dict[str, Kind] = field(default_factory=dict)

    def write(self, node: Node) -> Piece:
        return self.writers[type(node)](self, node)

    def number(self, node: Node, piece: Piece | None = None) -> Piece:
        return self._of(NUMBER, piece or self.write(node), node)

    def flag(self, node: Node) -> str:
        """CEL for something that is true or false; false where the activity does not carry what it asks for."""
        return settled(self._of(FLAG, self.write(node), node)).code

    def _of(self, kind: Kind, piece: Piece, node: Node) -> Piece:
        if piece.kind not in (kind, ANY):
            raise Mistake("wrong_kind", f"{kind.name} is needed here, this is {piece.kind.name}.".capitalize(), node.at)
        return piece

    def name(self, node: reading.Name) -> Piece:
        if node.name in self._bound:
            return Piece(f"e_{node.name}", self._bound[node.name])
        if node.name not in self.roots:
            raise unknown("name", node.name, self.roots, node.at)
        kind = self.roots[node.name]
        if kind.fields is not None:
            offered = ", ".join(sorted(kind.fields)) or "none"
            raise Mistake("wrong_kind", f"“{node.name}” needs a part: {node.name}. and one of {offered}.", node.at)
        self.reads.add((node.name,))
        return Piece(variable((node.name,)), kind)

    def member(self, node: reading.Member) -> Piece:
        if isinstance(node.of, reading.Name) and node.of.name not in self._bound:
            return self._leaf(node.of, node)
        of = self.write(node.of)
        if of.kind == CARRIED:
            return Piece(f"{of.code}[{quoted(node.name)}]", ANY, (*of.carried, node.name))
        return Piece(f"{of.code}.{node.name}", self._field(of.kind, node), of.carried)

    def _leaf(self, root: reading.Name, node: reading.Member) -> Piece:
        if root.name not in self.roots:
            raise unknown("name", root.name, self.roots, root.at)
        kind = self._field(self.roots[root.name], node)
        path = (root.name, node.name, kind.name) if root.name == "attributes" else (root.name, node.name)
        self.reads.add(path)
        return Piece(variable(path), kind)

    def _field(self, kind: Kind, node: reading.Member) -> Kind:
        if kind.fields is None:
            raise Mistake("wrong_kind", f"{kind.name} has no parts.".capitalize(), node.at)
        if node.name not in kind.fields:
            raise unknown(f"{kind.name}.", node.name, kind.fields, node.at)
        return kind.fields[node.name]

    def index(self, node: reading.Index) -> Piece:
        of = self.write(node.of)
        if of.kind.of is None:
            raise Mistake("wrong_kind", f"{of.kind.name} has no places.".capitalize(), node.at)
        index = self.number(node.index)
        return Piece(f"{of.code}[int({index.code})]", of.kind.of, of.carried + index.carried)

    def unary(self, node: reading.Unary) -> Piece:
        if node.sign == "!":
            return Piece(f"(!{self.flag(node.of)})", FLAG)
        of = self.number(node.of)
        return Piece(f"(-{of.code})", NUMBER, of.carried)

    def choice(self, node: reading.Choice) -> Piece:
        condition, then, otherwise = self.flag(node.condition), self.write(node.then), self.write(node.otherwise)
        if then.kind != otherwise.kind and ANY not in (then.kind, otherwise.kind):
            raise Mistake("wrong_kind", f"One side is {then.kind.name}, the other {otherwise.kind.name}.", node.at)
        kind = then.kind if then.kind == otherwise.kind else ANY
        return Piece(f"(({condition}) ? ({then.code}) : ({otherwise.code}))", kind, then.carried + otherwise.carried)

    def listing(self, node: reading.Listing) -> Piece:
        pieces = [self.write(element) for element in node.elements]
        found = {piece.kind for piece in pieces} - {ANY}
        if len(found) > 1:
            raise Mistake("wrong_kind", "The values of a list are of one kind.", node.at)
        of = NOTHING if not pieces else found.pop() if found else ANY
        code = ", ".join(piece.code for piece in pieces)
        return Piece(f"[{code}]", kinds.listing(of), together(pieces), sum((piece.said for piece in pieces), ()))

    @contextmanager
    def bound(self, name: str, kind: Kind, at: int) -> Iterator[None]:
        """Inside, the name stands for an element of the list a macro goes over."""
        if len(self._bound) == MOST_MACROS:
            raise Mistake("too_deep", "At most one exists, all, filter or map stands inside another.", at)
        former = self._bound
        self._bound = {**former, name: kind}
        yield
        self._bound = former

    @property
    def is_inside(self) -> bool:
        """Of a macro."""
        return bool(self._bound)

    def is_taken(self, name: str) -> bool:
        return name in self._bound or name in self.roots


def settled(piece: Piece) -> Piece:
    """Not asked unless the activity carries what it needs."""
    if not piece.carried:
        return piece
    names = dict.fromkeys(piece.carried)
    held = " && ".join(f"({quoted(name)} in {CARRIED_NAME})" for name in names)
    return Piece(f"({held} && ({piece.code}))", piece.kind)


CARRIED_NAME = variable(("activity", "attributes"))


def together(pieces: Iterable[Piece]) -> tuple[str, ...]:
    return tuple(name for piece in pieces for name in piece.carried)


def unknown(what: str, name: str, known: Iterable[str], at: int) -> Mistake:
    offered = ", ".join(sorted(known))
    named = f"{what}{name}" if what.endswith(".") else name
    return Mistake("unknown_name", f"“{named}” is not known here; known: {offered or 'none'}.", at)


def write_number(checker: Checker, node: reading.Number) -> Piece:
    return Piece(node.text, NUMBER)


def write_text(checker: Checker, node: reading.Text) -> Piece:
    return Piece(quoted(node.value), TEXT, (), ((node.value, node.at),))


def write_flag(checker: Checker, node: reading.Flag) -> Piece:
    return Piece("true" if node.value else "false", FLAG)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
