"""Enrolments under an agreement against plain ones, and ten thousand employees taken in from a file."""

import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from statistics import median

from django.core.management import call_command
from django.db import transaction

from bench.report import Figure
from bench.world import Sizes
from common import clock
from customers.creating_many import create_plain, draft_customer
from customers.models import Customer, CustomerKind
from gateway.channels import system_actor
from memberships.agreements import AgreementTerms, make_agreement
from memberships.enrolling_many import Enrolment, enrol_under
from memberships.enrolment import enrol
from memberships.models import AgreementForm, InheritedAgreement, Membership
from memberships.organizations import open_organization
from points.models import PointAccount
from programs.models import Benefit, PointKind, PointType, Program, ProgramStatus, Tier, TierGroup

ENROLMENTS = 60
SHARING = 10_000
EMPLOYEES = 10_000
GOAL_RATIO, GOAL_SECONDS = 1.5, 30


def organizations(sizes: Sizes) -> Iterator[Figure]:
    program = _program()
    own, pooled = (_umbrella(program, form) for form in (AgreementForm.STANDARD, AgreementForm.SHARED))
    _fill(program, pooled, SHARING)
    ways: dict[str, Callable[[Customer], object]] = {
        "plain": lambda person: enrol(person, program=program, actor=system_actor(), plain=True),
        "under an agreement": lambda person: _under(person, program, own),
        f"into a pool of {SHARING:,}": lambda person: _under(person, program, pooled),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(sizes.rounds):
        for name, way in ways.items():
            seconds[name].append(_each(way))
    for name, rounds in seconds.items():
        yield Figure(f"enrolment, {name}", median(rounds) * 1000, "ms", rounds=[one * 1000 for one in rounds])
    for name in [*ways][1:]:
        rounds = [a / b for a, b in zip(seconds[name], seconds["plain"], strict=True)]
        yield Figure(f"enrolment {name} / plain", median(rounds), "x", GOAL_RATIO, at_most=True, rounds=rounds)
    yield from _taken_in(program, own)


def _each(way: Callable[[Customer], object]) -> float:
    people = _people(ENROLMENTS)
    began = time.perf_counter()
    for person in people:
        way(person)
    return (time.perf_counter() - began) / ENROLMENTS


def _under(person: Customer, program: Program, umbrella: Membership) -> Membership:
    return enrol(person, program=program, organization_id=umbrella.organization_id, actor=system_actor())


def _taken_in(program: Program, umbrella: Membership) -> Iterator[Figure]:
    """The command with its file, and that everybody stands under the agreement afterwards."""
    before = InheritedAgreement.objects.count()
    assert umbrella.organization is not None
    with tempfile.TemporaryDirectory() as folder:
        path, faults = Path(folder) / "employees.csv", Path(folder) / "faults.csv"
        stamp = f"{clock.now():%H%M%S}"
        with path.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["personnel_number", "first_name", "last_name", "email"])
            lines.writerows(
                [f"P{n}", f"First {n}", f"Last {stamp} {n}", f"e{stamp}-{n}@example.com"] for n in range(EMPLOYEES)
            )
        began = time.perf_counter()
        call_command(
            "import_employees", program.code, umbrella.organization.number, str(path), errors=str(faults),
            stdout=StringIO(), stderr=StringIO(),
        )  # fmt: skip
        seconds = time.perf_counter() - began
    made = InheritedAgreement.objects.count() - before
    if made != EMPLOYEES:
        raise RuntimeError(f"{made} of {EMPLOYEES} employees stand under the agreement.")
    yield Figure(f"{EMPLOYEES:,} employees from CSV", seconds, "s", GOAL_SECONDS, at_most=True)


def _program() -> Program:
    """A new one each time, with a ladder and two point types."""
    code = f"bench-organizations-{Program.objects.count()}"
    program: Program = Program.objects.create(
        code=code, name=code, status=ProgramStatus.RELEASED, member_number_length=12
    )
    PointType.objects.create(program=program, code="miles", name="Miles", kind=PointKind.REDEEMABLE, is_default=True)
    status = PointType.objects.create(program=program, code="status", name="Status", kind=PointKind.QUALIFYING)
    ladder = TierGroup.objects.create(program=program, code="ladder", name="Ladder", point_type=status)
    for rank, name in enumerate(("blue", "silver", "gold")):
        Tier.objects.create(group=ladder, code=name, name=name, rank=rank, threshold=1000 * rank)
    for name in ("lounge", "luggage"):
        Benefit.objects.create(program=program, code=name, name=name)
    return program


def _umbrella(program: Program, form: str) -> Membership:
    """An organization whose agreement gives a tier and two benefits, without end or maximum."""
    actor = system_actor()
    (organization,) = _people(1, kind=CustomerKind.ORGANIZATION)
    umbrella = open_organization(organization, program=program, signatories=[_people(1)[0].pk], actor=actor)
    terms = AgreementTerms(
        name="Staff",
        valid_from=clock.now().date(),
        form=form,
        tiers=(Tier.objects.get(group__program=program, code="silver").pk,),
        benefits=tuple(Benefit.objects.filter(program=program).order_by("pk").values_list("pk", flat=True)),
    )
    make_agreement(umbrella, terms, actor=actor)
    return umbrella


def _fill(program: Program, umbrella: Membership, count: int) -> None:
    assert umbrella.organization_id is not None
    wanted = [Enrolment(person.pk) for person in _people(count)]
    with transaction.atomic():
        made = enrol_under(wanted, program=program, organization_id=umbrella.organization_id, actor=system_actor())
    closed = PointAccount.objects.filter(account_set__in=[one.own_set_id for one in made.values()], closed=True)
    if (len(made), closed.count()) != (count, count):
        raise RuntimeError(f"{len(made)} memberships and {closed.count()} closed accounts are not {count}.")


def _people(count: int, *, kind: str = CustomerKind.PERSON) -> list[Customer]:
    named = {"name": "Bench Ltd"} if kind == CustomerKind.ORGANIZATION else {"first_name": "Bea", "last_name": "Bench"}
    drafts = [draft_customer(kind, details={}, number=None, values=named) for _ in range(count)]
    with transaction.atomic():
        create_plain(drafts, actor=system_actor(), reason="bench")
    return [draft.row for draft in drafts]
