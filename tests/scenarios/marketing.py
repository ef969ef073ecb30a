"""How the programs of the use cases are designed: by the verbs of whoever runs them, released before anybody joins."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from activities.models import ActivityType, GroupMode, RewardItem, RewardRule, RuleGroup
from activities.rewards import offer
from activities.rules.groups import create_group
from activities.rules.releasing import change_rule, create_rule, release_rule
from activities.stock import set_stock
from activities.types import create_built_in_types
from common.history import audit_context
from gateway.channels import all_scopes
from programs.design import forget_designs
from programs.life import release, release_terms, write_terms
from programs.models import (
    AttributeDefinition,
    Benefit,
    NoticeTemplate,
    Partner,
    PointKind,
    PointType,
    Program,
    ReciprocalBenefit,
    Tier,
    TierBenefit,
    TierGroup,
)
from tests.factories import ACTOR

from . import telling
from .telling import Caller

Action = dict[str, Any]
Rungs = Sequence[tuple[str, int]]


def everything_at(code: str, *programs: Program) -> Caller:
    """A system with every scope in these programs; in all where none is named."""
    return telling.channel(code, *programs, scopes=tuple(all_scopes()))


def open_club(
    code: str,
    name: str,
    points: str = "",
    *,
    of_points: dict[str, Any] | None = None,
    rungs: Rungs = (),
    qualifying: str = "",
    attribute: str = "",
    **values: Any,
) -> Program:
    """With points of that name (none without one) and one ladder: fed by qualifying points, by an attribute's value or,
    without either, by rules. The clock is ours to move."""
    with audit_context(ACTOR, "design"):
        program = Program.objects.create(
            code=code, name=name, is_sandbox=True, member_number_prefix=code[:3].upper(), **values
        )
        if points:
            _point_type(program, points, PointKind.REDEEMABLE, **(of_points or {}))
        if rungs:
            _ladder(program, rungs, qualifying, attribute)
        create_built_in_types(program)
    release_terms(write_terms(program, actor=ACTOR, title="Terms", text="Be fair."), actor=ACTOR)
    release(program, actor=ACTOR, reason="opening")
    forget_designs()
    return Program.objects.get(pk=program.pk)


def _point_type(program: Program, name: str, kind: PointKind, **values: Any) -> PointType:
    redeemable = kind == PointKind.REDEEMABLE
    return PointType.objects.create(
        program=program, code=coded(name), name=name, kind=kind, is_default=redeemable,
        money_value=Decimal("0.01") if redeemable else 0, **values,
    )  # fmt: skip


def _ladder(program: Program, rungs: Rungs, qualifying: str, attribute: str) -> None:
    fed: dict[str, Any] = {"fed_by": "rules"}
    if qualifying:
        fed = {"fed_by": "points", "point_type": _point_type(program, qualifying, PointKind.QUALIFYING)}
    if attribute:
        fed = {"fed_by": "attribute", "attribute": number(program, attribute)}
    group = TierGroup.objects.create(program=program, code="class", name="Class", **fed)
    for rank, (rung, threshold) in enumerate(rungs):
        Tier.objects.create(group=group, code=coded(rung), name=rung, rank=rank, threshold=threshold)


def coded(name: str) -> str:
    return name.lower().replace(" ", "-")


def number(program: Program, code: str) -> AttributeDefinition:
    return AttributeDefinition.objects.create(program=program, code=code, name=code.capitalize())


def kinds(program: Program, *codes: str) -> None:
    """What members may do besides buying."""
    with audit_context(ACTOR, "design"):
        for code in codes:
            ActivityType.objects.create(program=program, code=code, name=code.capitalize())


def per(points: int, step: str = "1.00", **values: Any) -> Action:
    """So many points for each step of money."""
    return {"do": "credit", "per": step, "points": points} | values


def rule(
    program: Program,
    code: str,
    *actions: Action,
    types: Sequence[str] = ("purchase",),
    condition: str = "",
    caps: Sequence[Action] = (),
    group: str = "rules",
    **values: Any,
) -> RewardRule:
    """Written and released. Groups whose code begins with "one" apply the first rule that matches."""
    mode = GroupMode.EXCLUSIVE if group.startswith("one") else GroupMode.ADDITIVE
    found = RuleGroup.objects.filter(program=program, code=group).first() or create_group(
        program, code=group, name=group.capitalize(), mode=mode, rank=0, actor=ACTOR
    )
    definition = {
        "activity_types": list(types), "condition": condition, "actions": list(actions), "caps": list(caps),
    }  # fmt: skip
    name = code.replace("-", " ").capitalize()
    made = create_rule(program, actor=ACTOR, code=code, name=name, group=found, definition=definition, **values)
    release_rule(made, actor=ACTOR, why="opening")
    forget_designs()
    return made


def rewritten(one: RewardRule, *actions: Action, **changed: Any) -> None:
    """The next version of a rule, in force from now on."""
    one.refresh_from_db()
    definition = one.definition | {"actions": list(actions)} | changed
    change_rule(one, actor=ACTOR, name=one.name, group=one.group, definition=definition, campaign=one.campaign)
    release_rule(one, actor=ACTOR, why="set right")
    forget_designs()


def benefit(program: Program, code: str, *tiers: str) -> Benefit:
    """Given by the tiers that are named."""
    with audit_context(ACTOR, "design"):
        made: Benefit = Benefit.objects.create(program=program, code=code, name=code.replace("-", " ").capitalize())
        for tier in tiers:
            rung = Tier.objects.get(group__program=program, code=tier)
            TierBenefit.objects.create(program=program, group=rung.group, tier=rung, benefit=made)
    forget_designs()
    return made


def reciprocal(given: Benefit, other: Program, tier: str) -> None:
    """Whoever stands on that tier of the other program has the benefit too."""
    with audit_context(ACTOR, "design"):
        rung = Tier.objects.get(group__program=other, code=tier)
        ReciprocalBenefit.objects.create(program=given.program, benefit=given, other_tier=rung)
    forget_designs()


def partner(program: Program, code: str) -> None:
    with audit_context(ACTOR, "design"):
        Partner.objects.create(program=program, code=code, name=code.replace("-", " ").title())
    forget_designs()


def notice(program: Program, code: str, subject: str, body: str, **values: Any) -> None:
    with audit_context(ACTOR, "design"):
        NoticeTemplate.objects.create(program=program, code=code, subject=subject, body=body, **values)
    forget_designs()


def reward(program: Program, code: str, price: int, *, stock: int | None = None, **values: Any) -> RewardItem:
    """Offered for the program's points; with a `face` it is a voucher."""
    kind = "voucher" if "face" in values else "product"
    with audit_context(ACTOR, "design"):
        item: RewardItem = RewardItem.objects.create(
            program=program, code=code, name=code.replace("-", " ").capitalize(), kind=kind, price=price,
            point_type=PointType.objects.get(program=program, is_default=True), **values,
        )  # fmt: skip
    if stock is not None:
        set_stock(item, stock, actor=ACTOR, reason_code="opening")
    offer(item, actor=ACTOR, reason="opening")
    forget_designs()
    return item


# What the answers say.


def gave(answer: dict[str, Any]) -> list[tuple[str, int]]:
    """(rule, points) of every effect; 0 where it moved none."""
    return [(one["rule"], one.get("points", 0)) for one in answer["effects"]]


def because(answer: dict[str, Any], code: str) -> list[str]:
    """Why, of the effects of that rule."""
    return [one["because"] for one in answer["effects"] if one["rule"] == code]


def tier_of(caller: Caller, membership: int) -> str:
    (one,) = caller.reads(f"memberships/{membership}/tiers")["results"]
    return str(one["tier"])


def benefits_of(caller: Caller, membership: int) -> dict[str, set[str]]:
    """By code where each comes from; none while the membership may not be used."""
    shown = caller.reads(f"memberships/{membership}/benefits")
    found: dict[str, set[str]] = {}
    for one in shown["results"] if shown["usable"] else ():
        found.setdefault(one["benefit"], set()).add(one["source"])
    return found
