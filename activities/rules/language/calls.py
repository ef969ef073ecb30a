"""Functions and macros of expressions."""

from collections.abc import Callable

from activities.rules.language import reading
from activities.rules.language.checking import MACROS, TEXT_TESTS, Checker, Piece, settled, together, variable
from activities.rules.language.kinds import ANY, FLAG, NUMBER, TEXT, Kind, listing
from activities.rules.language.reading import Mistake, Node

MOST_NUMBERS = 10
ITEMS = variable(("activity", "items"))
ROUNDINGS = ("floor", "ceil", "round")


def write_call(checker: Checker, node: reading.Call) -> Piece:
    if node.of is not None and node.function in MACROS:
        return _macro(checker, node, node.of)
    if node.of is not None and node.function in TEXT_TESTS:
        return _text_test(checker, node, node.of)
    args = node.args if node.of is None else (node.of, *node.args)
    if node.function not in FUNCTIONS or node.of is not None and node.function != "size":
        offered = ", ".join(sorted((*FUNCTIONS, *MACROS, *TEXT_TESTS)))
        raise Mistake("unknown_function", f"There is no “{node.function}” here; there are {offered}.", node.at)
    return FUNCTIONS[node.function](checker, node, args)


def _takes(node: reading.Call, args: tuple[Node, ...], least: int, most: int) -> None:
    if not least <= len(args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise Mistake("wrong_number", f"“{node.function}” takes {wanted} values, not {len(args)}.", node.at)


def _rounding(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    _takes(node, args, 1, 1)
    of = checker.number(args[0])
    return Piece(f"{node.function}({of.code})", NUMBER, of.carried)


def _extreme(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    _takes(node, args, 2, MOST_NUMBERS)
    pieces = [checker.number(arg) for arg in args]
    return Piece(f"{node.function}([{', '.join(one.code for one in pieces)}])", NUMBER, together(pieces))


def _sum(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    _takes(node, args, 1, 1)
    of = checker.write(args[0])
    if of.kind.of not in (NUMBER, ANY):
        raise Mistake("wrong_kind", f"A list of numbers is needed here, this is {of.kind.name}.", node.at)
    return Piece(f"sum({of.code})", NUMBER, of.carried)


def _size(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    _takes(node, args, 1, 1)
    of = checker.write(args[0])
    if of.kind.of is None and of.kind not in (TEXT, ANY):
        raise Mistake("wrong_kind", f"A list or a text has a size, {of.kind.name} has none.", node.at)
    return Piece(f"double(size({of.code}))", NUMBER, of.carried)


def _number(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    _takes(node, args, 1, 1)
    of = checker.write(args[0])
    if of.kind not in (NUMBER, TEXT, ANY):
        raise Mistake("wrong_kind", f"{of.kind.name} can't be made a number.".capitalize(), node.at)
    if of.kind == NUMBER:
        return Piece(f"whole({of.code})" if node.function == "int" else of.code, NUMBER, of.carried)
    return Piece(f"{'whole_of' if node.function == 'int' else 'number_of'}({of.code})", NUMBER, of.carried)


def _text(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    _takes(node, args, 1, 1)
    of = checker.write(args[0])
    if of.kind not in (NUMBER, TEXT, ANY):
        raise Mistake("wrong_kind", f"{of.kind.name} can't be made a text.".capitalize(), node.at)
    return Piece(f"{'string' if of.kind == NUMBER else 'text_of'}({of.code})", TEXT, of.carried)


def _has(checker: Checker, node: reading.Call, args: tuple[Node, ...]) -> Piece:
    """Whether an attribute has a value: of the membership, or carried by the activity."""
    _takes(node, args, 1, 1)
    match args[0]:
        case reading.Member(of=reading.Name(name="attributes"), name=code):
            checker.write(args[0])
            checker.reads.add(("given", code))
            return Piece(variable(("given", code)), FLAG)
        case reading.Member() as asked:
            piece = checker.write(asked)
            if piece.carried:
                return Piece(settled(Piece("true", FLAG, piece.carried[-1:])).code, FLAG)
    raise Mistake("wrong_kind", "“has” asks for an attribute: has(attributes.visits).", node.at)


def _text_test(checker: Checker, node: reading.Call, of: Node) -> Piece:
    _takes(node, node.args, 1, 1)
    pieces = [checker.write(one) for one in (of, node.args[0])]
    for piece, one in zip(pieces, (of, node.args[0]), strict=True):
        if piece.kind not in (TEXT, ANY):
            raise Mistake("wrong_kind", f"A text is needed here, this is {piece.kind.name}.", one.at)
    return settled(Piece(f"{pieces[0].code}.{node.function}({pieces[1].code})", FLAG, together(pieces)))


def _macro(checker: Checker, node: reading.Call, of: Node) -> Piece:
    _takes(node, node.args, 2, 2)
    over = checker.write(of)
    if over.kind.of is None:
        raise Mistake("wrong_kind", f"“{node.function}” goes over a list, this is {over.kind.name}.", node.at)
    if checker.is_inside and ITEMS in over.code:
        # Two hundred lines times two hundred would hold up everybody for seconds.
        raise Mistake(
            "too_deep", "The items are gone over once, not inside another exists, all, filter or map.", node.at
        )
    bound = node.args[0]
    if not isinstance(bound, reading.Name) or checker.is_taken(bound.name):
        raise Mistake("syntax", "First comes a name of your own for the element: exists(item, ...).", bound.at)
    with checker.bound(bound.name, over.kind.of, node.at):
        made = checker.write(node.args[1]) if node.function == "map" else None
        inner = made.code if made else checker.flag(node.args[1])
    kind: Kind = MACROS[node.function] or (listing(made.kind) if made else over.kind)
    if made and made.kind.of is not None:
        raise Mistake("wrong_kind", "A list of lists is of no use here.", node.at)
    return Piece(f"{over.code}.{node.function}(e_{bound.name}, {inner})", kind, over.carried)


FUNCTIONS: dict[str, Callable[[Checker, reading.Call, tuple[Node, ...]], Piece]] = {
    **dict.fromkeys(ROUNDINGS, _rounding),
    "min": _extreme,
    "max": _extreme,
    "sum": _sum,
    "size": _size,
    "int": _number,
    "double": _number,
    "string": _text,
    "has": _has,
}
