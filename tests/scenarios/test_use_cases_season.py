"""A summer program beside the one of the whole year: points of its own, a last day, vouchers that outlive it."""

from datetime import date, timedelta
from typing import NamedTuple

import pytest

from programs.models import ExpiryPolicy, Program

from .marketing import everything_at, gave, open_club, per, reward, rule
from .telling import Caller, days_from_now, everything, later, run, today


class Chain(NamedTuple):
    year_round: Program
    summer: Program
    last_day: date


@pytest.fixture
def chain(transactional_db: None) -> Chain:
    year_round = open_club("year-round", "Year-Round Loyalty", "Loyalty points")
    rule(year_round, "base", per(1))
    last_day = today(year_round) + timedelta(days=60)
    ending = {"expiry_policy": ExpiryPolicy.ON_DATE, "expiry_date": last_day}
    summer = open_club("summer-bonus", "Summer Bonus", "Summer points", of_points=ending, valid_until=last_day)
    rule(summer, "base", per(2), group="base")
    rule(summer, "last-week", {"do": "multiply", "factor": "2"}, valid_from=last_day - timedelta(days=6))
    reward(summer, "five-off", 500, face=5, voucher_days=30)
    return Chain(year_round, summer, last_day)


@pytest.fixture
def till(chain: Chain) -> Caller:
    return everything_at("till", chain.year_round, chain.summer)


@pytest.fixture
def david(till: Caller) -> tuple[int, int, int]:
    customer = till.does("customers", kind="person", first_name="David", last_name="Park")["id"]
    asked = [{"program": code, "accept_terms": True} for code in ("year-round", "summer-bonus")]
    loyal, summer = till.does("enrollments", customer=customer, enrollments=asked)["results"]
    return customer, loyal["id"], summer["id"]


def status_of(till: Caller, membership: int) -> tuple[str, str | None]:
    shown = till.reads(f"memberships/{membership}")
    return shown["status"], shown["end_reason"]


def test_the_summer_ends_by_itself_its_points_with_it_and_the_rest_goes_on(
    chain: Chain, till: Caller, david: tuple[int, int, int]
) -> None:
    customer, loyal, summer = david
    both = (chain.year_round, chain.summer)
    sale = {"amount": "350.00", "currency": "EUR"}
    assert gave(till.does("transactions", reference="Y-1", membership_id=loyal, **sale)) == [("base", 350)]
    assert gave(till.does("transactions", reference="S-1", membership_id=summer, **sale)) == [("base", 700)]
    (lot,) = till.reads(f"memberships/{summer}/lots")["results"]
    assert lot["expires_at"].startswith(str(chain.last_day + timedelta(days=1)))
    (voucher,) = till.does("reward-orders", membership=summer, reward="five-off")["vouchers"]

    # On the last day everything still counts, in the last week twice.
    later(*both, days=60)
    assert days_from_now(chain.summer, 0) == chain.last_day
    last = till.does("transactions", reference="S-2", membership_id=summer, amount="10.00", currency="EUR")
    assert gave(last) == [("base", 20), ("last-week", 20)]
    assert run("renew_memberships", "--dry-run").startswith("0 would be renewed, 0 would be lapsed, 0 would be ended")
    assert till.points_of(summer) == {"summer-points": 240}

    # The day after, the rehearsal names him and changes nothing; the run ends it, once.
    later(*both, days=1)
    before, number = everything(), till.reads(f"memberships/{summer}")["number"]
    assert f"{number} ended with its term or season" in run("renew_memberships", "--dry-run")
    assert (everything(), status_of(till, summer)) == (before, ("active", None))
    assert f"{number} ended with its term or season" in run("renew_memberships")
    assert run("renew_memberships").startswith("0 renewed, 0 lapsed, 0 ended")
    assert (status_of(till, summer), status_of(till, loyal)) == (("expired", "term_end"), ("active", None))
    till.is_refused("memberships", 422, "program_not_valid", program="summer-bonus", customer=customer)
    nowhere = till.does("transactions", reference="S-3", customer_id=customer, program="summer-bonus", **sale)
    assert (nowhere["unattributed"]["code"], nowhere["effects"]) == ("not_a_member", [])

    # Points end with the season, vouchers by their own days.
    later(*both, days=4)
    assert run("expire_points") == "240 points expired in 1 postings."
    assert till.lines_of(summer)[-1] == ("expire", -240, 0)
    late = {"amount": "3.00", "currency": "EUR", "reference": "V-1"}
    till.is_refused(f"vouchers/{voucher['code']}/use", 422, "voucher_not_usable", **late)
    assert till.points_of(loyal) == {"loyalty-points": 350}


def test_a_voucher_of_the_last_day_is_used_after_the_season(
    chain: Chain, till: Caller, david: tuple[int, int, int]
) -> None:
    *_, summer = david
    both = (chain.year_round, chain.summer)
    later(*both, days=60)
    till.does("transactions", reference="S-1", membership_id=summer, amount="130.00", currency="EUR")
    (voucher,) = till.does("reward-orders", membership=summer, reward="five-off")["vouchers"]
    later(*both, days=20)
    run("renew_memberships", "--quiet")
    path = f"vouchers/{voucher['code']}/use"
    part = till.does(path, amount="3.00", currency="EUR", reference="V-1")
    assert (part["status"], part["remaining"]["amount"]) == ("part_used", "2.00")
    till.is_refused(path, 422, "voucher_too_small", amount="2.01", currency="EUR", reference="V-2")
    later(*both, days=11)
    till.is_refused(path, 422, "voucher_not_usable", amount="2.00", currency="EUR", reference="V-2")
    assert run("expire_vouchers") == "1 vouchers expired."
    run("expire_points")
