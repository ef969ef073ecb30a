"""The grown program made at once: sound, of exactly the size asked for, the same for the same seed, once only."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from stdnum import luhn

from cards import numbering
from cards.models import Card
from common import clock
from customers.creating import create_customer, number_of
from customers.keys import email_key, name_key, phone_key
from customers.models import Customer
from gateway.channels import system_actor
from loyalty_site.volume.plan import Volume
from loyalty_site.volume.rebuilding import bare
from loyalty_site.volume.seeding import NotEmpty, make
from memberships.models import Membership
from memberships.numbering import valid_member_number
from points.models import Draw, Entry, Lot, PointAccount, Posting, PostingKind
from programs.models import Program
from tests.audit.helpers import assert_audit_clean

pytestmark = pytest.mark.django_db

SMALL = Volume(customers=300, entries=4_000, programs=4, seed=7)
SCHEMA = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3
"""
LEDGER = """
SELECT e.number, e.amount, e.balance_after, p.kind, p.occurred_at, p.recorded_at, m.number
FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
JOIN points_pointaccount a ON a.id = e.account_id JOIN memberships_membership m ON m.own_set_id = a.account_set_id
JOIN programs_pointtype t ON t.id = a.point_type_id ORDER BY m.number, t.code, e.number
"""


def _schema() -> list[tuple[Any, ...]]:
    """Constraints, indexes and triggers; PostgreSQL writes the same cast of a list in two ways."""
    return [
        (table, name, re.sub(r"::(text|character varying)(\[\])?|[()]", "", definition))
        for table, name, definition in _rows(SCHEMA)
    ]


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


@pytest.fixture
def stopped() -> Iterator[None]:
    with clock.frozen(clock.now()):
        yield


def test_the_seeded_program_breaks_no_invariant_and_leaves_the_schema_as_it_was() -> None:
    before = _schema()

    counts = make(SMALL)

    assert_audit_clean()
    assert _schema() == before
    assert counts["customers"] == Customer.objects.count() == 300
    assert counts["entries"] == Entry.objects.count() == 4_000


def test_every_kind_of_posting_and_every_state_of_a_lot_occurs() -> None:
    make(SMALL)

    kinds = set(Posting.objects.values_list("kind", flat=True))
    assert kinds == {
        PostingKind.EARN, PostingKind.REDEEM, PostingKind.CAPTURE, PostingKind.EXPIRE, PostingKind.TRANSFER,
        PostingKind.ADJUST, PostingKind.REVERSE,
    }  # fmt: skip
    assert Lot.objects.filter(parent__isnull=False).exists()
    assert Lot.objects.filter(available_at__gt=clock.now(), is_open=True).exists()
    assert Lot.objects.filter(expires_at__isnull=True).exists()
    assert Draw.objects.filter(posting__kind=PostingKind.EXPIRE).exists()
    assert set(Membership.objects.values_list("status", flat=True)) == {"active", "inactive", "suspended", "expired"}


def test_numbers_and_keys_are_those_the_verbs_would_give() -> None:
    make(SMALL)

    for customer in Customer.objects.all():
        assert customer.number == number_of(customer.pk)
        assert customer.name_key == name_key(customer.name)
        assert customer.email_key == email_key(customer.email)
        assert customer.phone_key == phone_key(customer.phone)
    for membership in Membership.objects.select_related("program"):
        assert valid_member_number(membership.number, program=membership.program)
    for card in Card.objects.select_related("program"):
        assert numbering.validate(card.number_id, program=card.program)
        assert luhn.is_valid(card.number_id)


def test_the_verbs_go_on_where_the_seeding_stopped() -> None:
    make(SMALL)
    last = Customer.objects.latest("pk")

    customer = create_customer(actor=system_actor(), first_name="Wilma", last_name="Late")

    assert customer.pk > last.pk
    assert_audit_clean()


@pytest.mark.django_db(transaction=True)
def test_the_same_seed_makes_the_same_ledger_and_another_one_another(stopped: None) -> None:
    def ledger(seed: int) -> list[tuple[Any, ...]]:
        call_command("flush", interactive=False, verbosity=0)
        make(Volume(customers=120, entries=1_000, programs=2, seed=seed))
        return _rows(LEDGER)

    first, again, other = ledger(1), ledger(1), ledger(2)

    assert first == again
    assert first != other


def test_a_database_with_customers_is_refused_and_stays_as_it_is() -> None:
    create_customer(actor=system_actor(), first_name="Ada", last_name="First")

    with pytest.raises(NotEmpty):
        make(SMALL)

    assert Customer.objects.count() == 1
    assert not Program.objects.exists()


def test_production_needs_force(settings: Any) -> None:
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="--force"):
        call_command("seed_volume", stdout=StringIO())

    assert not Customer.objects.exists()


@pytest.mark.parametrize(("customers", "entries", "programs"), [(99, 1_000, 1), (100, 999, 1), (100, 1_000, 0)])
def test_figures_out_of_bounds_are_refused(customers: int, entries: int, programs: int) -> None:
    with pytest.raises(CommandError):
        call_command(
            "seed_volume", customers=customers, entries=entries, program_count=programs, verbosity=0, stdout=StringIO()
        )

    assert not Program.objects.exists()


def test_the_command_prints_what_was_made() -> None:
    said = StringIO()

    call_command("seed_volume", customers=150, entries=1_500, program_count=1, verbosity=0, stdout=said)

    assert re.search(r"^\s+1,500 entries$", said.getvalue(), re.MULTILINE)
    assert re.search(r"^\s+150 customers$", said.getvalue(), re.MULTILINE)
    assert "Made in" in said.getvalue()
    assert PointAccount.objects.filter(balance__gt=0).exists()


def test_a_broken_foreign_key_is_found_when_the_tables_get_their_constraints_back() -> None:
    make(Volume(customers=100, entries=1_000, programs=1, seed=3))

    with pytest.raises(Exception, match="violates foreign key constraint"), bare(["points_draw"]):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO points_draw (entry_id, lot_id, posting_id, amount) VALUES (-1, -1, -1, 5)")
