"""Many enrolments under one organization leave the rows that one by one leave (domain 1.8)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cards.models import Card
from common import clock
from customers.models import Customer
from gateway.models import Event
from memberships import lifecycle
from memberships.enrolling_many import Enrolment, enrol_plain, enrol_under
from memberships.enrolment import enrol
from memberships.models import (
    CardHolding,
    InheritedAgreement,
    Member,
    Membership,
    MembershipBenefit,
    TierStanding,
)
from points.models import PointAccount, PointAccountSet
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_customer
from tests.organizations import affiliated, agreement_with, group_called, make_benefit, tier_called, umbrella
from tests.rows import all_rows

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
OWN = {
    "id", "membership_id", "customer_id", "own_set_id", "account_set_id", "number", "number_id", "card_id",
    "history_id", "history_date", "history_type",
}  # fmt: skip
MODELS = (Membership, Member, TierStanding, Card, CardHolding, InheritedAgreement, MembershipBenefit)


@pytest.fixture
def acme(sky) -> Membership:
    with clock.frozen(NOON - timedelta(days=1)):
        return umbrella(sky)


def people(*names: str) -> list[Customer]:
    return [make_customer(name) for name in names]


def under(acme: Membership, persons: list[Customer], **values: Any) -> dict[int, Membership]:
    with clock.frozen(NOON):
        wanted = [Enrolment(one.pk, **values) for one in persons]
        return enrol_under(wanted, program=acme.program, organization_id=acme.organization_id, actor=ACTOR)


@pytest.mark.parametrize("form", ["standard", "shared"])
def test_many_at_once_leave_the_rows_an_enrolment_leaves(sky, acme, form):
    lounge, wifi = make_benefit(sky), make_benefit(sky, "wifi")
    agreement_with(
        acme, form=form, tiers=(tier_called(sky, "gold").pk,), benefits=(lounge.pk, wifi.pk),
        valid_until=date(2026, 12, 31), maximum=3,
    )  # fmt: skip
    eva, dan, zoe = people("Eva", "Dan", "Zoe")
    events = Event.objects.count()
    with clock.frozen(NOON):
        enrol(eva, program=sky, organization_id=acme.organization_id, actor=ACTOR)
    made = under(acme, [dan, zoe])

    assert list(made) == [dan.pk, zoe.pk]
    assert {one.organization_membership_id for one in made.values()} == {acme.pk}
    for model in (*MODELS, *(one.history.model for one in MODELS)):
        rows = [{k: v for k, v in row.items() if k not in OWN} for row in model.objects.order_by("pk").values()]
        each = 2 if model._meta.model_name.removeprefix("historical") == "membershipbenefit" else 1
        assert len(rows) >= 3 * each, model
        assert rows[-each:] == rows[-2 * each : -each] == rows[-len(rows) :][-3 * each : -2 * each], model
    own = PointAccount.objects.filter(account_set__membership__type=form).order_by("pk")
    accounts = list(own.values_list("point_type__code", "balance", "closed", "program_id"))
    assert len(accounts) == 6 and accounts[:2] == accounts[2:4] == accounts[4:]
    assert dict([(code, closed) for code, _, closed, _ in accounts]) == {"miles": form == "shared", "status": False}
    told = [
        (kind, {k: v for k, v in facts.items() if k != "customer"} if kind.startswith("membership.") else None)
        for kind, facts in Event.objects.order_by("pk").values_list("kind", "facts")[events:]
    ]
    one, two = told[: len(told) // 3], told[len(told) // 3 :]
    assert len(two) == 2 * len(one) and all(two.count(each) == 2 for each in one)
    assert_audit_clean()


def test_each_gets_the_agreement_of_their_group_and_who_has_none_is_left_to_the_refusal(sky, acme):
    sales, drivers = group_called(acme), group_called(acme, "drivers")
    for_sales = agreement_with(acme, employee_group_id=sales.pk)
    for_drivers = agreement_with(acme, employee_group_id=drivers.pk)
    eva, dan, zoe = people("Eva", "Dan", "Zoe")
    affiliated(eva, acme, group=sales)
    affiliated(dan, acme, group=drivers)
    affiliated(zoe, acme)
    made = under(acme, [eva, dan, zoe])
    stands = {pk: one.inherited.get().agreement for pk, one in made.items()}
    assert stands == {eva.pk: for_sales, dan.pk: for_drivers}


def test_a_maximum_takes_the_first_ones_and_leaves_the_others(acme):
    agreement_with(acme, maximum=3)
    eva, dan, zoe, mia = people("Eva", "Dan", "Zoe", "Mia")
    assert list(under(acme, [eva])) == [eva.pk]
    assert list(under(acme, [dan, zoe, mia])) == [dan.pk, zoe.pk]
    assert under(acme, [mia]) == {}


def test_whom_nobody_would_enrol_plainly_is_left_out_and_nothing_is_written(sky, acme):
    eva, dan = people("Eva", "Dan")
    before = all_rows()
    assert under(acme, [eva]) == {}
    assert all_rows() == before
    agreement_with(acme, valid_until=date(2026, 3, 10))
    enrol(eva, program=sky, actor=ACTOR, plain=True)
    assert under(acme, [eva]) == {}
    # Of another day: it may have another agreement.
    assert under(acme, [dan], at=NOON - timedelta(days=1)) == {}
    with clock.frozen(NOON):
        lifecycle.suspend(acme, actor=ACTOR, reason="unpaid")
    assert under(acme, [dan]) == {}


def test_plain_ones_leave_those_who_belong_to_an_organization_to_their_agreement(sky, acme):
    agreement_with(acme)
    eva, dan = people("Eva", "Dan")
    affiliated(eva, acme)
    made = enrol_plain([Enrolment(eva.pk), Enrolment(dan.pk)], program=sky, actor=ACTOR)
    assert list(made) == [dan.pk]


@pytest.mark.parametrize("form", ["standard", "shared"])
def test_an_exempting_tier_is_told_to_sets_and_pool_as_by_an_enrolment(sky, acme, form):
    gold = tier_called(sky, "gold")
    gold.exempt_from_expiry = True
    gold.save()
    agreement_with(acme, form=form, tiers=(gold.pk,), valid_until=date(2026, 12, 31))
    end = datetime(2027, 1, 1, tzinfo=UTC)
    eva, dan, zoe = people("Eva", "Dan", "Zoe")
    with clock.frozen(NOON):
        enrol(eva, program=sky, organization_id=acme.organization_id, actor=ACTOR)
    under(acme, [dan, zoe])
    sets = PointAccountSet.objects.filter(membership__type=form).order_by("pk")
    assert list(sets.values_list("exempt_until", flat=True)) == [end] * 3
    assert PointAccountSet.objects.get(pk=acme.pool_id).exempt_until == (end if form == "shared" else None)
    assert_audit_clean()
