"""What a part of a reversal asks for, and whether the posting still has it to take back (domain 1.6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from common.actor import Actor
from common.errors import NotAllowed
from points.drafts import Posted
from points.errors import NotReversible
from points.models import Entry, Posting, PostingKind, ReversalLine
from points.moves import Lifetime
from points.redating import RIGHT as EXTEND
from points.reversal_shares import shares
from programs.design import Design
from programs.models import PointType, ProgramStatus

LIFETIMES = {
    PostingKind.EARN: Lifetime.EARNED,
    PostingKind.REDEEM: Lifetime.REDEEMED,
    PostingKind.CAPTURE: Lifetime.REDEEMED,
}
# What one side gives back the other must still have.
TWO_SIDED = frozenset({PostingKind.TRANSFER, PostingKind.DONATE, PostingKind.CONVERT})
REVERSIBLE = frozenset(LIFETIMES) | TWO_SIDED | {PostingKind.ADJUST}
WHY_NOT = {
    PostingKind.EXPIRE: "Expired points come back by an adjustment.",
    PostingKind.OPENING: "An opening balance is corrected by an adjustment.",
    PostingKind.REVERSE: "Book the original event again instead.",
    PostingKind.MERGE: "A merge is taken back by its undo.",
    PostingKind.SPLIT: "A split is taken back by its undo.",
    PostingKind.UNDO: "An undo is followed by a new change.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What to take back: `points` (positive) of one type and the others in proportion; `each`, points per id of a type,
    where they were worked out already; or all that is left."""

    reason_code: str
    note: str = ""
    points: int | None = None
    point_type: str | None = None
    each: Mapping[int, int] | None = None
    # Points that come back past their time live on through that day, with the right points:extend.
    extend_until: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Per point type: asked = posted + cut + shortfall, as on ReversalLine."""

    point_type: PointType
    asked: int
    posted: int
    debt: int = 0
    cut: int = 0
    cut_value: Decimal = Decimal(0)
    shortfall: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """Points of one type a posting moved, and how many of them no part took back yet."""

    type_id: int
    total: int
    left: int


@dataclass(frozen=True, slots=True)
class Reversed:
    """`posted` is None where nothing was left to move; `expired` are points that came back past their time."""

    id: int
    part: int
    posted: Posted | None
    expired: tuple[Posted, ...]
    lines: tuple[Line, ...]
    in_full: bool


def is_reversible(kind: str) -> bool:
    return kind in REVERSIBLE


@dataclass(frozen=True, slots=True)
class Case:
    posting: Posting
    part: Part
    design: Design
    actor: Actor
    entries: Sequence[Entry]

    def credits(self, type_id: int) -> list[Entry]:
        return [entry for entry in self.entries if entry.account.point_type_id == type_id and entry.amount > 0]

    def debits(self, type_id: int) -> list[Entry]:
        return [entry for entry in self.entries if entry.account.point_type_id == type_id and entry.amount < 0]

    def totals(self) -> dict[int, int]:
        return totals_of(self.entries)


def totals_of(entries: Sequence[Entry]) -> dict[int, int]:
    """Points per type; a transfer moves them once, though by two entries."""
    credited: Counter[int] = Counter()
    debited: Counter[int] = Counter()
    for entry in entries:
        side = credited if entry.amount > 0 else debited
        side[entry.account.point_type_id] += abs(entry.amount)
    return {one: max(credited[one], debited[one]) for one in sorted(credited | debited)}


def left_of(posting: Posting) -> list[Left]:
    """What a posting moved and what is left to reverse, per type; only told, the verb asks again under its locks."""
    entries = list(Entry.objects.filter(posting=posting).select_related("account"))
    earlier = ReversalLine.objects.filter(reversal__reverses=posting).values("point_type_id")
    before = {row["point_type_id"]: row["asked"] for row in earlier.annotate(asked=Sum("asked"))}
    return [Left(one, total, total - before.get(one, 0)) for one, total in totals_of(entries).items()]


def check(posting: Posting, part: Part, *, design: Design, actor: Actor) -> None:
    if posting.kind not in REVERSIBLE:
        raise NotReversible(
            f"Posting {posting.pk} is of kind {posting.kind}. {WHY_NOT[PostingKind(posting.kind)]}",
            facts={"posting": posting.pk, "kind": posting.kind},
        )
    if design.program.status not in (ProgramStatus.RELEASED, ProgramStatus.LOCKED):
        raise NotReversible(
            f"{design.program.name} is {design.program.get_status_display()}: nothing is posted there any more.",
            facts={"posting": posting.pk, "program_status": design.program.status},
        )
    if part.extend_until is not None and not actor.may(EXTEND, posting.program_id):
        raise NotAllowed("Extending points that come back needs the right points:extend in this program.")


def wanted_points(case: Case, before: Mapping[int, int]) -> dict[int, int]:
    """Points per type of this part; refuses more than is left."""
    posting, totals, part = case.posting, case.totals(), case.part
    left = {one: total - before.get(one, 0) for one, total in totals.items()}
    if not any(left.values()):
        raise NotReversible(
            f"Posting {posting.pk} was already reversed in full.", facts={"posting": posting.pk, "left": 0}
        )
    if part.each is not None:
        return {one: min(points, left.get(one, 0)) for one, points in part.each.items() if points > 0}
    type_id = _type_named(case, totals)
    if part.points is not None and part.points > left[type_id]:
        code = case.design.point_types[type_id].code
        raise NotReversible(
            f"{left[type_id]} {code} points of posting {posting.pk} can still be reversed, "
            f"{part.points} were asked for.",
            facts={"posting": posting.pk, "point_type": code, "left": left[type_id], "asked": part.points},
        )
    return shares(totals, before=before, asked=part.points, type_id=type_id)


def _type_named(case: Case, totals: Mapping[int, int]) -> int:
    """The type that `points` counts: the one named, else the default, else the only one."""
    if case.part.point_type is None and case.design.default and case.design.default.pk in totals:
        return case.design.default.pk
    if case.part.point_type is None and (len(totals) == 1 or case.part.points is None):
        return next(iter(totals))
    named = case.design.point_type(case.part.point_type)
    if named.pk not in totals:
        codes = sorted(case.design.point_types[one].code for one in totals)
        raise NotReversible(
            f"Posting {case.posting.pk} moved no {named.code} points. It moved {', '.join(codes)}.",
            facts={"posting": case.posting.pk, "point_types": codes},
        )
    return named.pk
