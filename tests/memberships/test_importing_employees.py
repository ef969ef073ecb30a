"""Employees come from a file: each line a person known or made, affiliated, and enrolled under the agreement."""

from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q

from common.actor import Actor
from common.errors import NotAllowed
from common.sheets.importing import Counts, Record, import_file
from customers.affiliations import affiliate
from customers.creating import create_customer
from customers.employee_groups import make_employee_group
from customers.errors import NotAffiliable
from customers.models import Affiliation, Customer
from gateway.models import Event
from memberships.enrolment import enrol
from memberships.importing_employees import EmployeeImport
from memberships.models import InheritedAgreement, Member, Membership
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_customer, make_program, make_terms, member_of
from tests.organizations import agreement_with, make_benefit, tier_called, works_for
from tests.organizations import umbrella as umbrella_in

pytestmark = pytest.mark.django_db
HEADER = "personnel_number,customer_number,employee_group,first_name,last_name,email,birth_date\n"
ROWS = (Customer, Affiliation, Membership, Member, InheritedAgreement, Event)


@pytest.fixture
def umbrella(sky: Program) -> Membership:
    """Acme with a group of sales people, and an agreement that gives everybody gold and the lounge."""
    made = umbrella_in(sky)
    assert made.organization is not None
    make_employee_group(made.organization, code="sales", name="Sales", actor=ACTOR)
    agreement_with(made, tiers=(tier_called(sky, "gold").pk,), benefits=(make_benefit(sky).pk,))
    return made


@pytest.fixture
def acme(umbrella: Membership) -> Customer:
    assert umbrella.organization is not None
    return umbrella.organization


def taken_in(text: str, program: Program, acme: Customer, **options: Any) -> tuple[tuple[int, ...], list[str]]:
    """New, changed, same, refused; and per refused line its number and reason."""
    importer = EmployeeImport(program, acme, actor=ACTOR)
    told: list[str] = []

    def report(record: Record, outcome: Any) -> None:
        if outcome.reason:
            told.append(f"{record.line} {outcome.code}: {outcome.reason}")

    counts: Counts = import_file(BytesIO((HEADER + text).encode()), importer, report=report, **options)
    return tuple(counts.records.values()), told


def test_a_line_becomes_a_person_who_belongs_and_is_enrolled_under_the_agreement(
    sky: Program, acme: Customer, umbrella: Membership
) -> None:
    found, told = taken_in("E-1,,sales,Emma,Stone,emma@example.com,1990-01-02\n", sky, acme)
    assert (found, told) == ((1, 0, 0, 0), [])
    emma = Customer.objects.get(name="Emma Stone")
    affiliation = Affiliation.objects.get(customer=emma)
    assert (affiliation.organization_id, affiliation.personnel_number) == (acme.pk, "E-1")
    assert affiliation.employee_group is not None
    assert (affiliation.employee_group.code, affiliation.valid_until) == ("sales", None)
    membership = Membership.objects.get(members__customer=emma)
    assert (membership.type, membership.status, membership.organization_membership_id) == (
        "standard", "active", umbrella.pk,
    )  # fmt: skip
    inherited = InheritedAgreement.objects.get(membership=membership)
    assert (inherited.agreement.name, inherited.version, inherited.source) == ("Staff", 1, "enrolment")
    assert [one.tier.code for one in membership.standings.filter(ended_at=None)] == ["gold"]
    assert [one.benefit.code for one in membership.benefits.all()] == ["lounge"]
    assert_audit_clean()


def test_many_lines_leave_the_rows_the_verbs_leave(sky: Program, acme: Customer) -> None:
    taken_in("".join(f"E-{n},,,Ann,Number{n},a{n}@example.com,\n" for n in (1, 2)), sky, acme)
    by_verbs = create_customer(first_name="Ann", last_name="Number3", email="a3@example.com", actor=ACTOR)
    affiliate(by_verbs, organization=acme, personnel_number="E-3", actor=ACTOR)
    enrol(by_verbs, program=sky, actor=ACTOR, organization_id=acme.pk)
    people = Customer.objects.filter(first_name="Ann").order_by("pk")

    def rows_about(customer: Customer) -> Any:
        membership = Membership.objects.get(members__customer=customer)
        about = Q(kind__startswith="customer.", subject_id=customer.pk)
        about |= Q(kind__startswith="membership.", subject_id=membership.pk)
        about |= Q(kind__startswith="affiliation.", facts__customer=customer.pk)
        kinds = Event.objects.filter(about)
        return (
            [(one.organization_id, one.valid_from, one.valid_until) for one in customer.affiliations.all()],
            (membership.type, membership.status, membership.organization_membership_id),
            [(one.tier.code, one.source, one.until) for one in membership.standings.all()],
            [(one.benefit.code, one.source) for one in membership.benefits.all()],
            membership.inherited.count(),
            sorted(kinds.values_list("kind", flat=True)),
            [one.history_type for one in Affiliation.history.filter(customer_id=customer.pk)],
        )

    first, second, verbs = (rows_about(one) for one in people)
    assert first == second == verbs
    assert_audit_clean()


def test_a_file_that_comes_again_changes_nothing(sky: Program, acme: Customer) -> None:
    text = "E-1,,sales,Emma,Stone,emma@example.com,\nE-2,,,Ben,Miller,ben@example.com,\n"
    taken_in(text, sky, acme)
    before = counted(*ROWS)
    assert taken_in(text, sky, acme) == ((0, 0, 2, 0), [])
    assert counted(*ROWS) == before


def test_a_rehearsal_writes_nothing(sky: Program, acme: Customer) -> None:
    before = counted(*ROWS)
    found, told = taken_in("E-1,,,Emma,Stone,,\nE-2,,drivers,Ben,Miller,,\n", sky, acme, dry_run=True)
    assert found == (1, 0, 0, 1)
    assert told == ["3 line_refused: employee_group: the organization has no group “drivers”; it has sales."]
    assert counted(*ROWS) == before


def test_a_known_person_is_named_by_customer_number(sky: Program, acme: Customer) -> None:
    emma = make_customer("Emma Stone")
    assert taken_in(f"E-1,{emma.number},,,,,\n", sky, acme) == ((1, 0, 0, 0), [])
    assert Affiliation.objects.get().customer_id == emma.pk
    assert Member.objects.get().customer_id == emma.pk
    assert Customer.objects.filter(kind="person").count() == 2
    assert_audit_clean()


def test_who_takes_part_already_is_affiliated_and_named_for_a_join(sky: Program, acme: Customer) -> None:
    emma = make_customer("Emma Stone")
    membership = enrol(emma, program=sky, actor=ACTOR)
    importer = EmployeeImport(sky, acme, actor=ACTOR)
    counts = import_file(BytesIO(f"{HEADER}E-1,{emma.number},,,,,\n".encode()), importer)
    assert tuple(counts.records.values()) == (0, 1, 0, 0)
    assert importer.to_join == {emma.number}
    assert Affiliation.objects.get().customer_id == emma.pk
    membership.refresh_from_db()
    assert membership.organization_membership_id is None
    assert not InheritedAgreement.objects.exists()


def test_somebody_probably_known_is_refused_and_nothing_of_the_line_is_kept(sky: Program, acme: Customer) -> None:
    known = create_customer(first_name="Emma", last_name="Stone", email="emma@example.com", actor=ACTOR)
    before = counted(*ROWS)
    found, told = taken_in("E-1,,,Emma,Stone,emma@example.com,\n", sky, acme)
    assert found == (0, 0, 0, 1)
    assert told == [
        f"2 likely_duplicate: This looks like a known customer: {known.number}. Use that one, or repeat with "
        "allow_duplicate."
    ]
    assert counted(*ROWS) == before


def test_two_lines_about_one_person_are_told_apart(sky: Program, acme: Customer) -> None:
    text = "E-1,,,Emma,Stone,emma@example.com,\nE-2,,,Emmy,Stone,emma@example.com,\n"
    found, told = taken_in(text, sky, acme)
    assert found == (1, 0, 0, 1)
    assert told[0].startswith("3 likely_duplicate: This looks like the customer of line 2")
    emma = make_customer("Ben Miller")
    found, told = taken_in(f"E-7,{emma.number},,,,,\nE-8,{emma.number},,,,,\n", sky, acme)
    assert found == (1, 0, 0, 1)
    assert told[0].startswith("3 already_affiliated: ")
    assert_audit_clean()


def test_a_personnel_number_of_somebody_else_and_other_terms_are_refused(sky: Program, acme: Customer) -> None:
    emma, ben = make_customer("Emma Stone"), make_customer("Ben Miller")
    works_for(acme, emma, personnel_number="E-1")
    before = counted(*ROWS)
    found, told = taken_in(f"E-1,{ben.number},,,,,\n", sky, acme)
    assert (found, told[0].partition(":")[0]) == ((0, 0, 0, 1), "2 personnel_number_taken")
    found, told = taken_in("E-1,,sales,,,,\n", sky, acme)
    assert found == (0, 0, 0, 1)
    assert "belongs to the organization with another employee_group" in told[0]
    found, told = taken_in("E-2,C99,,,,,\n", sky, acme)
    assert told == ["2 line_refused: customer_number: there is no customer C99."]
    assert counted(*ROWS) == before


def test_without_an_agreement_nobody_of_the_file_is_made(sky: Program) -> None:
    umbrella = umbrella_in(sky)
    assert umbrella.organization is not None
    before = counted(*ROWS)
    found, told = taken_in("E-1,,,Emma,Stone,,\nE-2,,,Ben,Miller,,\n", sky, umbrella.organization)
    assert found == (0, 0, 0, 2)
    assert all("no_agreement: " in one for one in told)
    assert counted(*ROWS) == before


def test_the_maximum_lets_as_many_in_as_there_is_room_for(sky: Program) -> None:
    umbrella = umbrella_in(sky)
    assert umbrella.organization is not None
    agreement_with(umbrella, maximum=2)
    text = "".join(f"E-{n},,,Ann,Number{n},a{n}@example.com,\n" for n in range(4))
    found, told = taken_in(text, sky, umbrella.organization)
    assert found == (2, 0, 0, 2)
    assert [one.partition(":")[0] for one in told] == ["4 agreement_full", "5 agreement_full"]
    assert InheritedAgreement.objects.count() == 2
    assert Customer.objects.filter(first_name="Ann").count() == 2
    assert_audit_clean()


def test_under_a_shared_agreement_everybody_uses_the_pool(sky: Program) -> None:
    umbrella = umbrella_in(sky)
    assert umbrella.organization is not None
    agreement_with(umbrella, form="shared")
    taken_in("E-1,,,Emma,Stone,,\nE-2,,,Ben,Miller,,\n", sky, umbrella.organization)
    made = Membership.objects.filter(organization_membership=umbrella)
    assert set(made.values_list("type", "pool_id")) == {("shared", umbrella.pool_id)}
    assert made.count() == 2
    assert_audit_clean()


def test_terms_of_the_program_are_accepted_by_the_line(umbrella: Membership, acme: Customer, sky: Program) -> None:
    make_terms(sky)
    text = "personnel_number,first_name,last_name,accept_terms\nE-1,Emma,Stone,yes\nE-2,Ben,Miller,no\n"
    counts = import_file(BytesIO(text.encode()), EmployeeImport(sky, acme, actor=ACTOR))
    assert tuple(counts.records.values()) == (1, 0, 0, 1)
    emma = Membership.objects.get(organization_membership=umbrella)
    assert emma.acceptances.count() == 1
    assert not Customer.objects.filter(name="Ben Miller").exists()


def test_who_is_not_there_today_is_not_enrolled(sky: Program, acme: Customer) -> None:
    header = "personnel_number,first_name,last_name,valid_from,valid_until\n"
    text = f"{header}E-1,Emma,Stone,2999-01-01,\nE-2,Ben,Miller,2020-01-01,2020-12-31\n"
    before = counted(*ROWS)
    counts = import_file(BytesIO(text.encode()), EmployeeImport(sky, acme, actor=ACTOR))
    assert tuple(counts.records.values()) == (0, 0, 0, 2)
    assert counted(*ROWS) == before


def test_importing_needs_both_rights_and_an_organization(sky: Program, acme: Customer) -> None:
    def actor_without(action: str) -> Actor:
        return Actor("user", 21, 1, "ann", may=lambda asked, program_id: asked != action, programs=None)

    for action in ("customers:write", "memberships:manage"):
        with pytest.raises(NotAllowed):
            EmployeeImport(sky, acme, actor=actor_without(action))
    with pytest.raises(NotAffiliable):
        EmployeeImport(sky, make_customer("Emma Stone"), actor=ACTOR)


def test_the_command_counts_names_who_joins_and_writes_the_error_file(
    sky: Program, acme: Customer, tmp_path: Path
) -> None:
    known = make_customer("Emma Stone")
    enrol(known, program=sky, actor=ACTOR)
    file, errors = tmp_path / "staff.csv", tmp_path / "errors.csv"
    file.write_text(f"{HEADER}E-1,{known.number},,,,,\nE-2,,,Ben,Miller,,\nE-3,,drivers,Cora,Lee,,\n")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("import_employees", "sky", acme.number, str(file), errors=str(errors), stdout=out, stderr=err)
    assert failed.value.returncode == 1
    assert out.getvalue().splitlines() == [
        "3 lines: 1 new, 1 changed, 0 same, 1 refused.",
        "1 take part in the program already and stand under no agreement of the organization; they join with their "
        f"consent: {known.number}.",
    ]
    refused = errors.read_text().splitlines()
    assert len(refused) == 2
    assert "drivers" in refused[1] and "the organization has no group" in refused[1]


def test_the_command_names_what_it_does_not_find(sky: Program, acme: Customer, tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text(HEADER)
    for program, number in (("sea", acme.number), ("sky", "C0")):
        with pytest.raises(CommandError) as failed:
            call_command("import_employees", program, number, str(file))
        assert failed.value.returncode == 2


def test_another_programs_membership_is_no_participation_here(sky: Program, acme: Customer) -> None:
    emma = make_customer("Emma Stone")
    elsewhere = enrol(emma, program=make_program("sea"), actor=ACTOR)
    assert taken_in(f"E-1,{emma.number},,,,,\n", sky, acme)[0] == (1, 0, 0, 0)
    here = Membership.objects.get(program=sky, members__customer=emma)
    assert here.pk != elsewhere.pk and member_of(here) == emma.pk
    assert Affiliation.objects.get(customer=emma).valid_from <= date.today()  # noqa: DTZ011 - the day of the import
