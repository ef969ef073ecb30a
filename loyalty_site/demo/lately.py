"""What marketing and partners did lately in the sample world: campaigns for some, a rule rewritten, one retired and one
only drafted, a partner's file with a line that failed, vouchers partly used, an order taken back."""

import io
from datetime import datetime, timedelta
from decimal import Decimal

from activities.campaigns import create_campaign, join_campaign, put_on_list, start_campaign, stop_campaign
from activities.importing_activities import ActivityFile
from activities.models import Campaign, Eligibility, OrderStatus, RewardOrder, RewardRule, Voucher
from activities.ordering import cancel_order
from activities.queueing import process_waiting
from activities.rules.releasing import change_rule, create_rule, release_rule, retire_rule
from activities.using_vouchers import cancel_voucher, use_voucher
from common import clock
from common.actor import Actor
from common.history import audit_context
from gateway.channels import system_actor
from loyalty_site.authentication import actor_of_user
from loyalty_site.demo.history import past
from loyalty_site.demo.marketing import RulePlan, per
from memberships.models import Membership
from programs.models import NoticeTemplate, Program
from programs.notice_texts import POINTS_EXPIRE, STATEMENT
from staff.models import User

HOTELS = "Grand Hotels, last week"
# A figure written with a comma for thousands is no number: that line waits as failed.
NIGHTS = ("600", "450", '"1,200"', "300")
BY_INVITATION = RulePlan(
    "tailored", "Suits by invitation: one more for every 1.00 of suits", ("purchase",),
    (per(1, of="items", categories=["suits"]),),
)  # fmt: skip
RUNNERS = RulePlan(
    "runners", "A thousand kilometres: 25 with every purchase", ("purchase",), ({"do": "credit", "points": 25},)
)
GARDEN = RulePlan("garden", "Winter garden: 10 with every purchase", ("purchase",), ({"do": "credit", "points": 10},))
OPENING = RulePlan(
    "opening", "Opening week of the Rodeo Drive shop: 200", ("purchase",), ({"do": "credit", "points": 200},),
    condition='activity.location == "Rodeo Drive"',
)  # fmt: skip
TEXTS = (
    ("urbanwear", POINTS_EXPIRE, "en", "Your Style Points end soon", "{{ points }} of them end from {{ date }} on."),
    ("urbanwear", POINTS_EXPIRE, "es", "Sus puntos caducan pronto", "{{ points }} caducan a partir del {{ date }}."),
    ("skyconnect", STATEMENT, "en", "Your miles in {{ month }}", "Earned {{ earned }}, spent {{ redeemed }}, now "
     "{{ closing }} {{ point_type }}."),
)  # fmt: skip


def go_on(programs: dict[str, Program]) -> None:
    """Everything by the member of staff whose work it is."""
    manager, agent, supervisor = (
        actor_of_user(User.objects.get(username=name)) for name in ("manager", "agent", "supervisor")
    )
    _campaigns(programs, manager, agent)
    _rules(programs, manager)
    _file(programs["skyconnect"])
    _rewards(agent, supervisor)


def _campaigns(programs: dict[str, Program], manager: Actor, agent: Actor) -> None:
    """One by invitation, one to join, one that is over and one on the drawing board, beside that for everybody."""
    suits = _campaign(programs["executive-style"], "Suits by invitation", BY_INVITATION, Eligibility.LIST, manager)
    put_on_list(suits, actor=manager, numbers=[one.number for one in _some("executive-style")])
    runners = _campaign(programs["activelife"], "A thousand kilometres", RUNNERS, Eligibility.OPT_IN, manager)
    for membership in _some("activelife")[:2]:
        join_campaign(runners, membership=membership, actor=agent)
    with clock.frozen(past(months=5)):
        jackets = _campaign(programs["urbanwear"], "Jackets in spring", None, Eligibility.ALL, manager)
    with clock.frozen(past(months=4)):
        stop_campaign(jackets, actor=manager, why="Sold out")
    _campaign(programs["year-round"], "Winter garden", GARDEN, Eligibility.ALL, manager, start=False)


def _campaign(
    program: Program,
    name: str,
    rule: RulePlan | None,
    eligibility: Eligibility,
    manager: Actor,
    *,
    start: bool = True,
) -> Campaign:
    today = clock.now().date()
    campaign = create_campaign(
        program,
        actor=manager,
        code=name.lower().replace(" ", "-"),
        name=name,
        valid_from=today,
        valid_until=today + timedelta(days=60),
        eligibility=eligibility,
        point_budget=50_000,
    )
    if rule is not None:
        written = _written(program, rule, manager, campaign=campaign)
        if start:
            release_rule(written, actor=manager, why="Campaign of the season")
    if start:
        start_campaign(campaign, actor=manager, why="Campaign of the season")
    return campaign


def _rules(programs: dict[str, Program], manager: Actor) -> None:
    """One is in its second version, one was retired; that of the coming campaign is a draft to try out."""
    vip = RewardRule.objects.get(program=programs["urbanwear"], code="vip")
    definition = vip.definition | {"actions": [{"do": "multiply", "factor": "1.3"}]}
    vip = change_rule(vip, actor=manager, name="Friends of the house get 30 % more", group=vip.group,
                      definition=definition)  # fmt: skip
    release_rule(vip, actor=manager, why="Agreed with the shops for this season")
    with clock.frozen(past(months=20)):
        opening = _written(programs["executive-style"], OPENING, manager)
        release_rule(opening, actor=manager, why="The shop opens")
    with clock.frozen(past(months=19)):
        retire_rule(opening, actor=manager, why="The week is over")


def _written(program: Program, plan: RulePlan, actor: Actor, *, campaign: Campaign | None = None) -> RewardRule:
    definition = {
        "activity_types": list(plan.types), "condition": plan.condition, "actions": list(plan.actions), "caps": [],
    }  # fmt: skip
    group = program.rule_groups.get(code="bonus")
    return create_rule(
        program, actor=actor, code=plan.code, name=plan.name, group=group, definition=definition, campaign=campaign
    )


def write_texts(programs: dict[str, Program]) -> None:
    manager = actor_of_user(User.objects.get(username="manager"))
    with audit_context(manager, "Texts of our own"):
        for program, code, language, subject, body in TEXTS:
            NoticeTemplate.objects.create(
                program=programs[program], code=code, language=language, subject=subject, body=body
            )


def _file(program: Program) -> None:
    """Four nights, one of them written so that the rule can't read it, and a number nobody has."""
    actor, numbers = system_actor(), [one.number for one in _some("skyconnect")]
    lines = ["type,member_number,occurred_at,reference,attr:miles"]
    for line, (number, miles) in enumerate(zip([*numbers, *numbers], NIGHTS, strict=False), start=1):
        lines.append(f"hotel-stay,{number},{_minutes(past(days=2), line)},GH-{line:03},{miles}")
    lines.append(f"hotel-stay,SC0000000,{_minutes(past(days=2), 9)},GH-009,500")
    written = io.BytesIO("\n".join(lines).encode())
    file = ActivityFile(written, program=program, name=HOTELS, partner="grand-hotels", actor=actor)
    file.check()
    file.take()
    process_waiting(program, actor=actor)


def _rewards(agent: Actor, supervisor: Actor) -> None:
    """A voucher used in part, one used up, one ended by hand; an order taken back."""
    part, whole, lost, *_ = Voucher.objects.select_related("item").order_by("pk")
    use_voucher(part.code, amount=Decimal("4.00"), currency=part.currency, actor=agent, reference="UW-2201")
    use_voucher(whole.code, amount=whole.remaining, currency=whole.currency, actor=agent, reference="UW-2207")
    cancel_voucher(lost.pk, actor=supervisor, reason_code="customer-wish")
    order = RewardOrder.objects.filter(status=OrderStatus.ORDERED).order_by("pk").first()
    if order is not None:
        cancel_order(order.pk, actor=supervisor, reason="customer-wish")


def _some(program: str) -> list[Membership]:
    """Of those who lived the year there."""
    found = Membership.objects.filter(program__code=program, members__customer__email__endswith="@example.org")
    return list(found.order_by("pk"))


def _minutes(at: datetime, minutes: int) -> str:
    return (at + timedelta(minutes=minutes)).isoformat()
