"""A wholesale club: access is free, Premium Plus costs 120 a year and pays 2 % back, and lapses where nobody pays."""

from decimal import Decimal
from typing import NamedTuple

import pytest

from activities.analytics.programs import analysis_of
from common import clock
from memberships.lifecycle import record_payment
from memberships.models import Membership, MembershipTerm
from programs.models import Activation, Program
from tests.factories import ACTOR

from .marketing import benefit, benefits_of, everything_at, gave, number, open_club, per, reward, rule
from .telling import Caller, days_from_now, everything, later, run, today


class Club(NamedTuple):
    basic: Program
    premium: Program


@pytest.fixture
def club(transactional_db: None) -> Club:
    basic = open_club("basic-access", "Basic Access", currency="USD")
    number(basic, "visits")
    rule(basic, "visits", {"do": "add_to_attribute", "attribute": "visits", "amount": "1"})
    premium = open_club(
        "premium-plus", "Premium Plus", "Cash back", rungs=[("Annual Subscriber", 0)], currency="USD",
        fee=Decimal(120), term_months=12, auto_renew=True, renewal_grace_days=14, rest_days=60,
        activation=Activation.FIRST_PAYMENT,
    )  # fmt: skip
    benefit(premium, "exclusive-products", "annual-subscriber")
    benefit(premium, "free-delivery")
    rule(premium, "two-percent", per(2))
    delivery = {"do": "grant_benefit", "benefit": "free-delivery", "days": 30}
    rule(premium, "free-delivery", delivery, condition="activity.amount >= 250")
    reward(premium, "twenty-off", 2_000, face=Decimal(20), voucher_days=90)
    return Club(basic, premium)


@pytest.fixture
def till(club: Club) -> Caller:
    return everything_at("till", *club)


@pytest.fixture
def marcus(till: Caller) -> tuple[int, int, int]:
    """The customer and both memberships."""
    customer = till.does("customers", kind="person", first_name="Marcus", last_name="Thompson")["id"]
    asked = [{"program": code, "accept_terms": True} for code in ("basic-access", "premium-plus")]
    basic, premium = till.does("enrollments", customer=customer, enrollments=asked)["results"]
    return customer, basic["id"], premium["id"]


def pay(membership: int, reference: str) -> None:
    row = Membership.objects.get(pk=membership)
    record_payment(row, actor=ACTOR, reference=reference, paid_at=clock.program_now(row.program))


def status_of(till: Caller, membership: int) -> tuple[str, str | None]:
    shown = till.reads(f"memberships/{membership}")
    return shown["status"], shown["end_reason"]


def fees(membership: int) -> list[tuple[str, bool]]:
    """(fee, paid) of every term, the oldest first."""
    terms = MembershipTerm.objects.filter(membership=membership).order_by("first_day")
    return [(str(one.fee), one.paid_at is not None) for one in terms]


def test_premium_begins_with_the_first_payment_and_gives_what_basic_does_not(
    club: Club, till: Caller, marcus: tuple[int, int, int]
) -> None:
    customer, basic, premium = marcus
    sale = {"amount": "300.00", "currency": "USD"}
    assert status_of(till, premium) == ("inactive", None)
    till.is_refused("transactions", 422, "membership_not_able", reference="P-0", membership_id=premium, **sale)
    assert (benefits_of(till, premium), benefits_of(till, basic)) == ({}, {})
    visit = till.does("transactions", reference="B-1", membership_id=basic, **sale)
    assert (gave(visit), visit["balances"]) == ([("visits", 0)], [])
    assert visit["effects"][0]["because"] == "Visits, version 1, set Visits to 1 because 1 was added."

    pay(premium, "first year")
    assert status_of(till, premium) == ("active", None)
    assert benefits_of(till, premium) == {"exclusive-products": {"tier"}}
    bought = till.does("transactions", reference="P-1", customer_id=customer, program="premium-plus", **sale)
    assert gave(bought) == [("two-percent", 600), ("free-delivery", 0)]
    assert benefits_of(till, premium) == {"exclusive-products": {"tier"}, "free-delivery": {"rule"}}
    later(club.premium, days=29)
    assert "free-delivery" in benefits_of(till, premium)
    later(club.premium, days=2)
    assert benefits_of(till, premium) == {"exclusive-products": {"tier"}}

    # 2 % in cents and whole points: 2 for each full dollar.
    assert gave(till.does("transactions", reference="P-2", amount="699.99", currency="USD", membership_id=premium)) == [
        ("two-percent", 1_398), ("free-delivery", 0),
    ]  # fmt: skip
    till.is_refused("reward-orders", 422, "insufficient_points", membership=premium, reward="twenty-off")
    till.does("transactions", reference="P-3", amount="1.00", currency="USD", membership_id=premium)
    (voucher,) = till.does("reward-orders", membership=premium, reward="twenty-off")["vouchers"]
    used = till.does(f"vouchers/{voucher['code']}/use", amount="12.50", currency="USD", reference="P-4")
    assert (used["status"], used["remaining"]) == ("part_used", {"amount": "7.50", "currency": "USD"})
    assert till.points_of(premium) == {"cash-back": 0}
    assert {one["attribute"]: one["value"] for one in till.reads(f"memberships/{basic}/attributes")["results"]} == {
        "visits": "1"
    }


def test_premium_renews_by_itself_is_paid_within_the_grace_then_lapses_and_basic_goes_on(
    club: Club, till: Caller, marcus: tuple[int, int, int]
) -> None:
    customer, basic, premium = marcus
    pay(premium, "first year")
    till.does("transactions", reference="P-1", amount="500.00", currency="USD", membership_id=premium)
    shown = till.reads(f"memberships/{premium}")
    last_day = days_from_now(club.premium, 0).replace(year=today(club.premium).year + 1)
    assert shown["expires_on"] >= str(last_day.replace(day=1))
    number_ = shown["number"]

    # The last day is over: a rehearsal lists him and changes nothing, the run does, twice is once.
    later(*club, days=366)
    before = everything()
    told = run("renew_memberships", "--dry-run")
    assert told.splitlines()[0].startswith(f"{number_} renewed, last day ")
    assert told.endswith(
        "1 would be renewed, 0 would be lapsed, 0 would be ended, 0 would be ended for want of activity, "
        "0 left for the next run."
    )
    assert (everything(), fees(premium)) == (before, [("120.00", True)])
    run("renew_memberships")
    assert run("renew_memberships").startswith("0 renewed, 0 lapsed")
    assert fees(premium) == [("120.00", True), ("120.00", False)]

    # Within the grace he goes on, and pays on its last day.
    later(*club, days=13)
    assert run("renew_memberships").startswith("0 renewed, 0 lapsed")
    till.does("transactions", reference="P-2", amount="50.00", currency="USD", membership_id=premium)
    pay(premium, "second year")
    assert fees(premium) == [("120.00", True)] * 2
    figures = analysis_of(club.premium)
    assert (figures.fees, figures.cost, figures.result) == (Decimal(120), Decimal(1), Decimal(119))

    # The third year nobody pays: it lapses with the end of the second, and the points rest.
    later(*club, days=353)
    run("renew_memberships")
    second = till.reads(f"memberships/{premium}")["expires_on"]
    later(*club, days=15)
    assert f"{number_} lapsed, the fee was not paid" in run("renew_memberships", "premium-plus", "--dry-run")
    assert status_of(till, premium) == ("active", None)
    assert run("renew_memberships").startswith(f"{number_} lapsed, the fee was not paid")
    assert status_of(till, premium) == ("expired", "term_end")
    assert till.reads(f"memberships/{premium}")["expires_on"] < second
    assert fees(premium) == [("120.00", True)] * 2
    assert (benefits_of(till, premium), till.points_of(premium)) == ({}, {"cash-back": 1_100})
    till.is_refused(f"memberships/{premium}/redeem-points", 422, "membership_ended", points=1)

    # His next sale is his all the same, on no membership; access is as it was.
    sale = {"amount": "20.00", "currency": "USD", "customer_id": customer}
    nowhere = till.does("transactions", reference="P-3", program="premium-plus", **sale)
    assert (nowhere["unattributed"]["code"], nowhere["effects"]) == ("not_a_member", [])
    assert gave(till.does("transactions", reference="B-1", program="basic-access", **sale)) == [("visits", 0)]
    assert status_of(till, basic) == ("active", None)
    told = till.reads(f"customers/{customer}/transactions")
    assert [(one["purchases"], one["net"]) for one in told["totals"]] == [(4, "590.00")]

    later(*club, days=61)
    assert run("expire_points") == "1100 points expired in 1 postings."
    assert till.lines_of(premium)[-1] == ("expire", -1_100, 0)
