"""Who brought points into a shared set, who spent them, and what became of the rest (domain 1.13).

Per point type and person: balance = brought - spent - taken along - expired. What a reversal took back of an earning
or gave back of a spending counts with the opposite sign for the person it was earned or spent by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from points.models import PostingKind

# Points that came or went because memberships changed.
CHANGES = [PostingKind.MERGE.value, PostingKind.SPLIT.value, PostingKind.UNDO.value]
# Whose contribution a lot was before a split left it behind or gave it to somebody else.
BROUGHT_BY = """
CROSS JOIN LATERAL (
    SELECT COALESCE((SELECT json_build_array(c.old_contributor_id) FROM points_lotcontributorchange c
                     WHERE c.lot_id = l.id ORDER BY c.id LIMIT 1), json_build_array(l.contributor_id)) ->> 0 AS person
) whose
"""
# (point type, what, person or null, points) of every entry of the set's accounts, each point of it counted once.
LINES = f"""
WITH acc AS MATERIALIZED (SELECT id, point_type_id FROM points_pointaccount WHERE account_set_id = %(set)s),
line AS MATERIALIZED (
    SELECT e.id, acc.point_type_id AS type, e.amount, e.posting_id, p.kind, p.person_id, r.person_id AS reversed_person
    FROM acc JOIN points_entry e ON e.account_id = acc.id JOIN points_posting p ON p.id = e.posting_id
    LEFT JOIN points_posting r ON r.id = p.reverses_id
), told AS (
    SELECT line.type, 'brought' AS what, whose.person::bigint AS person, l.amount AS points
    FROM line JOIN points_lot l ON l.entry_id = line.id {BROUGHT_BY}
    UNION ALL
    SELECT type, 'expired', NULL, -amount FROM line WHERE kind = 'expire'
    UNION ALL
    SELECT type, 'spent', person_id, -amount FROM line
    WHERE amount < 0 AND kind <> ALL(%(changes)s) AND kind NOT IN ('expire', 'reverse')
    UNION ALL
    SELECT line.type, CASE WHEN line.kind = ANY(%(changes)s) THEN 'taken' ELSE 'spent' END,
        CASE WHEN line.kind = ANY(%(changes)s) THEN line.person_id ELSE line.reversed_person END, d.amount
    FROM line JOIN points_draw d ON d.entry_id = line.id AND d.posting_id = line.posting_id WHERE line.amount > 0
    UNION ALL
    SELECT line.type, CASE WHEN line.kind = 'reverse' THEN 'brought' ELSE 'taken' END,
        CASE WHEN line.kind = 'reverse' THEN whose.person::bigint ELSE line.person_id END,
        CASE WHEN line.kind = 'reverse' THEN -d.amount ELSE d.amount END
    FROM line JOIN points_draw d ON d.entry_id = line.id AND d.posting_id = line.posting_id
    JOIN points_lot l ON l.id = d.lot_id {BROUGHT_BY}
    WHERE line.amount < 0 AND (line.kind = 'reverse' OR line.kind = ANY(%(changes)s))
    UNION ALL
    SELECT line.type, 'brought', o.person_id, -o.amount
    FROM line JOIN points_debt o ON o.entry_id = line.id
    WHERE line.kind = 'reverse' OR line.kind = ANY(%(changes)s)
)
SELECT type, what, person, sum(points)::bigint FROM told GROUP BY 1, 2, 3
"""  # noqa: S608 - our own text only
# What stands there today: lots by whose contribution they count as, debts by whose they are.
TODAY = """
SELECT a.point_type_id, 'left', l.contributor_id, sum(l.remaining)::bigint
FROM points_pointaccount a JOIN points_lot l ON l.account_id = a.id AND l.is_open
WHERE a.account_set_id = %(set)s GROUP BY 1, 3
UNION ALL
SELECT a.point_type_id, 'owes', o.person_id, sum(o.remaining)::bigint
FROM points_pointaccount a JOIN points_debt o ON o.account_id = a.id AND o.remaining > 0
WHERE a.account_set_id = %(set)s GROUP BY 1, 3
"""
ACCOUNTS = "SELECT point_type_id, balance FROM points_pointaccount WHERE account_set_id = %s ORDER BY point_type_id"


@dataclass(slots=True)
class Part:
    """What one person did; None stands for nobody: points left behind, given to nobody, or expired.

    `brought` came in through them, `spent` went out by them, `taken` went along when they left. `left` counts as
    their contribution today, `owes` is their debt.
    """

    person_id: int | None
    brought: int = 0
    spent: int = 0
    taken: int = 0
    left: int = 0
    owes: int = 0


@dataclass(slots=True)
class Fairness:
    """One point type of the set."""

    point_type_id: int
    balance: int
    expired: int = 0
    parts: list[Part] = field(default_factory=list)

    def part_of(self, person_id: int | None) -> Part:
        """The person's part, begun where there is none."""
        for part in self.parts:
            if part.person_id == person_id:
                return part
        self.parts.append(Part(person_id))
        return self.parts[-1]


def fairness_of(set_id: int, *, people: Sequence[int] = ()) -> list[Fairness]:
    """Of every point type of the pool, or of a group's own set; each of `people` has a part, if an empty one.

    The person who brought most comes first, nobody last.
    """
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS, [set_id])
        found = {type_id: Fairness(type_id, balance) for type_id, balance in cursor.fetchall()}
        for statement in (LINES, TODAY):
            cursor.execute(statement, {"set": set_id, "changes": CHANGES})
            for type_id, what, person_id, points in cursor.fetchall():
                _tell(found[type_id], what, person_id, points)
    for fairness in found.values():
        for person_id in people:
            fairness.part_of(person_id)
        fairness.parts.sort(key=lambda part: (part.person_id is None, -part.brought, part.person_id or 0))
    return list(found.values())


def _tell(fairness: Fairness, what: str, person_id: int | None, points: int) -> None:
    if what == "expired":
        fairness.expired += points
        return
    part = fairness.part_of(person_id)
    setattr(part, what, getattr(part, what) + points)
