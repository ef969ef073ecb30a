"""Programs from their plans: designed, with terms, released."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from django.utils.text import slugify

from activities.types import create_built_in_types
from common import clock
from common.actor import Actor
from common.history import audit_context
from loyalty_site.demo.plan import Ladder, Points, ProgramPlan
from programs.expiry import add_months, rounded
from programs.life import move_clock, release, release_terms, write_terms
from programs.models import (
    AttributeDefinition,
    ExpiryPolicy,
    ExpiryRounding,
    PointKind,
    PointType,
    Program,
    Tier,
    TierGroup,
)

# While an organization is taken over and receipts are looked for events this old are taken, later the ordinary ones.
LOOKED_FOR = timedelta(days=366)
ORDINARY = timedelta(days=3)
SEASON_BEFORE = 4
SANDBOX_AHEAD = timedelta(days=7)
TERMS = (
    "Points are credited for purchases, have no cash value, and expire as the program says. The member may leave at "
    "any time. Personal data are used for the program only."
)


def build_program(plan: ProgramPlan, *, actor: Actor) -> Program:
    """A released program, as old as what happens in it."""
    today = clock.now().date()
    with audit_context(actor, "sample world"):
        program = Program.objects.create(
            code=plan.code,
            name=plan.name,
            business_unit=plan.business_unit,
            brand_color=plan.color,
            currency="USD",
            member_number_prefix=plan.prefix,
            late_grace=ORDINARY,
            valid_from=add_months(today, -SEASON_BEFORE) if plan.season_months else None,
            valid_until=season_end(plan, today),
            **plan.values,
        )
        if plan.points:
            _point_type(program, plan.points, kind=PointKind.REDEEMABLE, last_day=program.valid_until)
        for ladder in filter(None, (plan.ladder, plan.second_ladder)):
            _ladder(program, ladder)
        create_built_in_types(program)
    terms = write_terms(program, actor=actor, title=f"Terms of {plan.name}", text=TERMS)
    release_terms(terms, actor=actor)
    release(program, actor=actor, reason="sample world")
    if program.is_sandbox:
        move_clock(program, actor=actor, by=SANDBOX_AHEAD, reason="to show that it moves")
    return Program.objects.get(pk=program.pk)


def season_end(plan: ProgramPlan, today: date) -> date | None:
    """The last day of a month some months ahead."""
    if plan.season_months is None:
        return None
    return rounded(add_months(today, plan.season_months), ExpiryRounding.MONTH)


@contextmanager
def taking_over(programs: Iterable[Program], *, actor: Actor) -> Iterator[None]:
    """Meanwhile events of the last year are taken, afterwards only those within the ordinary grace."""
    for program in programs:
        _grace(program, LOOKED_FOR, actor=actor)
    yield
    for program in programs:
        _grace(program, ORDINARY, actor=actor)


def _grace(program: Program, grace: timedelta, *, actor: Actor) -> None:
    with audit_context(actor, "taken over, receipts looked for"):
        program.late_grace = grace
        program.save(update_fields=["late_grace"])


def _point_type(program: Program, plan: Points, *, kind: PointKind, last_day: date | None = None) -> PointType:
    values = dict(plan.values)
    if values.get("expiry_policy") == ExpiryPolicy.ON_DATE:
        values["expiry_date"] = last_day
    redeemable = kind == PointKind.REDEEMABLE
    return PointType.objects.create(
        program=program,
        code=plan.code,
        name=plan.name,
        kind=kind,
        is_default=redeemable,
        money_value=plan.money_value if redeemable else 0,
        **values,
    )


def _ladder(program: Program, plan: Ladder) -> None:
    point_type = _point_type(program, plan.points, kind=PointKind.QUALIFYING) if plan.points else None
    attribute = None
    if plan.attribute:
        attribute = AttributeDefinition.objects.create(
            program=program, code=plan.attribute, name=plan.attribute.capitalize()
        )
    group = TierGroup.objects.create(
        program=program,
        code=plan.code,
        name=plan.name,
        fed_by=plan.fed_by,
        point_type=point_type,
        attribute=attribute,
    )
    for rank, (name, threshold) in enumerate(plan.tiers):
        Tier.objects.create(group=group, code=slugify(name), name=name, rank=rank, threshold=threshold)
