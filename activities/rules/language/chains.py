"""Sums, products, comparisons, and / or."""

from activities.rules.language import reading
from activities.rules.language.checking import Checker, Piece, settled, together
from activities.rules.language.kinds import ANY, CARRIED, FLAG, NOTHING, NUMBER, TEXT, Kind
from activities.rules.language.reading import Mistake, Node

# Computed by functions of our own: CEL divides doubles by zero without a word and knows no rest of doubles.
BY_FUNCTION = {"/": "ratio", "%": "rest"}


def write_chain(checker: Checker, node: reading.Chain) -> Piece:
    sign = node.rest[0][0]
    if sign in ("&&", "||"):
        parts = [checker.flag(node.first), *(checker.flag(operand) for _, operand in node.rest)]
        return Piece("(" + f" {sign} ".join(parts) + ")", FLAG)
    if sign in reading.COMPARISONS:
        return settled(_comparison(checker, node.first, sign, node.rest[0][1]))
    return _arithmetic(checker, node)


def _arithmetic(checker: Checker, node: reading.Chain) -> Piece:
    done = checker.write(node.first)
    for sign, operand in node.rest:
        piece = checker.write(operand)
        kind = _sum_kind(done, piece) if sign == "+" else NUMBER
        for one, at in ((done, node.at), (piece, operand.at)):
            if kind != ANY and one.kind not in (kind, ANY):
                raise Mistake("wrong_kind", f"“{sign}” takes numbers; this is {one.kind.name}.", at)
        if sign in BY_FUNCTION:
            if isinstance(operand, reading.Number) and float(operand.text) == 0:
                raise Mistake("division_by_zero", "It divides by zero.", operand.at)
            code = f"{BY_FUNCTION[sign]}({done.code}, {piece.code})"
        else:
            # Without brackets of its own: a long sum must not become a deep one.
            code = f"{done.code} {sign} {piece.code}"
        done = Piece(code, kind, together((done, piece)))
    return Piece(f"({done.code})", done.kind, done.carried)


def _sum_kind(left: Piece, right: Piece) -> Kind:
    if TEXT in (left.kind, right.kind):
        return TEXT
    return ANY if left.kind == right.kind == ANY else NUMBER


def _comparison(checker: Checker, first: Node, sign: str, second: Node) -> Piece:
    left, right = checker.write(first), checker.write(second)
    if sign == "in":
        return _membership(left, right, second)
    kinds = {left.kind, right.kind} - {ANY}
    if len(kinds) > 1:
        raise Mistake("wrong_kind", f"{left.kind.name} is compared with {right.kind.name}.".capitalize(), first.at)
    if kinds and not kinds & ({NUMBER, TEXT} if sign not in ("==", "!=") else {NUMBER, TEXT, FLAG}):
        raise Mistake("wrong_kind", f"{left.kind.name} can't be compared by “{sign}”.".capitalize(), first.at)
    known(left, right)
    known(right, left)
    return Piece(f"({left.code} {sign} {right.code})", FLAG, together((left, right)))


def _membership(left: Piece, right: Piece, node: Node) -> Piece:
    if right.kind == CARRIED and left.kind == TEXT:
        return Piece(f"({left.code} in {right.code})", FLAG, left.carried)
    of = right.kind.of
    if of is None:
        raise Mistake("wrong_kind", f"A list is needed here, this is {right.kind.name}.", node.at)
    if of != left.kind and not {ANY, NOTHING} & {of, left.kind}:
        raise Mistake("wrong_kind", f"{left.kind.name} is looked for in a list of other values.".capitalize(), node.at)
    known(left, right)
    known(Piece(right.code, of), left)
    return Piece(f"({left.code} in {right.code})", FLAG, together((left, right)))


def known(coded: Piece, other: Piece) -> None:
    """Texts that are compared with a code are codes."""
    for text, at in other.said if coded.kind.known is not None else ():
        if text not in (coded.kind.known or ()) and text:
            offered = ", ".join(sorted(coded.kind.known or ()))
            raise Mistake("unknown_code", f"“{text}” is not known here; known: {offered or 'none'}.", at)
