"""Rewards, orders and vouchers over the API."""

from collections.abc import Callable
from datetime import date

import pytest

from activities.models import RewardOrder, Voucher, VoucherUse
from customers.erasing import erase_customer
from gateway.models import IdempotencyRecord, Throttle
from gateway.throttling import MOST_FAILURES
from memberships.models import Membership
from points.models import Posting
from programs.models import Program, Tier
from tests.factories import ACTOR, account_of, make_program, member_of
from tests.rewards import issued, left_of, make_reward, make_voucher_reward, ordered

from .conftest import Caller, earned

pytestmark = pytest.mark.django_db


@pytest.fixture
def emma(michael_adams: Membership) -> Membership:
    earned(michael_adams, 1_000)
    return michael_adams


@pytest.fixture
def shop(caller, miles: Program) -> Caller:
    return caller("points:redeem", "vouchers:use", programs=(miles,))


def order(shop: Caller, membership: Membership, reward: str = "headphones", **more: object) -> dict:
    answer = shop.post("reward-orders", {"membership": membership.pk, "reward": reward, **more})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_the_catalog_shows_what_is_offered_with_price_conditions_and_stock(shop: Caller, miles: Program) -> None:
    gold = Tier.objects.get(group__program=miles, code="gold")
    make_reward(miles, left=0, tier=gold, limit_per_member=2, valid_from=date(2026, 1, 1), description="Wireless")
    make_voucher_reward(miles, price=250)
    make_reward(miles, "cup", status="draft")
    make_reward(miles, "cap", status="withdrawn")
    headphones, ten_off = shop.get("programs/miles/rewards").json()["results"]
    assert headphones == {
        "program": "miles", "code": "headphones", "name": "Headphones", "description": "Wireless", "kind": "product",
        "price": 100, "point_type": "miles", "tier": "gold", "limit_per_member": 2, "valid_from": "2026-01-01",
        "valid_until": None, "face": None, "voucher_days": None, "left": 0, "available": False,
    }  # fmt: skip
    assert (ten_off["face"], ten_off["voucher_days"]) == ({"amount": "10.00", "currency": "EUR"}, 30)
    assert (ten_off["left"], ten_off["available"], ten_off["price"]) == (None, True, 250)
    assert [one["code"] for one in shop.get("programs/miles/rewards?kind=voucher").json()["results"]] == ["ten-off"]


def test_the_catalog_of_a_foreign_program_does_not_exist(shop: Caller) -> None:
    make_reward(make_program("sea"))
    assert shop.get("programs/sea/rewards").status_code == 404


def test_the_rewards_of_all_programs_are_those_the_caller_works_for(
    caller: Callable[..., Caller], miles: Program
) -> None:
    sky, sea = make_program("sky"), make_program("sea")
    for program in (miles, sky, sea):
        make_reward(program)
        make_voucher_reward(program)
    make_reward(sky, "cap", status="withdrawn")
    both = caller("points:redeem", programs=(miles, sky))

    def listed(query: str = "") -> list[tuple[str, str]]:
        return [(one["program"], one["code"]) for one in both.get(f"rewards{query}").json()["results"]]

    assert listed() == [
        ("miles", "headphones"), ("miles", "ten-off"), ("sky", "headphones"), ("sky", "ten-off"),
    ]  # fmt: skip
    assert listed("?program=sky&kind=voucher") == [("sky", "ten-off")]
    assert listed("?program=sea") == []


def test_an_order_answers_with_posting_balance_and_itself(shop: Caller, emma: Membership) -> None:
    item = make_reward(emma.program, left=5)
    answer = order(shop, emma, quantity=2, reference="cart 7", note="gift wrap")
    assert (answer["status"], answer["points"], answer["point_type"], answer["vouchers"]) == (
        "ordered",
        200,
        "miles",
        [],
    )
    assert answer["posting"]["entries"] == [{"point_type": "miles", "amount": -200, "balance_after": 800}]
    assert (answer["posting"]["id"], answer["balances"][0]["available"]) == (answer["paid_by"], 800)
    shown = shop.get(f"reward-orders/{answer['id']}").json()
    assert shown == {name: value for name, value in answer.items() if name in shown}
    assert left_of(item) == 3


def test_an_order_is_carried_out_once_per_key(shop: Caller, emma: Membership) -> None:
    make_reward(emma.program)
    body = {"membership": emma.pk, "reward": "headphones"}
    first, second = (shop.post("reward-orders", body, key="order-1") for _ in range(2))
    assert (first.content, second.headers["Idempotent-Replayed"]) == (second.content, "true")
    assert (RewardOrder.objects.count(), account_of(emma).balance) == (1, 900)
    assert shop.post("reward-orders", body | {"quantity": 2}, key="order-1").status_code == 422
    assert shop.post("reward-orders", body, key=None).status_code == 400


def test_a_dry_run_of_an_order_keeps_nothing_and_names_no_rows(shop: Caller, emma: Membership) -> None:
    item = make_voucher_reward(emma.program, left=3)
    body = {"membership": emma.pk, "reward": "ten-off"}
    answer = shop.post("reward-orders", body, key=None, dry_run="true").json()
    assert answer["dry_run"] is True
    assert [answer[name] for name in ("id", "activity", "paid_by")] == [None, None, None]
    assert (answer["posting"]["id"], answer["vouchers"][0]["id"], answer["vouchers"][0]["order"]) == (None, None, None)
    assert answer["balances"][0]["balance"] == 900
    assert (RewardOrder.objects.count(), Voucher.objects.count(), left_of(item)) == (0, 0, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": 1_001},
        {"quantity": "1"},
        {"reward": 7},
        {"membership": "1"},
        {"price": 1},
        {"note": "x" * 301},
        {"reward": None},
    ],
)
def test_malformed_orders_are_refused(shop: Caller, emma: Membership, wrong: dict[str, object]) -> None:
    make_reward(emma.program)
    answer = shop.post("reward-orders", {"membership": emma.pk, "reward": "headphones"} | wrong)
    assert (answer.status_code, RewardOrder.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    ("values", "asked", "code"),
    [
        ({"price": 1_001}, {}, "insufficient_points"),
        ({"left": 1}, {"quantity": 2}, "out_of_stock"),
        ({"limit_per_member": 1}, {"quantity": 2}, "reward_limit_reached"),
        ({"status": "withdrawn"}, {}, "reward_not_offered"),
        ({}, {"reward": "cap"}, "unknown_reward"),
    ],
)
def test_refusals_have_their_codes(shop: Caller, emma: Membership, values: dict, asked: dict, code: str) -> None:
    make_reward(emma.program, **values)
    answer = shop.post("reward-orders", {"membership": emma.pk, "reward": "headphones"} | asked)
    assert (answer.status_code, answer.json()["code"], account_of(emma).balance) == (422, code, 1_000)


def test_a_higher_tier_is_told(shop: Caller, emma: Membership) -> None:
    make_reward(emma.program, tier=Tier.objects.get(group__program=emma.program_id, code="gold"))
    answer = shop.post("reward-orders", {"membership": emma.pk, "reward": "headphones"}).json()
    assert (answer["code"], answer["facts"]) == ("tier_needed", {"reward": "headphones", "tier": "gold", "now": "blue"})


def test_cancelling_answers_with_what_came_back(shop: Caller, emma: Membership) -> None:
    item = make_reward(emma.program, left=5)
    placed = order(shop, emma)
    answer = shop.post(f"reward-orders/{placed['id']}/cancel", {"reason": "customer-wish"})
    body = answer.json()
    assert (answer.status_code, body["status"], body["reason"]) == (200, "cancelled", "customer-wish")
    assert body["posting"]["entries"] == [{"point_type": "miles", "amount": 100, "balance_after": 1_000}]
    assert (body["expired"], body["balances"][0]["available"], left_of(item)) == ([], 1_000, 5)
    again = shop.post(f"reward-orders/{placed['id']}/cancel", {"reason": "customer-wish"})
    assert (again.status_code, again.json()["code"]) == (409, "order_wrong_status")


def test_fulfilling_needs_its_scope_and_happens_once(shop: Caller, caller, emma: Membership) -> None:
    make_reward(emma.program)
    path = f"reward-orders/{order(shop, emma)['id']}/fulfil"
    assert shop.post(path).status_code == 403
    store = caller("rewards:manage", programs=(emma.program,))
    assert store.post(path).json()["status"] == "fulfilled"
    assert store.post(path).status_code == 409


def test_orders_are_listed_by_status_program_and_membership(shop: Caller, emma: Membership) -> None:
    make_reward(emma.program)
    first, second = (ordered(emma) for _ in range(2))
    RewardOrder.objects.filter(pk=first.pk).update(status="fulfilled", settled_at=first.ordered_at)

    def listed(query: str) -> list[int]:
        return [one["id"] for one in shop.get(f"reward-orders?{query}").json()["results"]]

    assert listed("") == [second.pk, first.pk]
    assert (listed("status=ordered"), listed("status=fulfilled")) == ([second.pk], [first.pk])
    assert (listed(f"membership={emma.pk}&page_size=1"), listed("program=sea")) == ([second.pk], [])
    assert shop.get("reward-orders?status=lost").status_code == 400


def test_orders_of_other_programs_do_not_exist(caller, emma: Membership) -> None:
    make_reward(emma.program)
    placed = ordered(emma)
    stranger = caller("points:redeem", "rewards:manage", programs=(make_program("sea"),))
    assert stranger.get("reward-orders").json()["results"] == []
    for answer in (
        stranger.get(f"reward-orders/{placed.pk}"),
        stranger.post(f"reward-orders/{placed.pk}/cancel", {"reason": "other"}),
        stranger.post(f"reward-orders/{placed.pk}/fulfil"),
        stranger.post("reward-orders", {"membership": emma.pk, "reward": "headphones"}),
    ):
        assert answer.status_code == 404
    placed.refresh_from_db()
    assert placed.status == "ordered"


def test_who_may_not_use_vouchers_sees_their_codes_masked(shop: Caller, caller, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    placed = order(shop, emma, "ten-off")
    code = placed["vouchers"][0]["code"]
    assert len(code) == 19
    Voucher.objects.update(order=placed["id"])
    RewardOrder.objects.update(channel=1)
    reader = caller("memberships:read", programs=(emma.program,))
    assert reader.get(f"reward-orders/{placed['id']}").json()["vouchers"][0]["code"] == f"\u2026{code[-4:]}"
    assert shop.get(f"reward-orders/{placed['id']}").json()["vouchers"][0]["code"] == code


def test_a_voucher_is_looked_up_used_in_parts_and_given_back(shop: Caller, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    code = order(shop, emma, "ten-off")["vouchers"][0]["code"]
    asked = {"amount": "2.50", "currency": "EUR", "reference": "receipt 9"}
    used = shop.post(f"vouchers/{code.lower()}/use", asked)
    assert (used.status_code, used.json()["remaining"]["amount"], used.json()["use"]["number"]) == (201, "7.50", 1)
    back = shop.post(f"vouchers/{code}/give-back", {"amount": "0.5", "currency": "EUR"}).json()
    assert (back["remaining"]["amount"], back["use"]["amount"]["amount"], back["status"]) == (
        "8.00",
        "-0.50",
        "part_used",
    )
    shown = shop.get(f"vouchers/{code}").json()
    assert [one["amount"]["amount"] for one in shown["uses"]] == ["2.50", "-0.50"]
    more = shop.post(f"vouchers/{code}/use", {"amount": "8.01", "currency": "EUR"})
    assert (more.status_code, more.json()["code"]) == (422, "voucher_too_small")


def test_a_voucher_is_used_once_per_key_and_not_in_a_dry_run(shop: Caller, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    code = order(shop, emma, "ten-off")["vouchers"][0]["code"]
    asked = {"amount": "4", "currency": "EUR"}
    rehearsed = shop.post(f"vouchers/{code}/use", asked, key=None, dry_run="true").json()
    assert (rehearsed["remaining"]["amount"], VoucherUse.objects.count()) == ("6.00", 0)
    first, second = (shop.post(f"vouchers/{code}/use", asked, key="use-1") for _ in range(2))
    assert (first.content, VoucherUse.objects.count()) == (second.content, 1)


@pytest.mark.parametrize("amount", ["0", "0.00", "-1", "1.005", "1e3", "1,5", 0, True, None, "", " 1", "9" * 11])
def test_malformed_amounts_are_refused(shop: Caller, emma: Membership, amount: object) -> None:
    make_voucher_reward(emma.program)
    code = order(shop, emma, "ten-off")["vouchers"][0]["code"]
    assert shop.post(f"vouchers/{code}/use", {"amount": amount, "currency": "EUR"}).status_code == 400
    assert Voucher.objects.get().status == "issued"


# A wrong code is counted outside of the transaction.
@pytest.mark.django_db(transaction=True)
def test_codes_tried_at_random_are_counted_and_stopped(shop: Caller, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    code = order(shop, emma, "ten-off")["vouchers"][0]["code"]
    tried = (shop.get("vouchers/0"), shop.post("vouchers/0/use", {"amount": "1", "currency": "EUR"}))
    assert [one.status_code for one in tried] == [404, 404]
    counter = Throttle.objects.get(subject__startswith="numbers:")
    assert counter.count == 2
    Throttle.objects.filter(pk=counter.pk).update(count=MOST_FAILURES)
    answer = shop.post(f"vouchers/{code}/use", {"amount": "1", "currency": "EUR"})
    assert (answer.status_code, Voucher.objects.get().status) == (429, "issued")


def test_what_names_vouchers_goes_when_the_person_is_erased(shop: Caller, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    placed = order(shop, emma, "ten-off", note="leave it with the neighbour")
    customer = emma.members.get().customer
    assert IdempotencyRecord.objects.filter(customers__contains=[member_of(emma)]).exists()
    shop.post(
        f"vouchers/{placed['vouchers'][0]['code']}/use", {"amount": "1", "currency": "EUR", "reference": "Ms Adams"}
    )
    erase_customer(customer, actor=ACTOR, reason="asked for it")
    assert RewardOrder.objects.get().note == ""
    assert VoucherUse.objects.get().reference == ""
    assert not IdempotencyRecord.objects.filter(customers__contains=[customer.pk], erased=False).exists()
    assert Posting.objects.filter(kind="redeem").count() == 1


def test_a_voucher_a_rule_gave_has_no_order(shop: Caller, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    voucher = issued(emma, emma.activities.get().pk)
    assert shop.get(f"vouchers/{voucher.code}").json()["order"] is None
