"""One notice for many people: in their language, by their wishes, once for its key."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from common import clock
from customers.creating import create_customer
from customers.exits import mark_deceased
from customers.models import Customer, Message
from customers.notices import Recipient, raise_many, raise_notice
from customers.overview import whole_customer
from customers.shown import shown_message
from customers.updating import update_customer
from gateway.models import Event
from programs.models import NoticeTemplate, Program
from tests.factories import ACTOR
from tests.queries import asked

pytestmark = pytest.mark.django_db
FACTS = {"points": 1450, "point_type": "Miles", "date": date(2026, 12, 31), "days": 30}


def person(name: str, **values: Any) -> Customer:
    wishes = {"preferences": {"email": values.pop("wants", True)}}
    given = {"email": f"{name.lower()}@example.com", "first_name": name, "last_name": "Moore"} | values
    return create_customer(actor=ACTOR, details=wishes, allow_duplicate=True, **given)


def to(*people: Customer, key: str = "2026-12-31") -> list[Recipient]:
    return [Recipient(one.pk, 7, "20417786", FACTS, key, ("lots", 3)) for one in people]


def told() -> list[tuple[Any, ...]]:
    return list(Message.objects.order_by("pk").values_list("customer__first_name", "address", "status", "why_not"))


def test_a_notice_has_the_words_of_its_program_and_says_where_it_comes_from(miles: Program) -> None:
    emma = person("Emma")
    NoticeTemplate.objects.create(
        program=miles, code="points_expire", subject="{{ points }} {{ point_type }}!", body="Only until {{ date }}."
    )
    at = clock.now()
    with clock.frozen(at):
        assert raise_many(miles, "points_expire", to(emma)) == Counter({"waiting": 1})
    row = Message.objects.values().get()
    assert row == {
        "id": row["id"], "customer_id": emma.pk, "program_id": miles.pk, "channel": "email", "purpose": "notice",
        "template": "points_expire", "cause_kind": "lots", "cause_id": 3, "once_key": "2026-12-31",
        "address": "emma@example.com", "subject": "1,450 Miles!",
        "body": "Dear Emma Moore,\n\nOnly until 31 Dec 2026.\n\n-- \nMiles\nMembership 20417786\n",
        "status": "waiting", "why_not": "", "created_at": at, "next_try_at": at, "tries": 0, "sent_at": None,
    }  # fmt: skip
    event = Event.objects.filter(kind="notice.raised").get()
    assert (event.program_id, event.subject_id) == (miles.pk, row["id"])
    assert event.facts == {"notice": "points_expire", "customer": emma.pk, "membership": 7, "status": "waiting"}


def test_who_gets_none_is_told_with_the_reason(miles: Program) -> None:
    people = [
        person("Anna"),
        person("Bert", wants=False),
        person("Carl", email=None),
        mark_deceased(person("Dora"), actor=ACTOR, reason="letter of the notary"),
    ]
    assert raise_many(miles, "points_expire", to(*people)) == Counter({"waiting": 1, "suppressed": 3})
    assert told() == [
        ("Anna", "anna@example.com", "waiting", ""),
        ("Bert", None, "suppressed", "the customer has not allowed notices by e-mail"),
        ("Carl", None, "suppressed", "no e-mail address"),
        ("Dora", None, "suppressed", "the customer is deceased"),
    ]
    kept = Message.objects.filter(status="suppressed").values_list("address", "subject", "body")
    assert set(kept) == {(None, None, None)}


def test_a_notice_is_raised_once_for_its_key_even_after_a_new_address(miles: Program) -> None:
    emma = person("Emma")
    assert raise_notice(miles, "points_expire", *to(emma)) == Counter({"waiting": 1})
    assert raise_notice(miles, "points_expire", *to(emma)) == Counter()
    with clock.frozen(clock.now() + timedelta(days=30)):
        emma = update_customer(emma, actor=ACTOR, email="new@example.com")
        assert raise_notice(miles, "points_expire", *to(emma)) == Counter()
        # Another key is another notice; the address of before gets it too while the new one is young.
        assert raise_notice(miles, "points_expire", *to(emma, key="2027-01-31")) == Counter({"waiting": 2})
        # So is the same key of another notice.
        assert raise_notice(miles, "membership_expires", *to(emma)) == Counter({"waiting": 2})
    assert Message.objects.count() == 5
    assert Event.objects.filter(kind="notice.raised").count() == 5


def test_without_a_key_every_call_is_a_notice_and_one_call_may_name_a_person_once_per_key(miles: Program) -> None:
    emma = person("Emma")
    assert raise_many(miles, "points_expire", [*to(emma), *to(emma)]) == Counter({"waiting": 1})
    assert raise_many(miles, "points_expire", to(emma, key="")) == Counter({"waiting": 1})
    assert raise_many(miles, "points_expire", to(emma, key="")) == Counter({"waiting": 1})


def test_a_record_merged_into_another_is_that_person(miles: Program) -> None:
    emma, twice = person("Emma"), person("Emma", email="other@example.com")
    twice.merged_into = emma
    twice.save()
    assert raise_many(miles, "points_expire", to(twice, emma)) == Counter({"waiting": 1})
    assert told() == [("Emma", "emma@example.com", "waiting", "")]


def test_a_notice_without_words_is_not_sent_and_says_so(miles: Program) -> None:
    emma = person("Emma")
    NoticeTemplate.objects.create(program=miles, code="tier_changed", subject="-", body="-", is_active=False)
    assert raise_notice(miles, "tier_changed", *to(emma)) == Counter({"suppressed": 1})
    assert raise_notice(miles, "welcome", *to(emma)) == Counter({"suppressed": 1})
    assert {row[3] for row in told()} == {"the program has no text for it, or has switched it off"}


def test_a_greeting_is_in_the_language_of_the_text(miles: Program) -> None:
    NoticeTemplate.objects.create(program=miles, code="welcome", language="de", subject="Servus", body="{{ points }}")
    raise_many(miles, "welcome", to(person("Emma", language="de")))
    assert Message.objects.values_list("subject", "body").get()[0] == "Servus"
    assert "1.450" in Message.objects.values_list("body", flat=True).get()


def test_many_take_no_more_statements_than_one(miles: Program) -> None:
    people = [person(f"Person{n}") for n in range(12)]
    with asked() as one:
        raise_many(miles, "points_expire", to(people[0]))
    with asked() as many:
        assert raise_many(miles, "points_expire", to(*people[1:])) == Counter({"waiting": 11})
    assert len(many) <= len(one)


def test_staff_see_on_the_customer_what_a_notice_was_about(miles: Program) -> None:
    emma = person("Emma", wants=False)
    raise_many(miles, "points_expire", to(emma))
    raise_many(miles, "welcome", to(emma))
    found = whole_customer(emma.pk, actor=ACTOR)
    assert found is not None
    told = [Message(customer=emma, template=one["template"], purpose=one["purpose"]) for one in found.messages_found]  # type: ignore[attr-defined]
    shown = [shown_message(row, program="Miles", at=clock.now(), unmasked=False) for row in told]
    assert [one.about for one in shown] == ["welcome", "points end soon"]
