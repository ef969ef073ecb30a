"""The table of changes (domain 1.9): which row a proposal is, and what it means for the memberships as they are.

Which types go together stands in `memberships.types`, what a row refuses and whom it asks in the row.
"""

from collections.abc import Iterable
from datetime import datetime

from memberships.changes import eligibility
from memberships.changes.eligibility import refusal
from memberships.changes.plan import Plan
from memberships.changes.row import Row, choose_result
from memberships.changes.rows_apart import LeaveGroup, LeavePool, Undo
from memberships.changes.rows_join import Join
from memberships.changes.rows_together import Absorb, Group, GroupToPool, OnePerson, Pool, PoolToGroup
from memberships.changes.sides import Sides, sides_of
from memberships.models import ChangeKind, Membership, MembershipChange
from memberships.types import type_of

MERGES: tuple[Row, ...] = (Pool(), Group())
FORMS: tuple[Row, ...] = (PoolToGroup(), GroupToPool())
SPLITS: tuple[Row, ...] = (LeavePool(), LeaveGroup())
ONE_PERSON, ABSORB, JOIN, UNDO = OnePerson(), Absorb(), Join(), Undo()
ROWS: dict[str, Row] = {row.name: row for row in (*MERGES, *FORMS, *SPLITS, ONE_PERSON, ABSORB, JOIN, UNDO)}


def plan_of(change: MembershipChange, *, at: datetime) -> Plan:
    """What the change means for the memberships as they are; refused with rule and cure where it can't be.

    The caller holds the locks where it matters. Fills in the result and the policy that the proposal left open.
    """
    sides = sides_of(change, at=at)
    row = row_of(sides)
    row.check(sides)
    change.policy = row.policy(sides)
    inheritance = row.inherits(sides)
    _refuse_freeze(sides)
    return Plan(
        change=change,
        design=sides.design,
        at=at,
        row=row.name,
        prime=sides.prime,
        secondary=sides.secondary,
        parties=sides.affected,
        people=sides.people,
        asked=row.asked(sides),
        main_id=row.main(sides),
        owner_id=row.owner(sides),
        receiver_id=row.receiver(sides),
        umbrella=sides.umbrella,
        signatories=sides.signatories,
        inheritance=inheritance,
    )


def row_of(sides: Sides) -> Row:
    """The row the proposal is; refused where there is none."""
    kind = sides.change.kind
    if kind == ChangeKind.UNDO:
        return UNDO
    eligibility.refuse_two_programs(sides.prime, sides.secondary)
    eligibility.refuse_same(sides)
    if kind != ChangeKind.SPLIT and sides.change.leaver_id is not None:
        raise refusal("leaver", "Somebody leaves by a split only: leave that out, or propose a split.")
    if kind == ChangeKind.SPLIT and sides.secondary is None:
        return _alone(sides, SPLITS, "There is nobody to leave it: choose a membership of a pool or a group.")
    if kind == ChangeKind.JOIN:
        return JOIN
    if kind == ChangeKind.ABSORB and sides.secondary is not None:
        eligibility.refuse_unfit_sides(sides)
        return ABSORB
    if kind == ChangeKind.MERGE:
        eligibility.refuse_unfit_sides(sides)
        return _form(sides) if sides.secondary is None else _merge(sides, sides.secondary)
    raise refusal(
        "kind",
        "Choose two memberships to merge or absorb, one to split or to change its form, or one and the organization "
        "it joins.",
        kind=kind,
    )


def _form(sides: Sides) -> Row:
    row = _alone(sides, FORMS, "It has no form to change: choose a second membership to merge it with.")
    eligibility.refuse_organization_pools(sides)
    choose_result(sides, (row.result,))
    return row


def _merge(sides: Sides, secondary: Membership) -> Row:
    if sides.same_person() is not None:
        return ONE_PERSON
    eligibility.refuse_organization_pools(sides)
    results = type_of(sides.prime.type).merge_results(secondary.type, same_person=False)
    if not results or eligibility.is_anonymous(sides):
        raise eligibility.refusal_of_types(sides)
    result = choose_result(sides, results)
    return next(row for row in MERGES if row.result == result)


def _alone(sides: Sides, rows: Iterable[Row], cure: str) -> Row:
    """The row for a membership of prime's type."""
    found = next((row for row in rows if row.prime_type == sides.prime.type), None)
    if found is None:
        raise refusal(
            "types",
            f"{sides.prime.number} is {sides.prime.get_type_display()}. {cure}",
            membership=sides.prime.pk,
            type=str(sides.prime.type),
        )
    return found


def _refuse_freeze(sides: Sides) -> None:
    """The pool of an organization is spent from by people who have nothing to do with the change."""
    if not sides.change.freezes:
        return
    if sides.umbrella is not None:
        raise refusal("freezes", "The pool of an organization is not frozen for one person: leave it out.")
    if not sides.owners:
        raise refusal("freezes", "Only the spending from a pool can be frozen, and none is affected: leave it out.")
