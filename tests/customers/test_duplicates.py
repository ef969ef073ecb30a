"""Who is probably known already is shown, masked, before a second record is made."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from common.actor import Actor
from customers.creating import create_customer
from customers.duplicates import Traits, likely_duplicates
from customers.erasing import erase_customer
from customers.errors import LikelyDuplicate
from customers.models import Customer

pytestmark = pytest.mark.django_db
PASSPORT = {"identifications": [{"kind": "other", "number": "p123456"}]}


@pytest.mark.parametrize(
    ("values", "matched_on"),
    [
        ({"email": "MICHAEL.adams@example.com"}, ["email"]),
        ({"phone": "+43 664 123 45 67"}, ["phone"]),
        ({"details": PASSPORT}, ["document"]),
        ({"first_name": "MICHAÉL", "last_name": "Adams", "birth_date": date(1980, 4, 5)}, ["name_and_birth_date"]),
        ({"email": "michael.adams@example.com", "phone": "+436641234567"}, ["email", "phone"]),
    ],
)
def test_each_trait_finds_the_record(
    michael_adams: Customer,
    agent: Actor,
    everything: Callable[[], Any],
    values: dict[str, Any],
    matched_on: list[str],
) -> None:
    before = everything()
    with pytest.raises(LikelyDuplicate) as error:
        create_customer(actor=agent, **({"last_name": "Miller"} | values))
    assert (error.value.code, error.value.status) == ("likely_duplicate", 409)
    assert error.value.facts == {
        "candidates": [
            {
                "id": michael_adams.pk,
                "number": michael_adams.number,
                "name": "M*** A***",
                "email": "m***@e***.com",
                "matched_on": matched_on,
            }
        ]
    }
    assert "michael" not in str(error.value).casefold()
    assert everything() == before


@pytest.mark.parametrize(
    "values",
    [
        {"first_name": "Michael", "last_name": "Adams"},
        {"first_name": "Michael", "last_name": "Adams", "birth_date": date(1980, 4, 6)},
        {"birth_date": date(1980, 4, 5)},
        {"email": "michael@example.com", "phone": "+43 664 1234568"},
        {"details": {"identifications": [{"kind": "passport", "number": "P1234567"}]}},
    ],
)
def test_less_than_that_is_a_new_customer(michael_adams: Customer, agent: Actor, values: dict[str, Any]) -> None:
    made = create_customer(actor=agent, **({"last_name": "Miller"} | values))
    assert Customer.objects.filter(pk__in=[made.pk, michael_adams.pk]).count() == 2


def test_a_duplicate_may_be_made_on_purpose(michael_adams: Customer, agent: Actor) -> None:
    made = create_customer(last_name="Adams", email="michael.adams@example.com", allow_duplicate=True, actor=agent)
    assert made.pk != michael_adams.pk
    assert Customer.objects.filter(email_key="michael.adams@example.com").count() == 2


def test_better_matches_come_first(michael_adams: Customer, agent: Actor) -> None:
    other = create_customer(last_name="Other", phone="+436641234567", allow_duplicate=True, actor=agent)
    found = likely_duplicates(Traits(email="michael.adams@example.com", phone="+436641234567"))
    assert [candidate.id for candidate in found] == [michael_adams.pk, other.pk]
    assert [candidate.id for candidate in likely_duplicates(Traits(phone="+436641234567"), but=other.pk)] == [
        michael_adams.pk
    ]


def test_a_merged_record_points_to_the_one_that_lives(
    michael_adams: Customer, katrin_bauer: Customer, agent: Actor
) -> None:
    katrin_bauer.merged_into = michael_adams
    katrin_bauer.save()
    (candidate,) = likely_duplicates(Traits(email="katrin@example.org"))
    assert (candidate.id, candidate.number) == (michael_adams.pk, michael_adams.number)


def test_an_erased_person_is_no_candidate(michael_adams: Customer, agent: Actor) -> None:
    erase_customer(michael_adams, actor=agent, reason="asked")
    made = create_customer(
        first_name="Michael", last_name="Adams", email="michael.adams@example.com", details=PASSPORT, actor=agent
    )
    assert made.pk != michael_adams.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.concurrency
def test_two_agents_at_once_make_one_record(agent: Actor) -> None:
    """Without the lock on the traits both look before either writes."""
    outcomes: list[str] = []
    together = threading.Barrier(6)

    def create() -> None:
        try:
            together.wait()
            create_customer(last_name="Twin", email="twin@example.com", phone="+436641234567", actor=agent)
            outcomes.append("made")
        except LikelyDuplicate:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", *["refused"] * 5]
    assert Customer.objects.filter(email_key="twin@example.com").count() == 1
