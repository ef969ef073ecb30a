"""From the text of an expression to its tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 500
DEEPEST = 20
MOST_ELEMENTS = 50
MOST_DIGITS = 15

TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>+\-*/%!?:,.()\[\]])"
)
ESCAPED = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">", "in")


class Mistake(Exception):  # noqa: N818 - what a person wrote, not what went wrong here
    """What is wrong with an expression, at which character (from 0)."""

    def __init__(self, code: str, detail: str, at: int) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.at = at


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Node:
    at: int


@dataclass(frozen=True, slots=True)
class Number(Node):
    text: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Flag(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`of.name`, or `of["name"]`, which is the same."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    of: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(args)`, or `of.function(args)`."""

    function: str
    of: Node | None
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    sign: str
    of: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Operands with signs of one precedence between them, computed from the left."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Choice(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Listing(Node):
    elements: tuple[Node, ...]


def read(source: str) -> Node:
    """The tree of the expression; raises Mistake."""
    if len(source) > LONGEST:
        raise Mistake("too_long", f"It has {len(source)} characters; at most {LONGEST} are taken.", LONGEST)
    return _Reader(list(tokens(source)), len(source)).whole()


def tokens(source: str) -> Iterator[Token]:
    at = 0
    while at < len(source):
        found = TOKEN.match(source, at)
        if found is None or not found.group().isprintable() and found.lastgroup != "space":
            what = "This text has no end" if source[at] in "\"'" else f"{source[at]!r} means nothing here"
            raise Mistake("unknown_sign", f"{what}.", at)
        if found.lastgroup != "space":
            yield Token(str(found.lastgroup), found.group(), at)
        at = found.end()


class _Reader:
    def __init__(self, found: list[Token], end: int) -> None:
        self._tokens = found
        self._next = 0
        self._end = Token("end", "", end)
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._here.kind != "end":
            raise Mistake("syntax", f"“{self._here.text}” is not expected here.", self._here.at)
        return node

    @property
    def _here(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def _take(self) -> Token:
        token = self._here
        self._next += 1
        return token

    def _takes(self, *texts: str) -> Token | None:
        return self._take() if self._here.kind in ("sign", "name") and self._here.text in texts else None

    def _need(self, text: str) -> Token:
        token = self._takes(text)
        if token is None:
            found = f"not “{self._here.text}”" if self._here.text else "it ends before"
            raise Mistake("syntax", f"“{text}” is expected here, {found}.", self._here.at)
        return token

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Mistake("too_deep", f"It is nested more than {DEEPEST} deep.", self._here.at)

    def _expression(self) -> Node:
        self._deeper()
        node = self._chain(0)
        if self._takes("?"):
            then = self._expression()
            self._need(":")
            node = Choice(node.at, node, then, self._expression())
        self._depth -= 1
        return node

    def _chain(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        first = self._chain(level + 1)
        rest: list[tuple[str, Node]] = []
        while sign := self._takes(*LEVELS[level]):
            rest.append((sign.text, self._chain(level + 1)))
        if len(rest) > 1 and LEVELS[level] == COMPARISONS:
            raise Mistake("syntax", "Compare two values at a time, joined by && or ||.", rest[1][1].at)
        return Chain(first.at, first, tuple(rest)) if rest else first

    def _unary(self) -> Node:
        sign = self._takes("!", "-")
        if sign is None:
            return self._path()
        self._deeper()
        node = Unary(sign.at, sign.text, self._unary())
        self._depth -= 1
        return node

    def _path(self) -> Node:
        node = self._primary()
        while True:
            if self._takes("."):
                name = self._take()
                if name.kind != "name":
                    raise Mistake("syntax", "A name is expected after the point.", name.at)
                called = self._takes("(")
                node = (
                    Call(name.at, name.text, node, self._list(")", 4)) if called else Member(name.at, node, name.text)
                )
            elif opened := self._takes("["):
                index = self._expression()
                self._need("]")
                node = (
                    Member(opened.at, node, index.value) if isinstance(index, Text) else Index(opened.at, node, index)
                )
            else:
                return node

    def _primary(self) -> Node:
        token = self._take()
        match token.kind, token.text:
            case "number", text:
                return Number(token.at, self._number(text, token.at))
            case "text", text:
                return Text(token.at, _plain(text, token.at))
            case "name", ("true" | "false") as text:
                return Flag(token.at, text == "true")
            case "name", text if text != "in":
                if self._takes("("):
                    return Call(token.at, text, None, self._list(")", 10))
                return Name(token.at, text)
            case "sign", "(":
                node = self._expression()
                self._need(")")
                return node
            case "sign", "[":
                return Listing(token.at, self._list("]", MOST_ELEMENTS))
        what = f"“{token.text}” is not expected here" if token.text else "It ends where a value is expected"
        raise Mistake("syntax", f"{what}.", token.at)

    def _number(self, text: str, at: int) -> str:
        follows = self._here
        if follows.kind in ("name", "number") and follows.at == at + len(text):
            raise Mistake("syntax", "Numbers are written plainly: 50 or 12.5.", at)
        if len(text.replace(".", "")) > MOST_DIGITS:
            raise Mistake("too_large", f"Numbers have at most {MOST_DIGITS} digits.", at)
        return text if "." in text else f"{text}.0"

    def _list(self, end: str, most: int) -> tuple[Node, ...]:
        found: list[Node] = []
        if self._takes(end):
            return ()
        while True:
            found.append(self._expression())
            if len(found) > most:
                raise Mistake("too_many", f"At most {most} values are taken here.", found[-1].at)
            if self._takes(end):
                return tuple(found)
            self._need(",")


LEVELS: tuple[tuple[str, ...], ...] = (("||",), ("&&",), COMPARISONS, ("+", "-"), ("*", "/", "%"))


def _plain(quoted: str, at: int) -> str:
    """What a quoted text says."""

    def said(found: re.Match[str]) -> str:
        if found.group(1) not in ESCAPED:
            raise Mistake("syntax", f"\\{found.group(1)} means nothing in a text.", at + 1 + found.start())
        return ESCAPED[found.group(1)]

    return re.sub(r"\\(.)", said, quoted[1:-1])
