"""Inactive, deceased, closed, deleted, erased: which way out is open, and what each leaves behind."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from common import clock
from common.actor import Actor
from common.obstacles import Obstacle
from customers import exits
from customers.erasing import erase_customer
from customers.errors import (
    CustomerErased,
    CustomerNotClosable,
    CustomerNotDeletable,
    CustomerNotErasable,
    CustomerWrongStatus,
    ErasingNotAllowed,
)
from customers.finding import customer_by_number
from customers.merging import dismiss_pair
from customers.models import (
    Address,
    ContactPreference,
    Customer,
    CustomerNumber,
    DuplicateCustomer,
    Identification,
    Message,
)
from customers.updating import update_customer
from gateway.models import Event
from memberships.enrolment import enrol
from memberships.exits import delete_membership
from memberships.models import Membership
from programs.models import Program

pytestmark = pytest.mark.django_db
HERE = "tests.customers.test_exits"
MARKS = ("michael", "adams", "1234567", "123-456", "p123456", "ring 1", "1980-04-05", "secret reason")


def with_holds(customer: Customer) -> Iterator[Obstacle]:
    yield Obstacle("ledger", "2 entries stand on its accounts.", {"entries": 2})


def refuse_erasing(customer: Customer, *, actor: Actor) -> None:
    raise CustomerNotErasable("Name another main member first.")


def delete_memberships(customer: Customer, *, actor: Actor, reason: str) -> None:
    for member in customer.members.select_related("membership"):
        delete_membership(member.membership, actor=actor, reason=reason)


def rename_events(customer: Customer, *, actor: Actor) -> None:
    Event.objects.filter(subject_id=customer.pk).update(kind=f"seen-by-{actor.label}")


def stored_text() -> str:
    """Every row of every table of customers and events, as one text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND (tablename LIKE 'customers\\_%'"
            " OR tablename = 'gateway_event')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) >= 9
        found = []
        for table in tables:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')  # noqa: S608
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found).casefold()


def a_message() -> dict[str, Any]:
    return {
        "channel": "email", "purpose": "notice", "template": "probe", "created_at": clock.now(),
        "address": "michael.adams@example.com", "subject": "For Michael", "body": "Dear Michael Adams, P 123-456",
    }  # fmt: skip


STEPS: dict[str, Callable[..., Customer]] = {
    "deactivate": exits.deactivate,
    "reactivate": exits.reactivate,
    "mark_deceased": exits.mark_deceased,
    "close_customer": exits.close_customer,
}


@pytest.mark.parametrize(
    ("status", "possible"),
    [
        ("active", {"deactivate": "inactive", "mark_deceased": "deceased", "close_customer": "closed"}),
        ("inactive", {"reactivate": "active", "mark_deceased": "deceased", "close_customer": "closed"}),
        ("deceased", {"reactivate": "active", "close_customer": "closed"}),
        ("closed", {"reactivate": "active", "mark_deceased": "deceased"}),
    ],
)
@pytest.mark.parametrize("step", list(STEPS))
def test_each_status_has_its_steps(
    michael_adams: Customer,
    agent: Actor,
    everything: Callable[[], Any],
    status: str,
    possible: dict[str, str],
    step: str,
) -> None:
    michael_adams.status = status
    michael_adams.save()
    before = everything()
    if step not in possible:
        with pytest.raises(CustomerWrongStatus) as error:
            STEPS[step](michael_adams, actor=agent, reason="r")
        assert error.value.facts["status"] == status
        assert everything() == before
        return
    assert STEPS[step](michael_adams, actor=agent, reason="Told us").status == possible[step]
    row = Customer.objects.get(pk=michael_adams.pk)
    assert (row.status, row.version, row.email) == (possible[step], 2, "Michael.Adams@Example.com")
    assert row.history.first().history_change_reason == "Told us"
    assert Event.objects.latest("pk").facts == {
        "customer": row.pk,
        "fields": ["status"],
        "status": possible[step],
        "before": status,
    }


def test_closing_waits_for_what_is_open(michael_adams: Customer, agent: Actor, everything: Callable[[], Any]) -> None:
    before = everything()
    with pytest.raises(CustomerNotClosable) as error:
        exits.close_customer(
            michael_adams, actor=agent, reason="r", obstacles=[Obstacle("change", "Change 4 is open.", {"change": 4})]
        )
    assert error.value.facts == {"obstacles": [{"code": "change", "message": "Change 4 is open.", "change": 4}]}
    assert everything() == before


def test_a_customer_nothing_refers_to_is_deleted_with_its_history(
    michael_adams: Customer, katrin_bauer: Customer, agent: Actor
) -> None:
    number, pk = michael_adams.number, michael_adams.pk
    Message.objects.create(customer=michael_adams, **a_message(), status="sent", sent_at=clock.now())
    dismiss_pair(michael_adams, duplicate=katrin_bauer, actor=agent, reason="secret reason")
    exits.delete_customer(michael_adams, actor=agent, reason="secret reason")
    assert not Customer.objects.filter(pk=pk).exists()
    assert not CustomerNumber.objects.filter(number=number).exists()
    assert customer_by_number(number) is None
    assert not Message.objects.exists()
    assert not DuplicateCustomer.objects.exists()
    last = Customer.history.filter(id=pk).first()
    assert (last.history_type, last.history_user_id, last.number, last.name) == ("-", 21, number, None)
    assert Event.objects.latest("pk").facts == {"number": number}
    text = stored_text()
    assert [mark for mark in MARKS if mark in text] == []
    assert "katrin@example.org" in text


def test_deletion_names_every_obstacle_and_offers_erasing(
    michael_adams: Customer, katrin_bauer: Customer, agent: Actor, everything: Callable[[], Any], settings: Any
) -> None:
    settings.LOYALTY_CUSTOMER_OBSTACLES = [f"{HERE}.with_holds"]
    katrin_bauer.merged_into = michael_adams
    katrin_bauer.save()
    before = everything()
    with pytest.raises(CustomerNotDeletable) as error:
        exits.delete_customer(michael_adams, actor=agent, reason="r")
    assert error.value.code == "customer_not_deletable"
    numbers = [katrin_bauer.number]
    assert error.value.facts == {
        "obstacles": [
            {"code": "duplicates", "message": f"Records were merged into it: {numbers[0]}.", "numbers": numbers},
            {"code": "ledger", "message": "2 entries stand on its accounts.", "entries": 2},
        ],
        "instead": "erase",
    }
    assert "Erase the customer instead" in error.value.message
    assert everything() == before


def test_what_no_app_named_still_refuses(
    michael_adams: Customer, agent: Actor, everything: Callable[[], Any], settings: Any
) -> None:
    """A row of an app above that protects the customer, without any obstacle registered."""
    settings.LOYALTY_CUSTOMER_OBSTACLES = settings.LOYALTY_CUSTOMER_DELETERS = []
    program = Program.objects.create(code="summit", name="Summit Club", status="released")
    enrol(michael_adams, program=program, actor=agent)
    before = everything()
    with pytest.raises(CustomerNotDeletable) as error:
        exits.delete_customer(michael_adams, actor=agent, reason="r")
    assert error.value.facts["instead"] == "erase"
    assert [(one["code"], one["count"]) for one in error.value.facts["obstacles"]] == [
        ("cardholding", 1),
        ("member", 1),
    ]
    assert everything() == before


def test_memberships_nothing_was_posted_to_go_along(
    michael_adams: Customer, katrin_bauer: Customer, agent: Actor, settings: Any
) -> None:
    settings.LOYALTY_CUSTOMER_OBSTACLES = ["memberships.exits.obstacles"]
    settings.LOYALTY_CUSTOMER_DELETERS = [f"{HERE}.delete_memberships"]
    program = Program.objects.create(code="summit", name="Summit Club", status="released")
    enrol(michael_adams, program=program, actor=agent)
    other = enrol(katrin_bauer, program=program, actor=agent)
    exits.delete_customer(michael_adams, actor=agent, reason="Typed by mistake")
    assert list(Customer.objects.all()) == [katrin_bauer]
    assert list(Membership.objects.all()) == [other]


def test_erasing_leaves_no_personal_value(michael_adams: Customer, katrin_bauer: Customer, agent: Actor) -> None:
    update_customer(
        michael_adams,
        actor=agent,
        notes="Michael is fond of trains",
        reason="secret reason",
        details={"addresses": [{"lines": "Other road", "city": "Graz", "country": "AT"}]},
    )
    Message.objects.create(customer=michael_adams, **a_message(), status="waiting", next_try_at=clock.now())
    Message.objects.create(customer=michael_adams, **a_message(), status="sent", sent_at=clock.now())
    dismiss_pair(michael_adams, duplicate=katrin_bauer, actor=agent, reason="secret reason: father of Katrin")
    kept = (michael_adams.pk, michael_adams.number)
    assert [mark for mark in MARKS if mark not in stored_text()] == []
    erased = erase_customer(michael_adams, actor=agent, reason="secret reason")
    assert (erased.pk, erased.number, erased.status) == (*kept, "erased")
    text = stored_text()
    assert [mark for mark in (*MARKS, "other road", "trains", "father") if mark in text] == []
    assert "katrin@example.org" in text
    assert list(Message.objects.order_by("pk").values_list("status", "why_not", "next_try_at", "address", "body")) == [
        ("suppressed", "the customer was erased", None, None, None),
        ("sent", "", None, None, None),
    ]
    assert ContactPreference.objects.count() == 0
    row = Customer.objects.get(pk=kept[0])
    assert row.erased_at is not None
    assert (Identification.objects.get().number, Address.objects.get().lines) == (None, None)
    assert customer_by_number(kept[1]) == row
    assert Event.objects.latest("pk").kind == "customer.erased"
    assert Event.objects.latest("pk").facts == {"customer": kept[0], "number": kept[1]}


def test_erasing_twice_changes_nothing(michael_adams: Customer, agent: Actor, everything: Callable[[], Any]) -> None:
    erase_customer(michael_adams, actor=agent, reason="asked")
    before = everything()
    assert erase_customer(michael_adams, actor=agent, reason="asked again").status == "erased"
    assert everything() == before


def test_erasing_takes_the_merged_records_along(michael_adams: Customer, katrin_bauer: Customer, agent: Actor) -> None:
    katrin_bauer.merged_into = michael_adams
    katrin_bauer.save()
    assert erase_customer(katrin_bauer, actor=agent, reason="asked").pk == katrin_bauer.pk
    assert set(Customer.objects.values_list("status", "name")) == {("erased", None)}


def test_the_apps_above_erase_in_the_same_transaction(
    michael_adams: Customer, agent: Actor, everything: Callable[[], Any], settings: Any
) -> None:
    settings.LOYALTY_CUSTOMER_ERASERS = [f"{HERE}.rename_events", f"{HERE}.refuse_erasing"]
    before = everything()
    with pytest.raises(CustomerNotErasable):
        erase_customer(michael_adams, actor=agent, reason="asked")
    assert everything() == before
    settings.LOYALTY_CUSTOMER_ERASERS = [f"{HERE}.rename_events"]
    erase_customer(michael_adams, actor=agent, reason="asked")
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["seen-by-ann", "customer.erased"]


def test_erasing_is_a_right_of_its_own(michael_adams: Customer, everything: Callable[[], Any]) -> None:
    clerk = Actor("user", 3, 1, "cleo", may=lambda action, program_id: action == "customers:write", programs=None)
    before = everything()
    with pytest.raises(ErasingNotAllowed):
        erase_customer(michael_adams, actor=clerk, reason="asked")
    assert everything() == before


@pytest.mark.parametrize("step", [*STEPS, "delete_customer"])
def test_an_erased_customer_is_past_every_step(
    michael_adams: Customer, agent: Actor, everything: Callable[[], Any], step: str
) -> None:
    erase_customer(michael_adams, actor=agent, reason="asked")
    before = everything()
    with pytest.raises(CustomerErased):
        getattr(exits, step)(michael_adams, actor=agent, reason="r")
    assert everything() == before
