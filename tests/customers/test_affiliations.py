"""Who belongs to which organization: which days, which group, whose personnel number; and what becomes of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from common import clock
from common.actor import Actor
from common.errors import Malformed
from customers.affiliations import affiliate, affiliations_of, affiliations_on, end_affiliation, move_to_group
from customers.creating import create_customer
from customers.employee_groups import groups_of, make_employee_group, rename_employee_group
from customers.erasing import erase_customer
from customers.errors import (
    AffiliationPeriod,
    AlreadyAffiliated,
    CustomerNotDeletable,
    CustomerWrongStatus,
    EmployeeGroupRefused,
    NotAffiliable,
    NotOnePerson,
    PersonnelNumberTaken,
)
from customers.exits import close_customer, delete_customer
from customers.merging import confirm_duplicate, merge_customers
from customers.models import Affiliation, Customer, EmployeeGroup
from gateway.models import Event

pytestmark = pytest.mark.django_db
Everything = Callable[[], Any]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = date(2026, 3, 10)


@pytest.fixture
def acme(agent: Actor) -> Customer:
    return create_customer("organization", name="Acme Ltd", actor=agent)


@pytest.fixture
def globex(agent: Actor) -> Customer:
    return create_customer("organization", name="Globex", actor=agent)


@pytest.fixture
def sales(acme: Customer, agent: Actor) -> EmployeeGroup:
    return make_employee_group(acme, code="sales", name="Sales", actor=agent)


@pytest.fixture
def michael_at_acme(michael_adams: Customer, acme: Customer, sales: EmployeeGroup, agent: Actor) -> Affiliation:
    """In sales since 1 January, with a personnel number."""
    return affiliate(
        michael_adams,
        organization=acme,
        employee_group=sales,
        personnel_number="E-17",
        valid_from=date(2026, 1, 1),
        actor=agent,
    )


def days_of(customer: Customer) -> list[tuple[str | None, date, date | None]]:
    """(group, first day, last day) of each affiliation, the latest first."""
    return [
        (row.employee_group and row.employee_group.code, row.valid_from, row.valid_until)
        for row in affiliations_of(customer.pk)
    ]


def all_affiliations() -> Any:
    rows = (Affiliation.objects.order_by("pk"), EmployeeGroup.objects.order_by("pk"))
    events = Event.objects.filter(kind__startswith="affiliation.").order_by("pk")
    histories = (Affiliation.history.order_by("history_id"), EmployeeGroup.history.order_by("history_id"))
    return [list(found.values()) for found in (*rows, *histories, events)]


# Making one


def test_an_affiliation_starts_today_and_leaves_an_event(michael_adams: Customer, acme: Customer, agent: Actor) -> None:
    with clock.frozen(NOON):
        made = affiliate(michael_adams, organization=acme, actor=agent, personnel_number=" E-17 ", reason="hired")
    assert days_of(michael_adams) == [(None, TODAY, None)]
    assert made.personnel_number == "E-17"
    (event,) = Event.objects.filter(kind="affiliation.made")
    assert event.subject_id == made.pk
    assert event.facts == {
        "customer": michael_adams.pk,
        "organization": acme.pk,
        "employee_group": None,
        "valid_from": "2026-03-10",
        "valid_until": None,
    }
    (history,) = Affiliation.history.all()
    assert (history.history_change_reason, history.history_user_id) == ("hired", agent.user_id)


def test_the_same_said_twice_answers_the_row_there_is(michael_at_acme: Affiliation, agent: Actor) -> None:
    before = all_affiliations()
    again = affiliate(
        michael_at_acme.customer,
        organization=michael_at_acme.organization,
        employee_group=michael_at_acme.employee_group,
        personnel_number="E-17",
        valid_from=date(2026, 1, 1),
        actor=agent,
    )
    assert again.pk == michael_at_acme.pk
    assert all_affiliations() == before


def test_days_already_taken_are_refused_with_the_days(michael_at_acme: Affiliation, agent: Actor) -> None:
    before = all_affiliations()
    with pytest.raises(AlreadyAffiliated) as refused:
        affiliate(
            michael_at_acme.customer,
            organization=michael_at_acme.organization,
            valid_from=date(2025, 6, 1),
            valid_until=date(2026, 1, 1),
            actor=agent,
        )
    assert refused.value.facts == {
        "affiliation": michael_at_acme.pk,
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    assert all_affiliations() == before


def test_the_day_before_and_another_organization_are_free(
    michael_at_acme: Affiliation, globex: Customer, agent: Actor
) -> None:
    michael, acme = michael_at_acme.customer, michael_at_acme.organization
    affiliate(michael, organization=acme, valid_from=date(2025, 6, 1), valid_until=date(2025, 12, 31), actor=agent)
    affiliate(michael, organization=globex, valid_from=date(2026, 1, 1), actor=agent)
    here = [row.organization_id for row in affiliations_on(date(2026, 1, 1), customer_id=michael.pk)]
    assert sorted(here) == sorted([acme.pk, globex.pk])
    assert [row.valid_from for row in affiliations_on(date(2025, 12, 31), customer_id=michael.pk)] == [date(2025, 6, 1)]
    assert affiliations_on(date(2025, 5, 31), customer_id=michael.pk) == []


def test_two_people_never_have_one_personnel_number_at_one_time(
    michael_at_acme: Affiliation, katrin_bauer: Customer, agent: Actor
) -> None:
    acme = michael_at_acme.organization
    before = all_affiliations()
    with pytest.raises(PersonnelNumberTaken):
        affiliate(katrin_bauer, organization=acme, personnel_number="E-17", valid_from=date(2026, 2, 1), actor=agent)
    assert all_affiliations() == before
    end_affiliation(michael_at_acme, last_day=date(2026, 1, 31), actor=agent, reason="left")
    affiliate(katrin_bauer, organization=acme, personnel_number="E-17", valid_from=date(2026, 2, 1), actor=agent)
    assert days_of(katrin_bauer) == [(None, date(2026, 2, 1), None)]


def test_only_a_person_belongs_and_only_to_an_organization(
    michael_adams: Customer, katrin_bauer: Customer, acme: Customer, globex: Customer, agent: Actor
) -> None:
    for one, other in ((michael_adams, katrin_bauer), (acme, globex), (acme, michael_adams)):
        with pytest.raises(NotAffiliable):
            affiliate(one, organization=other, actor=agent)
    assert not Affiliation.objects.exists()


def test_who_is_not_active_is_not_affiliated(michael_adams: Customer, acme: Customer, agent: Actor) -> None:
    close_customer(acme, actor=agent, reason="gone")
    with pytest.raises(CustomerWrongStatus) as refused:
        affiliate(michael_adams, organization=acme, actor=agent)
    assert refused.value.facts == {"customer": acme.pk, "status": "closed"}
    assert not Affiliation.objects.exists()


def test_an_end_before_the_first_day_and_a_long_number_are_refused(
    michael_adams: Customer, acme: Customer, agent: Actor
) -> None:
    with pytest.raises(AffiliationPeriod):
        affiliate(
            michael_adams,
            organization=acme,
            valid_from=date(2026, 1, 2),
            valid_until=date(2026, 1, 1),
            actor=agent,
        )
    with pytest.raises(Malformed) as refused:
        affiliate(michael_adams, organization=acme, personnel_number="9" * 41, actor=agent)
    assert [fault["pointer"] for fault in refused.value.errors] == ["/personnel_number"]
    assert not Affiliation.objects.exists()


# Employee groups


def test_a_group_has_one_code_in_its_organization(acme: Customer, globex: Customer, agent: Actor) -> None:
    sales = make_employee_group(acme, code="sales", name="Sales", actor=agent)
    assert make_employee_group(acme, code="sales", name="Sales", actor=agent).pk == sales.pk
    with pytest.raises(EmployeeGroupRefused):
        make_employee_group(acme, code="sales", name="Verkauf", actor=agent)
    assert make_employee_group(globex, code="sales", name="Verkauf", actor=agent).pk != sales.pk
    rename_employee_group(sales, name="Sales and service", actor=agent)
    assert [(group.code, group.name) for group in groups_of(acme.pk)] == [("sales", "Sales and service")]


def test_a_person_has_no_employee_groups(michael_adams: Customer, agent: Actor) -> None:
    with pytest.raises(NotAffiliable):
        make_employee_group(michael_adams, code="sales", name="Sales", actor=agent)
    assert not EmployeeGroup.objects.exists()


def test_a_code_that_is_no_slug_is_refused(acme: Customer, agent: Actor) -> None:
    with pytest.raises(Malformed) as refused:
        make_employee_group(acme, code="sales people", name="Sales", actor=agent)
    assert [fault["pointer"] for fault in refused.value.errors] == ["/code"]
    assert not EmployeeGroup.objects.exists()


def test_a_group_of_another_organization_is_refused(
    michael_adams: Customer, globex: Customer, sales: EmployeeGroup, agent: Actor
) -> None:
    with pytest.raises(EmployeeGroupRefused):
        affiliate(michael_adams, organization=globex, employee_group=sales, actor=agent)
    assert not Affiliation.objects.exists()


# Changing the group


def test_another_group_from_a_day_on_keeps_the_days_before(michael_at_acme: Affiliation, agent: Actor) -> None:
    drivers = make_employee_group(michael_at_acme.organization, code="drivers", name="Drivers", actor=agent)
    moved = move_to_group(
        michael_at_acme, employee_group=drivers, from_day=date(2026, 3, 1), actor=agent, reason="new job"
    )
    assert days_of(michael_at_acme.customer) == [
        ("drivers", date(2026, 3, 1), None),
        ("sales", date(2026, 1, 1), date(2026, 2, 28)),
    ]
    assert moved.personnel_number == "E-17"
    kinds = Event.objects.filter(kind__startswith="affiliation.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["affiliation.made", "affiliation.ended", "affiliation.made"]


def test_another_group_from_the_first_day_on_corrects_the_row(michael_at_acme: Affiliation, agent: Actor) -> None:
    moved = move_to_group(
        michael_at_acme, employee_group=None, from_day=date(2026, 1, 1), actor=agent, reason="mistyped"
    )
    assert moved.pk == michael_at_acme.pk
    assert days_of(michael_at_acme.customer) == [(None, date(2026, 1, 1), None)]


def test_the_group_the_person_is_in_changes_nothing(michael_at_acme: Affiliation, agent: Actor) -> None:
    before = all_affiliations()
    move_to_group(
        michael_at_acme,
        employee_group=michael_at_acme.employee_group,
        from_day=date(2026, 3, 1),
        actor=agent,
        reason="again",
    )
    assert all_affiliations() == before


def test_a_day_outside_of_the_affiliation_changes_no_group(michael_at_acme: Affiliation, agent: Actor) -> None:
    end_affiliation(michael_at_acme, last_day=date(2026, 1, 31), actor=agent, reason="left")
    before = all_affiliations()
    for day in (date(2025, 12, 31), date(2026, 2, 1)):
        with pytest.raises(AffiliationPeriod):
            move_to_group(michael_at_acme, employee_group=None, from_day=day, actor=agent, reason="?")
    assert all_affiliations() == before


# Ending one


def test_the_last_day_belongs_to_the_affiliation(michael_at_acme: Affiliation, agent: Actor) -> None:
    end_affiliation(michael_at_acme, last_day=date(2026, 3, 31), actor=agent, reason="left")
    michael = michael_at_acme.customer_id
    assert [row.pk for row in affiliations_on(date(2026, 3, 31), customer_id=michael)] == [michael_at_acme.pk]
    assert affiliations_on(date(2026, 4, 1), customer_id=michael) == []
    (event,) = Event.objects.filter(kind="affiliation.ended")
    assert (event.subject_id, event.facts["valid_until"]) == (michael_at_acme.pk, "2026-03-31")


def test_ending_twice_changes_nothing_and_another_day_corrects(michael_at_acme: Affiliation, agent: Actor) -> None:
    end_affiliation(michael_at_acme, last_day=date(2026, 3, 31), actor=agent, reason="left")
    before = all_affiliations()
    end_affiliation(michael_at_acme, last_day=date(2026, 3, 31), actor=agent, reason="left")
    assert all_affiliations() == before
    end_affiliation(michael_at_acme, last_day=date(2026, 4, 30), actor=agent, reason="stayed a month")
    assert days_of(michael_at_acme.customer) == [("sales", date(2026, 1, 1), date(2026, 4, 30))]


def test_an_end_neither_precedes_the_first_day_nor_meets_the_next_affiliation(
    michael_at_acme: Affiliation, agent: Actor
) -> None:
    move_to_group(michael_at_acme, employee_group=None, from_day=date(2026, 3, 1), actor=agent, reason="new job")
    before = all_affiliations()
    with pytest.raises(AffiliationPeriod):
        end_affiliation(michael_at_acme, last_day=date(2025, 12, 31), actor=agent, reason="?")
    with pytest.raises(AlreadyAffiliated):
        end_affiliation(michael_at_acme, last_day=date(2026, 3, 1), actor=agent, reason="?")
    assert all_affiliations() == before


# When a record goes


def test_erasing_ends_the_affiliation_and_forgets_the_number(michael_at_acme: Affiliation, agent: Actor) -> None:
    with clock.frozen(NOON):
        erase_customer(michael_at_acme.customer, actor=agent, reason="asked to")
    (row,) = Affiliation.objects.all()
    assert (row.valid_from, row.valid_until, row.personnel_number) == (date(2026, 1, 1), TODAY, None)
    assert not Affiliation.history.filter(personnel_number__isnull=False).exists()


def test_erasing_takes_an_affiliation_that_has_not_begun(michael_adams: Customer, acme: Customer, agent: Actor) -> None:
    with clock.frozen(NOON):
        affiliate(michael_adams, organization=acme, valid_from=date(2026, 5, 1), actor=agent)
        erase_customer(michael_adams, actor=agent, reason="asked to")
    assert not Affiliation.objects.exists()


def test_a_deleted_person_takes_the_affiliation_along(michael_at_acme: Affiliation, agent: Actor) -> None:
    delete_customer(michael_at_acme.customer, actor=agent, reason="made by mistake")
    assert not Affiliation.objects.exists()
    assert not Affiliation.history.filter(personnel_number__isnull=False).exists()


def test_an_organization_with_people_or_groups_is_not_deleted(
    michael_at_acme: Affiliation, globex: Customer, agent: Actor
) -> None:
    make_employee_group(globex, code="crew", name="Crew", actor=agent)
    before = all_affiliations()
    with pytest.raises(CustomerNotDeletable) as refused:
        delete_customer(michael_at_acme.organization, actor=agent, reason="?")
    assert [one["code"] for one in refused.value.facts["obstacles"]] == ["people"]
    with pytest.raises(CustomerNotDeletable) as refused:
        delete_customer(globex, actor=agent, reason="?")
    assert [one["code"] for one in refused.value.facts["obstacles"]] == ["employee_groups"]
    assert all_affiliations() == before


# One person twice


@pytest.fixture
def mike(michael_adams: Customer, agent: Actor) -> Customer:
    """Michael's second record, confirmed."""
    mike = create_customer(first_name="Mike", last_name="Adams", actor=agent, allow_duplicate=True)
    confirm_duplicate(michael_adams, duplicate=mike, actor=agent, reason="same passport")
    return mike


def test_affiliations_of_the_duplicate_come_along(
    michael_at_acme: Affiliation, mike: Customer, globex: Customer, agent: Actor
) -> None:
    elsewhere = affiliate(mike, organization=globex, valid_from=date(2026, 2, 1), actor=agent)
    merge_customers(michael_at_acme.customer, duplicate=mike, actor=agent, reason="one person")
    elsewhere.refresh_from_db()
    assert elsewhere.customer_id == michael_at_acme.customer_id
    assert not Affiliation.objects.filter(customer=mike).exists()


def test_where_both_belonged_the_survivors_group_covers_the_days_of_both(
    michael_at_acme: Affiliation, mike: Customer, agent: Actor
) -> None:
    end_affiliation(michael_at_acme, last_day=date(2026, 2, 28), actor=agent, reason="left")
    affiliate(mike, organization=michael_at_acme.organization, valid_from=date(2025, 7, 1), actor=agent)
    merge_customers(michael_at_acme.customer, duplicate=mike, actor=agent, reason="one person")
    assert days_of(michael_at_acme.customer) == [("sales", date(2025, 7, 1), None)]
    assert Affiliation.objects.count() == 1


def test_an_organization_with_people_is_never_the_record_that_goes(
    michael_at_acme: Affiliation, globex: Customer, agent: Actor
) -> None:
    acme = michael_at_acme.organization
    confirm_duplicate(globex, duplicate=acme, actor=agent, reason="one company")
    before = all_affiliations()
    with pytest.raises(NotOnePerson):
        merge_customers(globex, duplicate=acme, actor=agent, reason="one company")
    assert all_affiliations() == before
