"""The past of the sample world: customers, enrolments, and every event through the verbs, oldest first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial

from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from common import clock
from common.actor import Actor
from customers.creating import create_customer
from customers.models import Customer
from loyalty_site.demo.buying import come_by, earns_by_rules
from loyalty_site.demo.plan import Event, MembershipPlan, Person
from memberships.enrolment import enrol
from memberships.lifecycle import record_payment
from memberships.models import Membership
from memberships.standings import take_over_standing
from programs.expiry import add_months
from programs.models import Program, Tier

NOON = time(12, tzinfo=UTC)
TAKEN_OVER = "Taken over from the system before"


@dataclass(frozen=True)
class Happening:
    """Something somebody does at a time."""

    at: datetime
    do: Callable[[], object]


def past(months: int = 0, days: int = 0) -> datetime:
    """Noon of that day, or this moment for today."""
    now = clock.now()
    day = add_months(now.date(), -months) - timedelta(days=days)
    return min(datetime.combine(day, NOON), now)


def bring_in(person: Person, programs: dict[str, Program], *, actor: Actor) -> list[Happening]:
    """The customer with every membership; what is earned and redeemed on it is to happen when its time comes."""
    customer = create_customer(
        actor=actor,
        number=person.number,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        phone=person.phone,
        currency="USD",
        customer_since=past(person.months).date(),
        details={"preferences": {"email": True}},
    )
    found = []
    for plan in person.memberships:
        membership = _enrol(customer, plan, programs[plan.program], actor=actor)
        for number, event in enumerate(plan.events, start=1):
            do = partial(_happen, number, event, membership, program=plan.program, actor=actor)
            found.append(Happening(past(event.months, event.days), do))
    return found


def live(happenings: Iterable[Happening]) -> None:
    """The oldest first, whoever it is; the clock stands at each, so that it is recorded when it happened."""
    for one in sorted(happenings, key=lambda one: one.at):
        with clock.frozen(one.at):
            one.do()


def _enrol(customer: Customer, plan: MembershipPlan, program: Program, *, actor: Actor) -> Membership:
    at = past(plan.months)
    until = clock.program_now(program) + timedelta(days=365)
    with clock.frozen(at):
        membership = enrol(customer, program=program, actor=actor, accept_terms=True, number=plan.number)
        if program.fee:
            record_payment(membership, actor=actor, reference=f"FEE-{membership.number}", paid_at=at)
        if plan.tier:
            tier = Tier.objects.get(group__program=program, name=plan.tier)
            if tier.rank:
                take_over_standing(membership, tier=tier, reason=TAKEN_OVER, until=until, actor=actor)
    return membership


def _happen(number: int, event: Event, membership: Membership, *, program: str, actor: Actor) -> None:
    if event.points > 0 and event.point_type is None and earns_by_rules(program, event.location):
        come_by(
            membership,
            event.points,
            program=program,
            location=event.location,
            reference=event.reference or f"{membership.number}-{number}",
            actor=actor,
        )
        return
    call = PointsCall(
        membership_id=membership.pk,
        points=abs(event.points),
        point_type=event.point_type,
        location=event.location,
        reference=event.reference,
    )
    (redeem if event.points < 0 else earn)(call, actor=actor)
