"""What happened by itself in the year of the sample world: on a night of each month the runs over terms, tiers,
points and notices are made, some days later members pay what is due, and mail goes out."""

from datetime import date, datetime, time, timedelta
from functools import partial

from activities.expiring import expire_due_points
from activities.notifying import send_notices
from common import clock
from common.actor import Actor
from customers.delivering import deliver_messages
from loyalty_site.demo.history import NOON, Happening
from memberships.lifecycle import record_payment
from memberships.models import Membership, MembershipTerm
from memberships.renewing import renew_memberships
from memberships.reviewing import review_tiers
from programs.expiry import add_months
from programs.models import FedBy, Program

MONTHS = 12
# Late enough for what ended with the month before, and not yet thirty days before the end of this one.
DAY = 5
AT = time(1, 30, tzinfo=NOON.tzinfo)
PAID_AFTER = timedelta(days=6)
# Who did not pay for another year, by the surname: the premium membership lapsed, the free one goes on.
WENT = "Banerjee"


def of_the_year(programs: dict[str, Program], *, actor: Actor) -> list[Happening]:
    """A night a month, and a day on which fees are paid."""
    day = clock.now().date().replace(day=DAY)
    months = (datetime.combine(add_months(day, -n), AT) for n in range(MONTHS))
    nights = [at for at in months if at < clock.now()]
    found = [Happening(at, partial(_night, programs, at.date(), actor=actor)) for at in nights]
    days = [at + PAID_AFTER for at in nights if at + PAID_AFTER < clock.now()]
    return [*found, *(Happening(at, partial(_pay, actor=actor)) for at in days)]


def tell_today(programs: dict[str, Program], *, actor: Actor) -> None:
    """What is due today is written and waits to be sent."""
    for program in programs.values():
        send_notices(program, actor=actor)


def _night(programs: dict[str, Program], day: date, *, actor: Actor) -> None:
    for program in programs.values():
        if program.fee:
            renew_memberships(program, actor=actor)
        if day.month == 1 and program.tier_groups.filter(fed_by=FedBy.POINTS).exists():
            review_tiers(program, actor=actor)
        expire_due_points(program, actor=actor)
    tell_today(programs, actor=actor)
    deliver_messages()


def _pay(*, actor: Actor) -> None:
    due = MembershipTerm.objects.filter(paid_at__isnull=True, membership__current=True)
    for term in due.exclude(membership__members__customer__last_name=WENT).order_by("pk"):
        membership = Membership.objects.get(pk=term.membership_id)
        reference = f"FEE-{membership.number}-{term.first_day:%Y}"
        record_payment(membership, actor=actor, reference=reference, paid_at=clock.now())
