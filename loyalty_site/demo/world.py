"""The sample world as a whole: loaded once, in one transaction, and proved by its balances."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.management import call_command
from django.db import transaction

from common.db import forget_ids
from customers.models import Customer
from gateway.authentication import forget_tokens
from gateway.channels import system_actor
from loyalty_site.demo import access, acme, changes, corrections, deciding, designing, found_cards, lately, nights, year
from loyalty_site.demo.building import build_program, taking_over
from loyalty_site.demo.history import bring_in, live
from loyalty_site.demo.people import PEOPLE
from loyalty_site.demo.plan import MembershipPlan, Person
from loyalty_site.demo.programs import PROGRAMS
from loyalty_site.demo.together import STORIES
from memberships.models import Member, Membership
from memberships.programs import forget_programs
from points.expiry import expire_points
from points.models import PointAccount
from programs.design import forget_designs
from programs.models import Program

EVERYBODY = (*PEOPLE, *(person for story in STORIES for person in story.people))
Say = Callable[[str], object]


class WorldWrong(RuntimeError):
    """The world can't be loaded here, or does not show what it should; nothing of it was kept."""


def is_loaded() -> bool:
    """Whether the world is there; refuses where only some of its programs are, for those are somebody else's."""
    wanted = {plan.code for plan in PROGRAMS}
    found = set(Program.objects.filter(code__in=wanted).values_list("code", flat=True))
    if found and found != wanted:
        raise WorldWrong(
            f"This database has programs of its own called {', '.join(sorted(found))}: use another one, or, if it is "
            "an older sample world, load it anew with --reset."
        )
    return found == wanted


def prepare(url: str, *, say: Say = lambda line: None) -> dict[str, Any]:
    """Load what is missing and answer the logins, which are kept as they were. Twice changes nothing."""
    known = access.read_logins()
    with transaction.atomic():
        actor = system_actor()
        fresh = not is_loaded()
        if fresh:
            say("Loading the sample world ...")
            programs = {plan.code: build_program(plan, actor=actor) for plan in PROGRAMS}
        staff = access.open_staff(known, actor=actor)
        channels = access.open_channels(known, actor=actor)
        if fresh:
            _live(programs)
    logins = {"url": url, "staff": staff, "channels": channels, "stories": stories()}
    if logins != known:
        access.write_logins(logins)
    return logins


def _live(programs: dict[str, Program]) -> None:
    actor = system_actor()
    designing.design_all(programs, actor=actor)
    lately.write_texts(programs)
    people = [one for person in EVERYBODY for one in bring_in(person, programs, actor=actor)]
    live([*people, *year.go_by(programs, actor=actor), *nights.of_the_year(programs, actor=actor)])
    with taking_over(programs.values(), actor=actor):
        corrections.correct()
        acme.employ()
        lately.go_on(programs)
        deciding.decide()
    expire_points(actor=actor)
    nights.tell_today(programs, actor=actor)
    check_balances()
    changes.come_together()
    check_what_is_shared()
    found_cards.hand_out()


def reset() -> None:
    """Empty every table and forget what this process remembers of them."""
    call_command("flush", interactive=False, verbosity=0)
    access.file_of_logins().unlink(missing_ok=True)
    forget_ids()
    forget_designs()
    forget_programs()
    forget_tokens()


def check_balances() -> None:
    """Every membership shows the figure of its plan, to the point."""
    wrong = []
    for person, plan, membership in planned(EVERYBODY):
        balance = _balance_of([membership.own_set_id])
        if balance != plan.balance:
            wrong.append(f"{person.first_name} in {plan.program} has {balance}, planned were {plan.balance}")
    if wrong:
        raise WorldWrong("; ".join(wrong))


def check_what_is_shared() -> None:
    """Those who came together hold what their story says, wherever it stands now."""
    wrong = []
    for story in STORIES:
        memberships = changes.memberships_of(story)
        balance = _balance_of({one.pool_id or one.own_set_id for one in memberships})
        if balance != story.balance:
            wrong.append(f"{story.code} holds {balance}, planned were {story.balance}")
    if wrong:
        raise WorldWrong("; ".join(wrong))


def planned(people: Iterable[Person]) -> list[tuple[Person, MembershipPlan, Membership]]:
    """Every planned membership with its row."""
    found = []
    for person in people:
        members = Member.objects.filter(customer=customer_of(person), ended_at__isnull=True)
        by_program = {
            one.membership.program.code: one.membership for one in members.select_related("membership__program")
        }
        found += [(person, plan, by_program[plan.program]) for plan in person.memberships]
    return found


def customer_of(person: Person) -> Customer:
    return Customer.objects.get(email=person.email)


def stories() -> dict[str, Any]:
    """The ids of every story: its customer, the memberships by program, and single rows worth a look."""
    told: dict[str, Any] = {}
    for person, plan, membership in planned(PEOPLE):
        story = told.setdefault(person.story, {"customer": customer_of(person).pk, "memberships": {}})
        story["memberships"][plan.program] = membership.pk
    return (
        told
        | changes.rows()
        | acme.rows()
        | found_cards.rows()
        | {"worth-a-look": corrections.rows() | deciding.rows()}
    )


def _balance_of(set_ids: Iterable[int]) -> int:
    accounts = PointAccount.objects.filter(account_set__in=list(set_ids), point_type__is_default=True)
    return sum(accounts.values_list("balance", flat=True))
