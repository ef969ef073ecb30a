"""What an individual membership takes over, and why it can't (domain 1.8; cases 71, 74)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from common import clock
from common.history import audit_context
from gateway.models import Event
from memberships import lifecycle
from memberships.agreement_terms import terms_of
from memberships.agreements import amend_agreement, end_agreement
from memberships.changes.record import Record
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.errors import AgreementFull, NoAgreement, NoOrganization, OrganizationNotActive
from memberships.inheritance import end_inheritance, find_inheritance, inherit
from memberships.models import InheritedAgreement, Membership, MembershipBenefit, TierStanding
from memberships.standings import may_lower, set_standing
from points.models import PointAccount, PointAccountSet
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_customer, make_membership, member_of
from tests.organizations import (
    affiliated,
    agreement_with,
    employee,
    group_called,
    make_benefit,
    staff_terms,
    tier_called,
    umbrella,
)
from tests.queries import asked

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MADE = (Membership, InheritedAgreement, TierStanding, MembershipBenefit, PointAccountSet, Event)
ENROLMENT = InheritedAgreement.Source.ENROLMENT


@pytest.fixture
def acme(sky) -> Membership:
    return umbrella(sky)


def standings(membership: Membership) -> list[tuple[str, str, bool]]:
    """(tier, source, still open), the oldest first."""
    rows = TierStanding.objects.filter(membership=membership).order_by("pk")
    return [(one.tier.code, str(one.source), one.ended_at is None) for one in rows]


def benefits(membership: Membership) -> list[tuple[str, int | None, bool]]:
    """(benefit, version cited, still open), the oldest first."""
    rows = MembershipBenefit.objects.filter(membership=membership).order_by("pk")
    return [(one.benefit.code, one.agreement_version, one.ended_at is None) for one in rows]


def join_under(membership: Membership, acme: Membership, *, form: str = "standard") -> Record:
    """What joining writes besides moving points."""
    record = Record()
    with transaction.atomic(), audit_context(ACTOR, "test"):
        at = clock.program_now(membership.program)
        found = find_inheritance(
            membership.program, customer_id=member_of(membership), organization_id=acme.organization_id, at=at
        )
        inherit(membership, found, source="join", form=form, at=at, actor=ACTOR, record=record)
    return record


def test_an_employees_membership_copies_tier_and_benefit_with_agreement_and_version(sky, acme):
    """Case 71, first half."""
    gold, lounge = tier_called(sky, "gold"), make_benefit(sky)
    made = agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk,), valid_until=date(2026, 12, 31))
    amend_agreement(made, replace(terms_of(made), maximum=9), actor=ACTOR, reason="renegotiated")
    with clock.frozen(NOON):
        eva = employee(acme)
    connection.check_constraints()

    eva.refresh_from_db()
    assert (eva.type, eva.organization_membership, eva.pool, eva.version) == ("standard", acme, None, 1)
    inherited = InheritedAgreement.objects.get()
    assert (inherited.membership, inherited.agreement, inherited.version) == (eva, made, 2)
    assert (inherited.form, inherited.source, inherited.since, inherited.ended_at) == (
        "standard",
        "enrolment",
        NOON,
        None,
    )
    end = datetime(2027, 1, 1, tzinfo=UTC)
    standing = TierStanding.objects.get()
    assert (standing.tier, standing.source, standing.since, standing.until) == (gold, "agreement", NOON, end)
    assert (standing.agreement, standing.agreement_version) == (made, 2)
    given = MembershipBenefit.objects.get()
    assert (given.membership, given.benefit, given.member, given.source) == (eva, lounge, None, "agreement")
    assert (given.agreement, given.agreement_version, given.since, given.until) == (made, 2, NOON, end)
    event = Event.objects.get(kind="membership.inherited")
    assert event.subject_id == eva.pk
    assert event.facts == {
        "organization_membership": acme.pk, "agreement": made.pk, "version": 2, "form": "standard",
        "source": "enrolment",
    }  # fmt: skip
    assert Event.objects.filter(kind="membership.enrolled").count() == 1
    assert_audit_clean()


def test_an_amended_or_ended_agreement_leaves_those_enrolled_as_they_are(sky, acme):
    """Case 71, second half."""
    gold, lounge = tier_called(sky, "gold"), make_benefit(sky)
    made = agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk,))
    eva = employee(acme)
    before = counted(InheritedAgreement, TierStanding, MembershipBenefit)
    amend_agreement(made, replace(terms_of(made), tiers=(), benefits=()), actor=ACTOR, reason="renegotiated")
    end_agreement(made, last_day=date(2025, 1, 1), actor=ACTOR, reason="over")
    assert counted(InheritedAgreement, TierStanding, MembershipBenefit) == before
    assert standings(eva) == [("gold", "agreement", True)] and benefits(eva) == [("lounge", 1, True)]


def test_the_shared_form_uses_the_organizations_pool_and_closes_the_own_redeemable_account(sky, acme):
    agreement_with(acme, form="shared")
    eva, dan = employee(acme, "Eva"), employee(acme, "Dan")
    connection.check_constraints()
    for one in (eva, dan):
        one.refresh_from_db()
        assert (one.type, one.pool, one.organization_membership) == ("shared", acme.pool, acme)
        closed = PointAccount.objects.filter(account_set=one.own_set).values_list("point_type__code", "closed")
        assert dict(closed) == {"miles": True, "status": False}
    assert not PointAccount.objects.filter(account_set=acme.pool, closed=True).exists()
    assert_audit_clean()


def test_an_organizations_pool_is_exempt_only_while_all_its_members_are(sky, acme):
    gold = tier_called(sky, "gold")
    gold.exempt_from_expiry = True
    gold.save()
    agreement_with(acme, form="shared", tiers=(gold.pk,), valid_until=date(2030, 12, 31))
    employee(acme, "Eva")
    until = datetime(2031, 1, 1, tzinfo=UTC)
    assert PointAccountSet.objects.get(pk=acme.pool_id).exempt_until == until
    (agreement,) = acme.agreements.all()
    amend_agreement(agreement, replace(terms_of(agreement), tiers=()), actor=ACTOR, reason="renegotiated")
    employee(acme, "Dan")
    assert PointAccountSet.objects.get(pk=acme.pool_id).exempt_until is None
    assert_audit_clean()


def test_a_tier_of_an_agreement_without_end_is_not_lowered(sky, acme):
    agreement_with(acme, tiers=(tier_called(sky, "gold").pk,))
    standing = TierStanding.objects.get(membership=employee(acme))
    assert standing.until is None and not may_lower(standing, at=NOON)


def test_who_stands_higher_keeps_the_tier_and_gets_the_benefits(sky, acme):
    blue, gold, lounge = tier_called(sky, "blue"), tier_called(sky, "gold"), make_benefit(sky)
    agreement_with(acme, tiers=(blue.pk,), benefits=(lounge.pk,))
    eva = make_membership(sky, "Eva")
    set_standing(eva, tier=gold, reason="wish", until=clock.now() + timedelta(days=9), actor=ACTOR)
    join_under(eva, acme)
    assert standings(eva) == [("blue", "initial", False), ("gold", "manual", True)]
    assert benefits(eva) == [("lounge", 1, True)]


@pytest.mark.parametrize("tier", ["gold", "blue"])
def test_a_higher_tier_or_the_same_kept_for_longer_replaces_the_present_one(sky, acme, tier):
    agreement_with(acme, tiers=(tier_called(sky, tier).pk,), valid_until=date(2030, 12, 31))
    eva = make_membership(sky, "Eva")
    record = join_under(eva, acme)
    assert standings(eva) == [("blue", "initial", False), (tier, "agreement", True)]
    eva.refresh_from_db()
    assert (eva.organization_membership, eva.version) == (acme, 2)
    made = [label for label, _ in record.made_rows]
    assert made == ["memberships.InheritedAgreement", "memberships.TierStanding"]
    assert [label for label, *_ in record.altered] == ["memberships.Membership", "memberships.TierStanding"]


def test_leaving_ends_the_agreements_benefits_and_leaves_the_tier_to_the_next_review(sky, acme):
    gold, lounge, wifi = tier_called(sky, "gold"), make_benefit(sky), make_benefit(sky, "wifi")
    agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk, wifi.pk))
    with clock.frozen(NOON):
        eva = employee(acme)
    later = NOON + timedelta(days=30)
    record = Record()
    with transaction.atomic(), audit_context(ACTOR, "test"):
        ended = end_inheritance(eva, at=later, record=record)
    assert ended is not None and ended.ended_at == later
    eva.refresh_from_db()
    assert eva.organization_membership is None
    assert not InheritedAgreement.objects.filter(ended_at__isnull=True).exists()
    assert benefits(eva) == [("lounge", 1, False), ("wifi", 1, False)]
    standing = TierStanding.objects.get()
    assert (standing.ended_at, standing.until, standing.tier) == (None, later, gold)
    assert may_lower(standing, at=later) and not may_lower(standing, at=later - timedelta(seconds=1))
    assert record.made_rows == [] and len(record.altered) == 5
    assert_audit_clean()


def test_who_stands_under_nothing_leaves_nothing(sky):
    eva, record = make_membership(sky, "Eva"), Record()
    with transaction.atomic(), audit_context(ACTOR, "test"):
        assert end_inheritance(eva, at=NOON, record=record) is None
    assert record.altered == []


def refused_with(error: type[Exception], **values: Any) -> dict[str, Any]:
    """The facts of the refusal; nothing was made."""
    before = counted(*MADE)
    with pytest.raises(error) as refused:
        enrol(actor=ACTOR, **values)
    assert counted(*MADE) == before
    return refused.value.facts


def test_without_an_agreement_that_holds_the_refusal_says_why(sky, acme):
    eva = make_customer("Eva")
    asked = {"customer": eva, "program": sky, "organization_id": acme.organization_id, "at": NOON}
    assert refused_with(NoAgreement, **asked)["why"] == "none"
    first = agreement_with(acme, valid_until=date(2025, 12, 31))
    facts = refused_with(NoAgreement, **asked)
    assert (facts["why"], facts["valid_until"], facts["organization_membership"]) == ("ended", "2025-12-31", acme.pk)
    agreement_with(acme, valid_from=date(2026, 3, 11))
    facts = refused_with(NoAgreement, **asked)
    assert (facts["why"], facts["valid_from"], facts["day"]) == ("not_yet", "2026-03-11", "2026-03-10")
    agreement_with(
        acme, employee_group_id=group_called(acme).pk, valid_from=date(2026, 1, 1), valid_until=date(2026, 3, 10)
    )
    assert refused_with(NoAgreement, **asked)["why"] == "other_group"
    assert enrol(**asked | {"at": NOON - timedelta(days=90)}, actor=ACTOR).inherited.get().agreement == first


def test_a_full_agreement_is_refused_with_its_figures_and_takes_another_when_one_has_left(sky, acme):
    made = agreement_with(acme, maximum=2)
    eva, _ = employee(acme, "Eva"), employee(acme, "Dan")
    zoe = make_customer("Zoe")
    asked = {"customer": zoe, "program": sky, "organization_id": acme.organization_id}
    assert refused_with(AgreementFull, **asked) == {"agreement": made.pk, "maximum": 2, "count": 2}
    with transaction.atomic(), audit_context(ACTOR, "test"):
        end_inheritance(eva, at=clock.now(), record=Record())
    assert enrol(**asked, actor=ACTOR).organization_membership == acme


@pytest.mark.parametrize("end", [lifecycle.suspend, terminate])
def test_nobody_enrols_under_an_umbrella_that_is_not_active_and_those_under_it_stay(sky, acme, end):
    """Case 74."""
    agreement_with(acme)
    eva = employee(acme)
    end(acme, actor=ACTOR, reason="unpaid")
    facts = refused_with(
        OrganizationNotActive if end is lifecycle.suspend else NoOrganization,
        customer=make_customer("Dan"),
        program=sky,
        organization_id=acme.organization_id,
    )
    assert facts["organization" if end is terminate else "organization_membership"]
    eva.refresh_from_db()
    assert (eva.status, eva.organization_membership) == ("active", acme)
    dan = enrol(
        make_customer("Dan"), program=sky, organization_id=acme.organization_id, plain_if_refused=True, actor=ACTOR
    )
    assert (dan.type, dan.organization_membership) == ("standard", None)


def test_the_affiliation_leads_to_the_agreement_where_nobody_names_the_organization(sky, acme):
    agreement_with(acme)
    eva = make_customer("Eva")
    affiliated(eva, acme, valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 31))
    before = enrol(eva, program=sky, actor=ACTOR, at=NOON - timedelta(days=30))
    terminate(before, actor=ACTOR, reason="next case")
    plain = enrol(eva, program=sky, actor=ACTOR, at=NOON, plain=True)
    terminate(plain, actor=ACTOR, reason="next case")
    under = enrol(eva, program=sky, actor=ACTOR, at=NOON)
    assert [before.organization_membership, plain.organization_membership, under.organization_membership] == [
        None,
        None,
        acme,
    ]


def test_of_several_organizations_the_only_one_with_an_agreement_counts_else_the_person_enrols_plainly(sky, acme):
    other, eva, dan = umbrella(sky, "Other Ltd"), make_customer("Eva"), make_customer("Dan")
    agreement_with(other)
    for person in (eva, dan):
        affiliated(person, acme)
        affiliated(person, other)
    assert enrol(eva, program=sky, actor=ACTOR).organization_membership == other
    agreement_with(acme)
    with pytest.raises(NoOrganization) as refused:
        find_inheritance(sky, customer_id=dan.pk, at=clock.now(), lock=False)
    assert refused.value.facts["organizations"] == [acme.organization_id, other.organization_id]
    assert enrol(dan, program=sky, actor=ACTOR).organization_membership is None


def test_looking_for_an_agreement_finds_what_an_enrolment_would_take(sky, acme):
    agreement_with(acme)
    found = find_inheritance(
        sky, customer_id=make_customer().pk, organization_id=acme.organization_id, at=clock.now(), lock=False
    )
    assert (found.umbrella, found.terms, found.until) == (acme, staff_terms(), None)


def test_an_enrolment_takes_at_most_twenty_statements_and_thirty_under_an_agreement(sky, acme):
    lounge, wifi = make_benefit(sky), make_benefit(sky, "wifi")
    agreement_with(acme, tiers=(tier_called(sky, "gold").pk,), benefits=(lounge.pk, wifi.pk))
    employee(acme, "Dan")
    ann, bob = make_customer("Ann"), make_customer("Bob")
    counts = []
    for person, options in ((ann, {"plain": True}), (bob, {"organization_id": acme.organization_id})):
        with asked() as made:
            enrol(person, program=sky, actor=ACTOR, **options)
        counts.append(len(made))
    plain, under = counts
    assert plain <= 20 and under <= 30, counts
