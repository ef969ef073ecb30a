"""Faults of cards, customers, activities and history."""

from django.db.models import QuerySet

from activities.models import MemberActivity
from cards.models import CardType, NumberRegistry
from customers.models import Address, CustomerNumber, Message
from gateway.models import IdempotencyRecord
from memberships.models import CardHolding
from programs.models import Program
from tests.factories import make_customer

from .faults import fault
from .world import World, days


def _save(row: object, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()  # type: ignore[attr-defined]


@fault("K01")
def number_on_two_cards(w: World) -> None:
    _save(w.card("katrin"), number=w.card("michael").number)


@fault("K02")
def active_card_of_nobody(w: World) -> None:
    w.new_card(status="active")


@fault("K03")
def unused_card_with_a_first_use(w: World) -> None:
    w.new_card(kind="temporary", status="created")


@fault("K03")
def used_temporary_card_that_nobody_held(w: World) -> None:
    w.new_card(kind="temporary", status="blocked")


@fault("K04")
def anonymous_membership_with_two_cards(w: World) -> None:
    w.hold_card("anonymous", None, kind="temporary")


@fault("K05")
def member_without_main_card(w: World) -> None:
    _save(w.card("katrin"), kind="additional")


@fault("K06")
def replaced_card_still_in_use(w: World) -> None:
    w.new_card(status="blocked", successor=w.card("michael"))


@fault("K06")
def renewed_card_without_an_end(w: World) -> None:
    _save(w.card("katrin"), successor=w.new_card(status="created", activated_at=None))


@fault("K06")
def card_replaced_by_nothing(w: World) -> None:
    w.new_card(status="replaced")


@fault("K06")
def card_replaced_by_an_older_one(w: World) -> None:
    w.new_card(status="replaced", created_at=w.now, successor=w.card("michael"))


@fault("K07")
def card_of_one_who_left(w: World) -> None:
    _save(w.join("moore", "ada"), ended_at=w.now - days(1))


@fault("K08")
def card_number_registered_in_another_program(w: World) -> None:
    NumberRegistry.objects.filter(number=w.card("katrin").number_id).update(program=w.south)


@fault("K11")
def card_in_use_and_barred(w: World) -> None:
    _save(w.card("katrin"), barred_from=w.now)


@fault("K11")
def lost_card_that_bars_nothing(w: World) -> None:
    _save(w.card("katrin"), status="lost")


@fault("K11")
def card_expired_without_an_end(w: World) -> None:
    _save(w.card("katrin"), status="expired")


@fault("K11")
def card_of_another_programs_type(w: World) -> None:
    _save(w.card("katrin"), card_type=CardType.objects.create(program=w.south, code="plain", name="Plain"))


@fault("K09")
def card_held_before_joining(w: World) -> None:
    _save(CardHolding.objects.get(membership=w.memberships["katrin"]), held_from=w.now - days(200))


@fault("N01")
def customer_without_registered_number(w: World) -> None:
    CustomerNumber.objects.filter(customer=w.customers["katrin"]).delete()


def _message(w: World, name: str, **values: object) -> None:
    given = {"channel": "email", "purpose": "code", "template": "code", "created_at": w.now}
    Message.objects.create(customer=w.customers[name], **(given | values))


@fault("N02")
def code_kept_after_it_was_sent(w: World) -> None:
    _message(w, "katrin", status="sent", sent_at=w.now, body="Your code is 471123")


@fault("N02")
def link_kept_after_it_failed(w: World) -> None:
    _message(w, "katrin", status="failed", purpose="link", body="https://loyalty.example/consent/1")


@fault("N03")
def address_kept_of_an_erased_customer(w: World) -> None:
    _message(w, "gone", status="suppressed", address="somebody@example.com")


@fault("N04")
def merged_record_in_use(w: World) -> None:
    spare = make_customer("Spare")
    _save(spare, merged_into=w.customers["michael"])


@fault("N04")
def merged_into_a_merged_record(w: World) -> None:
    first, second = make_customer("First"), make_customer("Second")
    _save(first, merged_into=w.customers["michael"], status="closed")
    _save(second, merged_into=first, status="closed")


@fault("T01")
def waiting_activity_with_a_posting(w: World) -> None:
    MemberActivity.objects.filter(posting=w.postings["earn"]).update(status="received")


@fault("T02")
def activity_of_another_membership(w: World) -> None:
    MemberActivity.objects.filter(posting=w.postings["earn"]).update(membership=w.memberships["katrin"])


@fault("T02")
def activity_with_a_posting_that_is_gone(w: World) -> None:
    MemberActivity.objects.filter(posting=w.postings["earn"]).update(posting=0)


@fault("H01")
def changed_without_history(w: World) -> None:
    QuerySet(Program).filter(pk=w.north.pk).update(name="Renamed in silence")


@fault("H02")
def deleted_without_history(w: World) -> None:
    rows = QuerySet(Address).filter(customer=w.customers["michael"])
    rows._raw_delete(rows.db)


@fault("H03")
def erased_customer_with_a_name(w: World) -> None:
    _save(w.customers["gone"], name="Still here")


@fault("H03")
def erased_customer_in_a_kept_answer(w: World) -> None:
    IdempotencyRecord.objects.filter(key_digest=b"k" * 32).update(customers=[w.customers["gone"].pk])
