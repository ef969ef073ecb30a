"""Design what the programs give, as of before anything happened, so that rules judge the whole past."""

from datetime import timedelta
from typing import Any

from activities.campaigns import create_campaign, start_campaign
from activities.models import ActivityType, Campaign, GroupMode, RewardItem
from activities.rewards import offer
from activities.rules.groups import create_group
from activities.rules.releasing import create_rule, release_rule
from activities.stock import set_stock
from activities.types import create_built_in_types
from common import clock
from common.actor import Actor
from common.history import audit_context
from loyalty_site.demo.history import past
from loyalty_site.demo.marketing import PLANS, RECIPROCAL, MarketingPlan, RewardPlan, RulePlan
from programs.models import (
    AttributeDefinition,
    Benefit,
    Label,
    NoticeTemplate,
    Partner,
    PointType,
    Program,
    ReciprocalBenefit,
    Tier,
)
from programs.tier_benefits import give_from

WHY = "sample world"
# Rules are older than the oldest event.
MONTHS = 60
CAMPAIGN_DAYS, BUDGET = 60, 20_000


def design_all(programs: dict[str, Program], *, actor: Actor) -> None:
    with clock.frozen(past(MONTHS)):
        for plan in PLANS:
            _design(programs[plan.program], plan, actor=actor)
        with audit_context(actor, WHY):
            for code, benefit, other, tier in RECIPROCAL:
                ReciprocalBenefit.objects.create(
                    program=programs[code],
                    benefit=Benefit.objects.get(program=programs[code], code=benefit),
                    other_tier=Tier.objects.get(group__program=programs[other], name=tier),
                )
    for plan in PLANS:
        _offer(programs[plan.program], plan, actor=actor)


def _design(program: Program, plan: MarketingPlan, *, actor: Actor) -> None:
    with audit_context(actor, WHY):
        create_built_in_types(program)
        for code, name in plan.types.items():
            ActivityType.objects.create(program=program, code=code, name=name)
        for code, name, kind in plan.attributes:
            AttributeDefinition.objects.get_or_create(program=program, code=code, defaults={"name": name, "type": kind})
        for code, name in plan.labels:
            Label.objects.create(program=program, code=code, name=name, color=program.brand_color)
        for code, name in plan.partners:
            Partner.objects.create(program=program, code=code, name=name)
        for tier, code, name in plan.benefits:
            benefit = Benefit.objects.create(program=program, code=code, name=name)
            if tier:
                row = Tier.objects.get(group__program=program, name=tier)
                give_from(row, benefit)
        NoticeTemplate.objects.create(
            program=program,
            code="tier_changed",
            subject=f"Your tier in {program.name}",
            body="Good news: you are {{ tier }} now. {{ reason }}",
        )
    first = create_group(program, code="base", name="Base", mode=GroupMode.ADDITIVE, rank=0, actor=actor)
    then = create_group(program, code="bonus", name="Bonus", mode=GroupMode.ADDITIVE, rank=1, actor=actor)
    for rule in plan.rules:
        if not rule.campaign:
            _release(program, rule, actor=actor, group=first if rule.first else then)


def _release(program: Program, plan: RulePlan, *, actor: Actor, group: Any, campaign: Campaign | None = None) -> None:
    definition = {
        "activity_types": list(plan.types),
        "condition": plan.condition,
        "actions": list(plan.actions),
        "caps": list(plan.caps),
    }
    rule = create_rule(
        program, actor=actor, code=plan.code, name=plan.name, group=group, definition=definition, campaign=campaign
    )
    release_rule(rule, actor=actor, why=WHY)


def _offer(program: Program, plan: MarketingPlan, *, actor: Actor) -> None:
    for reward in plan.rewards:
        _reward(program, reward, actor=actor)
    if not plan.campaign:
        return
    began = past(days=CAMPAIGN_DAYS)
    with clock.frozen(began):
        campaign = create_campaign(
            program,
            actor=actor,
            code="campaign",
            name=plan.campaign,
            valid_from=began.date(),
            valid_until=clock.now().date() + timedelta(days=2 * CAMPAIGN_DAYS),
            point_budget=BUDGET,
        )
        group = program.rule_groups.get(code="bonus")
        for rule in plan.rules:
            if rule.campaign:
                _release(program, rule, actor=actor, group=group, campaign=campaign)
        start_campaign(campaign, actor=actor, why=WHY)


def _reward(program: Program, plan: RewardPlan, *, actor: Actor) -> None:
    with audit_context(actor, WHY):
        item = RewardItem.objects.create(
            program=program,
            code=plan.code,
            name=plan.name,
            kind=plan.kind,
            point_type=PointType.objects.get(program=program, is_default=True),
            price=plan.price,
            tier=Tier.objects.get(group__program=program, name=plan.tier) if plan.tier else None,
            face=plan.face,
            voucher_days=365 if plan.kind == "voucher" else None,
        )
    if plan.stock is not None:
        set_stock(item, plan.stock, actor=actor, reason_code="opening")
    offer(item, actor=actor, reason=WHY)
