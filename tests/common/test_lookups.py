"""`any_of` finds what `in` finds, with one parameter for all values."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from memberships.models import Member
from tests.factories import make_customer, make_membership, make_program

pytestmark = pytest.mark.django_db


def test_it_finds_what_in_finds_by_ids_texts_and_foreign_keys() -> None:
    people = [make_customer(name) for name in ("Emma Stone", "John Miller", "Ann Moore")]
    ids = [people[2].pk, people[0].pk, 0]
    assert set(Customer.objects.filter(pk__any_of=ids)) == {people[0], people[2]}
    assert Customer.objects.get(number__any_of=(one for one in [people[1].number, "none"])) == people[1]
    program = make_program("sky")
    ours, _ = make_membership(program), make_membership(program, "John Miller")
    assert [one.membership_id for one in Member.objects.filter(membership__any_of={ours.pk})] == [ours.pk]
    assert not Customer.objects.filter(pk__any_of=[]).exists()


def test_any_number_of_values_is_one_statement() -> None:
    with CaptureQueriesContext(connection) as asked:
        for length in (1, 3):
            list(Customer.objects.filter(pk__any_of=range(length)).order_by("pk"))
    one, three = [each["sql"].partition("ANY(")[0] for each in asked]
    assert one == three
