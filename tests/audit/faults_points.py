"""Faults of the ledger, its lots and its postings."""

from datetime import timedelta

from django.db.models import F

from gateway.models import Channel, Event, EventNumber, IdempotencyRecord
from points.keeping import keep_days
from points.models import Adjustment, DayFigure, Debt, Draw, Entry, Hold, HoldLot, KeptDays, Lot, PointAccount, Posting

from . import ledger
from .faults import fault
from .world import World, days


def _account(w: World, **values: object) -> None:
    PointAccount.objects.filter(pk=w.account("michael").pk).update(**values)


def _lot(w: World, name: str, **values: object) -> None:
    Lot.objects.filter(pk=w.lots[name].pk).update(**values)


def _posting(w: World, name: str, **values: object) -> None:
    Posting.objects.filter(pk=w.postings[name].pk).update(**values)


def _hold(w: World, name: str, **values: object) -> None:
    Hold.objects.filter(pk=w.holds[name].pk).update(**values)


def _kept(**values: object) -> None:
    IdempotencyRecord.objects.filter(key_digest=b"k" * 32).update(**values)


@fault("L01", "P03")
def balance_written_past_the_ledger(w: World) -> None:
    _account(w, balance=F("balance") + 1)


@fault("L02")
def entry_counted_that_does_not_exist(w: World) -> None:
    _account(w, entry_count=F("entry_count") + 1)


@fault("L03")
def running_balance_off_by_one(w: World) -> None:
    last = Entry.objects.filter(account=w.account("michael")).order_by("-number")[0]
    Entry.objects.filter(pk=last.pk).update(balance_after=F("balance_after") + 1)


@fault("L04")
def qualifying_points_below_zero(w: World) -> None:
    w.account("katrin", w.status).delete()
    PointAccount.objects.filter(pk=w.account("katrin", w.spark).pk).update(point_type=w.status)


@fault("L05")
def entry_of_zero(w: World) -> None:
    account = w.account("michael")
    account.entry_count += 1
    account.save()
    Entry.objects.create(
        posting=w.postings["earn"],
        account=account,
        program=w.north,
        number=account.entry_count,
        amount=0,
        balance_after=account.balance,
    )


@fault("L06")
def transfer_with_one_side(w: World) -> None:
    _posting(w, "expire", kind="transfer")


@fault("L07")
def posting_without_entry(w: World) -> None:
    w.post("empty", "expire", w.now + days(0.01))


@fault("L08")
def entry_of_another_program(w: World) -> None:
    Entry.objects.filter(posting=w.postings["earn"]).update(program=w.south)


@fault("L05", "L07", "L14")
def entry_of_a_posting_that_is_gone(w: World) -> None:
    Entry.objects.filter(posting=w.postings["earn"]).update(posting=0)


@fault("L09")
def expiry_that_adds(w: World) -> None:
    _posting(w, "pooled", kind="expire")
    pooled = PointAccount.objects.filter(pk=w.account("john", pool=True).pk)
    pooled.update(lifetime_earned=F("lifetime_earned") - 900)


@fault("L10")
def expiry_reversed(w: World) -> None:
    _posting(w, "reverse", reverses=w.postings["expire"])
    _account(w, lifetime_redeemed=F("lifetime_redeemed") + 100)


@fault("L10")
def more_reversed_than_posted(w: World) -> None:
    _posting(w, "reverse", reverses=w.postings["capture"])


@fault("L11")
def hold_on_qualifying_points(w: World) -> None:
    w.hold("status", Lot.objects.get(account=w.account("michael", w.status)), 10, w.now)


@fault("L13")
def cause_that_does_not_exist(w: World) -> None:
    _posting(w, "expire", cause_kind="activity", cause_id=0)


@fault("L13")
def cause_of_unknown_kind(w: World) -> None:
    _posting(w, "expire", cause_kind="mood")


@fault("L14")
def lifetime_figure_off(w: World) -> None:
    _account(w, lifetime_earned=F("lifetime_earned") + 1)


@fault("A01")
def two_accounts_of_a_type(w: World) -> None:
    PointAccount.objects.create(account_set=w.memberships["michael"].own_set, point_type=w.spark, program=w.north)


@fault("P01")
def points_given_back_to_another_lot(w: World) -> None:
    Draw.objects.filter(amount__lt=0, lot=w.lots["early"]).update(lot=w.lots["extended"])
    _lot(w, "early", remaining=F("remaining") - 100)
    _lot(w, "extended", remaining=F("remaining") + 100)


@fault("P02")
def points_moved_between_lots_without_draws(w: World) -> None:
    _lot(w, "late", remaining=F("remaining") + 10)
    _lot(w, "extended", remaining=F("remaining") - 10)


@fault("P03", "P02")
def lot_emptied_without_a_draw(w: World) -> None:
    _lot(w, "extended", remaining=F("remaining") - 10)


@fault("P04")
def lots_unlike_their_credits(w: World) -> None:
    _lot(w, "late", remaining=F("remaining") + 10, amount=F("amount") + 10)
    _lot(w, "extended", remaining=F("remaining") - 10, amount=F("amount") - 10)


@fault("P04", "P11")
def lot_of_an_entry_that_is_gone(w: World) -> None:
    _lot(w, "late", entry=0)


@fault("P03", "P04", "P05", "P12")
def lot_on_an_account_that_is_gone(w: World) -> None:
    _lot(w, "late", account=0)


@fault("P05")
def draw_under_another_debit(w: World) -> None:
    capture = Entry.objects.get(posting=w.postings["capture"])
    Draw.objects.filter(posting=w.postings["expire"]).update(entry=capture)


@fault("P05")
def draw_of_no_posting(w: World) -> None:
    Draw.objects.filter(posting=w.postings["expire"]).update(posting=0)


@fault("P06")
def expired_lot_left_open(w: World) -> None:
    _lot(w, "pooled", expires_at=w.now - days(5))


@fault("P07", "P11")
def spent_after_its_time(w: World) -> None:
    _lot(w, "early", expires_at=w.postings["redeem"].occurred_at)


@fault("P08")
def lot_without_its_date(w: World) -> None:
    _lot(w, "pooled", expires_at=None)


@fault("P09", "P03")
def debt_of_account_off(w: World) -> None:
    _account(w, debt=10)


@fault("P10")
def debt_larger_than_its_debit_left(w: World) -> None:
    Debt.objects.update(amount=81)


@fault("P11")
def lot_drawn_before_one_that_expires_first(w: World) -> None:
    _lot(w, "early", expires_at=w.now + days(250))


@fault("P11")
def debt_left_while_points_were_there(w: World) -> None:
    pool = w.account("john", pool=True)
    owed = w.adjustment("wrongly owed", -100, pool, of="john", at=w.now + days(0.01))
    ledger.debit(owed, pool, [], debt=100)


@fault("P11", "P13")
def held_points_spent(w: World) -> None:
    """200 of the 350 left in the lot are held."""
    redeem = w.post("greedy", "redeem", w.now + days(0.01))
    _hold(w, "open", points=200)
    HoldLot.objects.filter(hold=w.holds["open"]).update(points=200)
    ledger.debit(redeem, w.account("michael"), [(w.lots["late"], 151)])


@fault("P12")
def held_lots_short_of_the_hold(w: World) -> None:
    HoldLot.objects.filter(hold=w.holds["open"]).update(points=29)


@fault("P13")
def more_held_than_left(w: World) -> None:
    _hold(w, "open", points=10_000)
    HoldLot.objects.filter(hold=w.holds["open"]).update(points=10_000)


@fault("P14")
def captured_less_than_posted(w: World) -> None:
    _hold(w, "captured", captured=59)


@fault("P15")
def child_of_a_wrong_origin(w: World) -> None:
    _lot(w, "child", origin=w.lots["extended"])


@fault("P16")
def hold_long_past_its_limit(w: World) -> None:
    _hold(w, "open", expires_at=w.now - days(2))


@fault("I01")
def answer_kept_twice(w: World) -> None:
    IdempotencyRecord.objects.create(
        channel=w.till, key_digest=b"k" * 32, request_digest=b"r" * 32, status=201, body=b"{}", created_at=w.now
    )


@fault("I02")
def key_posted_twice(w: World) -> None:
    _posting(w, "earn more", key_digest=b"k" * 32)


@fault("I03")
def answer_lost(w: World) -> None:
    _kept(body=None)


@fault("I04")
def answer_not_kept(w: World) -> None:
    IdempotencyRecord.objects.all().delete()


@fault("I05")
def call_never_answered(w: World) -> None:
    IdempotencyRecord.objects.create(
        channel=w.till, key_digest=b"x" * 32, request_digest=b"r" * 32, created_at=w.now - days(0.1)
    )


@fault("I06")
def posted_by_a_foreign_channel(w: World) -> None:
    _posting(w, "expire", channel=Channel.objects.create(code="audit-stranger", name="Stranger"))


@fault("I07")
def posting_without_event(w: World) -> None:
    Event.objects.filter(subject_id=w.postings["earn"].pk).update(kind="hold.placed")


@fault("I07")
def posting_with_two_events(w: World) -> None:
    Event.objects.create(
        program=w.north, kind="points.posted", subject_id=w.postings["earn"].pk, recorded_at=w.now + days(0.1)
    )


@fault("I08")
def event_without_number(w: World) -> None:
    EventNumber.objects.filter(number=3).delete()


@fault("I09")
def refused_and_posted(w: World) -> None:
    _kept(status=422)


@fault("S01")
def adjustment_nobody_approved(w: World) -> None:
    Adjustment.objects.filter(points=200).update(needs_approval=True)


@fault("S01", "S02")
def adjustment_above_every_limit(w: World) -> None:
    Adjustment.objects.filter(points=200).update(points=1_001)


@fault("S02")
def adjustment_unlike_its_posting(w: World) -> None:
    Adjustment.objects.filter(points=200).update(points=201)


@fault("L15")
def figure_kept_under_another_day(w: World) -> None:
    keep_days(w.north)
    earliest = DayFigure.objects.order_by("day")[0]
    DayFigure.objects.filter(pk=earliest.pk).update(day=earliest.day - timedelta(days=1))


@fault("L15", "L16")
def figure_kept_with_a_point_too_many(w: World) -> None:
    keep_days(w.north)
    DayFigure.objects.filter(kind="opening").update(credited=F("credited") + 1)


@fault("L15", "L16")
def posting_recorded_in_a_day_kept_before(w: World) -> None:
    KeptDays.objects.create(
        program=w.north, through=(w.now - days(40)).date(), until=w.now - days(40), time_zone="UTC", kept_at=w.now
    )
