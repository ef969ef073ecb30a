"""Vouchers: issued, used in parts, given back, expired, cancelled."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.expiring_vouchers import expire_vouchers
from activities.models import Voucher, VoucherUse
from activities.reward_errors import RewardNoVoucher, UnknownReward, VoucherNotGiven, VoucherNotUsable, VoucherTooSmall
from activities.using_vouchers import cancel_voucher, give_back, use_voucher
from activities.vouchers import VoucherIssue, issue_many, masked_code, printed_code, typed_code
from common import clock
from common.errors import NotAllowed, NotFound
from gateway.models import Event
from memberships.lifecycle import suspend
from memberships.models import Membership
from programs.design import design_of
from programs.life import lock
from programs.models import Program
from tests.activities.test_ordering import shop
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, actor_in, make_membership, make_program
from tests.rewards import NOON, issued, make_reward, make_voucher_reward

pytestmark = pytest.mark.django_db


@pytest.fixture
def activity(michael_adams: Membership) -> int:
    """What a rule would give a voucher for."""
    make_voucher_reward(michael_adams.program)
    pk: int = earn_in_general(PointsCall(michael_adams.pk, 10), actor=ACTOR)["activity"]
    return pk


@pytest.fixture
def voucher(michael_adams: Membership, activity: int) -> Voucher:
    return issued(michael_adams, activity)


def use(voucher: Voucher, amount: str, *, currency: str = "EUR", **more: object) -> dict:
    return use_voucher(voucher.code, amount=Decimal(amount), currency=currency, actor=ACTOR, **more)


def state(voucher: Voucher) -> tuple[str, str]:
    voucher.refresh_from_db()
    return voucher.status, str(voucher.remaining)


def test_codes_are_long_random_and_read_however_they_are_typed(voucher: Voucher) -> None:
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{16}", voucher.code)
    shown = printed_code("0123456789ABCDEF")
    assert (shown, masked_code("0123456789ABCDEF")) == ("0123-4567-89AB-CDEF", "\u2026CDEF")
    for typed in (shown, shown.lower(), "o l23 4567-89ab cdef", "0I23456789ABCDEF"):
        assert typed_code(typed) == "0123456789ABCDEF"


def test_many_are_issued_in_order_with_an_event_each_and_no_code_in_it(
    michael_adams: Membership, activity: int
) -> None:
    katrin = make_membership(michael_adams.program, "Katrin Bauer")
    make_voucher_reward(michael_adams.program, "five-off", face=Decimal("5.50"), voucher_days=None)
    design = design_of(michael_adams.program_id, fresh=True)
    plan = [(michael_adams, "ten-off"), (katrin, "five-off"), (michael_adams, "five-off")]
    issues = [VoucherIssue(one.pk, reward, activity, NOON) for one, reward in plan]
    made = issue_many(issues, design=design, actor=ACTOR)
    assert [(one.membership_id, one.face, one.remaining) for one in made] == [
        (michael_adams.pk, Decimal("10.00"), Decimal("10.00")),
        (katrin.pk, Decimal("5.50"), Decimal("5.50")),
        (michael_adams.pk, Decimal("5.50"), Decimal("5.50")),
    ]
    told = list(Event.objects.filter(kind="voucher.issued").order_by("pk"))
    assert [(one.subject_id, one.facts["reward"]) for one in told] == [
        (row.pk, reward) for row, (_, reward) in zip(made, plan, strict=True)
    ]
    assert all(row.code not in str(one.facts) for row in made for one in told)
    assert_audit_clean()


def test_one_is_usable_through_its_last_day_in_the_programs_zone(miles: Program) -> None:
    miles.time_zone = "Europe/Berlin"
    miles.save()
    member = make_membership(miles, "Emma Stone")
    make_voucher_reward(miles, voucher_days=1)
    activity = earn_in_general(PointsCall(member.pk, 10), actor=ACTOR)["activity"]
    design = design_of(miles.pk, fresh=True)
    (row,) = issue_many([VoucherIssue(member.pk, "ten-off", activity, NOON)], design=design, actor=ACTOR)
    assert row.expires_at.isoformat() == "2026-06-16T22:00:00+00:00"


def test_only_rewards_of_kind_voucher_are_issued(michael_adams: Membership, activity: int) -> None:
    make_reward(michael_adams.program, "cup")
    with pytest.raises(RewardNoVoucher):
        issued(michael_adams, activity, "cup")
    with pytest.raises(UnknownReward):
        issued(michael_adams, activity, "cap")
    assert not Voucher.objects.exists()


def test_one_is_used_in_parts_until_nothing_is_left(voucher: Voucher) -> None:
    first = use(voucher, "3.25", reference="receipt 9")
    assert first["use"]["number"] == 1
    assert first["use"]["amount"] == {"amount": "3.25", "currency": "EUR"}
    assert (first["status"], first["remaining"]["amount"]) == ("part_used", "6.75")
    use(voucher, "6.75")
    assert state(voucher) == ("used", "0.00")
    with pytest.raises(VoucherNotUsable):
        use(voucher, "0.01")
    rows = VoucherUse.objects.values_list("number", "amount", "remaining_after", "reference")
    assert list(rows) == [(1, Decimal("3.25"), Decimal("6.75"), "receipt 9"), (2, Decimal("6.75"), Decimal(0), "")]
    assert [one.facts["remaining"] for one in Event.objects.filter(kind="voucher.used").order_by("pk")] == [
        "6.75", "0.00",
    ]  # fmt: skip
    assert_audit_clean()


def test_more_than_is_left_is_refused_and_changes_nothing(voucher: Voucher) -> None:
    use(voucher, "9.99")
    with pytest.raises(VoucherTooSmall) as caught:
        use(voucher, "0.02")
    assert caught.value.facts == {"remaining": "0.01", "asked": "0.02", "currency": "EUR"}
    assert (state(voucher), VoucherUse.objects.count()) == (("part_used", "0.01"), 1)


def test_another_currency_is_refused(voucher: Voucher) -> None:
    with pytest.raises(VoucherNotUsable, match="worth EUR, not USD"):
        use(voucher, "1", currency="USD")
    assert state(voucher) == ("issued", "10.00")


def test_what_a_sale_took_is_given_back_and_never_more(voucher: Voucher) -> None:
    use(voucher, "10")
    back = give_back(voucher.code, amount=Decimal("4"), currency="EUR", actor=ACTOR)
    assert (back["status"], back["use"]["amount"]["amount"]) == ("part_used", "-4.00")
    with pytest.raises(VoucherNotGiven):
        give_back(voucher.code, amount=Decimal("6.01"), currency="EUR", actor=ACTOR)
    give_back(voucher.code, amount=Decimal("6"), currency="EUR", actor=ACTOR)
    assert state(voucher) == ("issued", "10.00")
    assert_audit_clean()


def test_past_its_time_it_is_unusable_though_no_run_noted_it(voucher: Voucher) -> None:
    use(voucher, "4")
    with clock.frozen(voucher.expires_at - timedelta(microseconds=1)):
        use(voucher, "1")
    with clock.frozen(voucher.expires_at), pytest.raises(VoucherNotUsable, match="is expired"):
        use(voucher, "1")
    assert state(voucher) == ("part_used", "5.00")


def test_the_run_notes_what_is_past_its_time_once(voucher: Voucher, michael_adams: Membership, miles: Program) -> None:
    spent, later = (issued(michael_adams, voucher.activity_id) for _ in range(2))
    use(spent, "10")
    Voucher.objects.filter(pk=later.pk).update(expires_at=voucher.expires_at + timedelta(days=1))
    with clock.frozen(voucher.expires_at - timedelta(microseconds=1)):
        assert expire_vouchers(miles, actor=ACTOR) == 0
    with clock.frozen(voucher.expires_at):
        assert expire_vouchers(miles, actor=ACTOR) == 1
        assert expire_vouchers(miles, actor=ACTOR) == 0
    assert (state(voucher), state(spent), state(later)) == (("expired", "10.00"), ("used", "0.00"), ("issued", "10.00"))
    (told,) = Event.objects.filter(kind="voucher.expired")
    assert (told.subject_id, told.facts["amount"]) == (voucher.pk, "10.00")
    assert_audit_clean()


def test_the_run_goes_in_small_transactions_and_waits_in_a_locked_program(
    michael_adams: Membership, activity: int, miles: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.expiring_vouchers.AT_ONCE", 2)
    for _ in range(5):
        issued(michael_adams, activity)
    steps: list[int] = []
    with clock.frozen(clock.now() + timedelta(days=40)):
        lock(miles, actor=ACTOR, reason="audit")
        assert expire_vouchers(miles, actor=ACTOR) == 0
        miles.refresh_from_db()
        miles.status = "released"
        miles.save()
        assert expire_vouchers(miles, actor=ACTOR, progress=steps.append) == 5
    assert steps == [2, 2, 1]


def test_the_command_says_how_many_and_a_dry_run_changes_nothing(
    voucher: Voucher, capsys: pytest.CaptureFixture
) -> None:
    with clock.frozen(voucher.expires_at):
        call_command("expire_vouchers", "--dry-run")
        assert capsys.readouterr().out == "1 vouchers would expire.\n"
        assert state(voucher)[0] == "issued"
        call_command("expire_vouchers", "miles")
    assert capsys.readouterr().out == "1 vouchers expired.\n"
    assert state(voucher)[0] == "expired"


def test_what_is_given_back_to_one_past_its_time_is_gone(voucher: Voucher, miles: Program) -> None:
    use(voucher, "10")
    with clock.frozen(voucher.expires_at):
        back = give_back(voucher.code, amount=Decimal("2"), currency="EUR", actor=ACTOR)
        assert back["status"] == "expired"
        assert expire_vouchers(miles, actor=ACTOR) == 1
        give_back(voucher.code, amount=Decimal("1"), currency="EUR", actor=ACTOR)
    assert state(voucher) == ("expired", "3.00")
    assert_audit_clean()


def test_one_is_cancelled_by_hand_with_a_reason_and_for_good(voucher: Voucher) -> None:
    with pytest.raises(NotAllowed):
        cancel_voucher(voucher.pk, actor=shop("vouchers:use"), reason_code="abuse")
    use(voucher, "4")
    cancel_voucher(voucher.pk, actor=ACTOR, reason_code="abuse")
    assert (state(voucher), voucher.ended_why) == (("cancelled", "6.00"), "abuse")
    for verb in (
        lambda: use(voucher, "1"),
        lambda: cancel_voucher(voucher.pk, actor=ACTOR, reason_code="abuse"),
    ):
        with pytest.raises(VoucherNotUsable):
            verb()
    with pytest.raises(VoucherNotGiven):
        give_back(voucher.code, amount=Decimal("1"), currency="EUR", actor=ACTOR)
    assert_audit_clean()


def test_it_was_paid_for_so_neither_suspension_nor_a_lock_bars_it(voucher: Voucher, michael_adams: Membership) -> None:
    suspend(michael_adams, actor=ACTOR, reason="checked")
    lock(michael_adams.program, actor=ACTOR, reason="audit")
    assert use(voucher, "4")["remaining"]["amount"] == "6.00"


def test_foreign_and_unknown_codes_answer_alike(voucher: Voucher) -> None:
    stranger = actor_in(make_program("sea"))
    told = []
    for code in (voucher.code, "0" * 16):
        with pytest.raises(NotFound) as caught:
            use_voucher(code, amount=Decimal(1), currency="EUR", actor=stranger)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert state(voucher) == ("issued", "10.00")


def test_using_needs_its_right(voucher: Voucher) -> None:
    with pytest.raises(NotAllowed):
        use_voucher(voucher.code, amount=Decimal(1), currency="EUR", actor=shop("points:redeem"))
    assert state(voucher) == ("issued", "10.00")
