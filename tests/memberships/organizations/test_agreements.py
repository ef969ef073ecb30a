"""Agreements: what they say, when they hold, and that every version is kept (domain 1.8)."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from common.errors import NotAllowed, Stale
from gateway.models import Event
from memberships.agreement_terms import terms_of, terms_of_version
from memberships.agreements import (
    agreement_for,
    amend_agreement,
    cancel_agreement,
    end_agreement,
    make_agreement,
)
from memberships.ending import terminate
from memberships.errors import (
    AgreementRefused,
    AgreementsOverlap,
    MembershipEnded,
    OrganizationRefused,
    ReasonMissing,
    WrongStatus,
)
from memberships.models import (
    AgreementBenefit,
    AgreementTier,
    AgreementVersion,
    Membership,
    OrganizationAgreement,
)
from tests.factories import ACTOR, actor_in, counted, make_customer, make_membership, make_program
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

MADE = (OrganizationAgreement, AgreementTier, AgreementBenefit, AgreementVersion, Event)
THIS_YEAR = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 12, 31)}


@pytest.fixture
def acme(sky) -> Membership:
    return umbrella(sky)


def versions(agreement: OrganizationAgreement) -> list[int]:
    return sorted(AgreementVersion.objects.filter(agreement=agreement).values_list("version", flat=True))


def test_an_agreement_says_what_was_agreed_and_keeps_it_as_its_first_version(sky, acme):
    gold, lounge = tier_called(sky, "gold"), make_benefit(sky)
    terms = staff_terms(
        name=" Staff 2026 ", form="shared", maximum=40, leaving_rule="by_contribution", tiers=(gold.pk,),
        benefits=(lounge.pk,), **THIS_YEAR,
    )  # fmt: skip
    made = make_agreement(acme, terms, actor=ACTOR)
    assert terms_of(made) == replace(terms, name="Staff 2026")
    kept = AgreementVersion.objects.get()
    assert (kept.agreement, kept.version, kept.channel_id) == (made, 1, ACTOR.channel_id)
    assert kept.terms == {
        "name": "Staff 2026", "form": "shared", "maximum": 40, "leaving_rule": "by_contribution",
        "valid_from": "2026-01-01", "valid_until": "2026-12-31", "employee_group": None,
        "tiers": {str(gold.group_id): gold.pk}, "benefits": [lounge.pk],
    }  # fmt: skip
    assert terms_of_version(kept) == terms_of(made)
    event = Event.objects.get(kind="agreement.made")
    assert (event.subject_id, event.facts) == (made.pk, {"membership": acme.pk, "version": 1})


def test_an_amendment_is_a_new_version_and_the_old_one_is_kept(sky, acme):
    gold, blue, lounge, wifi = (
        tier_called(sky, "gold"), tier_called(sky, "blue"), make_benefit(sky), make_benefit(sky, "wifi"),
    )  # fmt: skip
    made = agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk,))
    first = terms_of(made)
    second = replace(first, name="Everybody", maximum=3, tiers=(blue.pk,), benefits=(wifi.pk, lounge.pk))
    amended = amend_agreement(made, second, actor=ACTOR, reason="renegotiated", expected_version=1)
    assert (amended.version, versions(made)) == (2, [1, 2])
    assert terms_of(amended) == replace(second, benefits=(lounge.pk, wifi.pk))
    assert terms_of_version(AgreementVersion.objects.get(version=1)) == first
    assert AgreementTier.objects.get().tier == blue
    assert amended.history.first().history_change_reason == "renegotiated"
    assert list(Event.objects.filter(kind__startswith="agreement.").order_by("pk").values_list("kind", flat=True)) == [
        "agreement.made",
        "agreement.amended",
    ]


def test_the_same_terms_once_more_change_nothing(sky, acme):
    made = agreement_with(acme, tiers=(tier_called(sky, "gold").pk,))
    before = counted(*MADE)
    assert amend_agreement(made, terms_of(made), actor=ACTOR, reason="again").version == 1
    assert end_agreement(amend_until(made), last_day=date(2030, 1, 1), actor=ACTOR, reason="again").version == 2
    assert counted(*MADE) == before | {"AgreementVersion": 2, "Event": before["Event"] + 1}


def amend_until(agreement: OrganizationAgreement) -> OrganizationAgreement:
    terms = replace(terms_of(agreement), valid_until=date(2030, 1, 1))
    return amend_agreement(agreement, terms, actor=ACTOR, reason="limited")


def test_who_amends_what_a_colleague_amended_meanwhile_is_told(acme):
    made = agreement_with(acme)
    amend_until(made)
    with pytest.raises(Stale) as refused:
        amend_agreement(made, staff_terms(name="Other"), actor=ACTOR, reason="typo", expected_version=1)
    assert refused.value.facts == {"agreement": made.pk, "version": 2, "seen": 1}
    assert versions(made) == [1, 2]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 31)}, "valid_until"),
        ({"maximum": 0}, "maximum"),
        ({"form": "group"}, "form"),
        ({"leaving_rule": "equal"}, "leaving_rule"),
        ({"employee_group_id": "foreign"}, "employee_group"),
        ({"tiers": "foreign"}, "tiers"),
        ({"tiers": "both"}, "tiers"),
        ({"benefits": "foreign"}, "benefits"),
        ({"benefits": "twice"}, "benefits"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_name(sky, acme, values, field):
    sea = make_program("sea")
    lounge = make_benefit(sky)
    stand_ins = {
        ("employee_group_id", "foreign"): lambda: group_called(umbrella(sky, "Other Ltd")).pk,
        ("tiers", "foreign"): lambda: (tier_called(sea, "gold").pk,),
        ("tiers", "both"): lambda: (tier_called(sky, "gold").pk, tier_called(sky, "blue").pk),
        ("benefits", "foreign"): lambda: (make_benefit(sea).pk,),
        ("benefits", "twice"): lambda: (lounge.pk, lounge.pk),
    }
    values = {name: stand_ins[name, value]() if (name, value) in stand_ins else value for name, value in values.items()}
    before = counted(*MADE)
    with pytest.raises(AgreementRefused) as refused:
        agreement_with(acme, **values)
    assert refused.value.facts["field"] == field
    assert counted(*MADE) == before


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ((None, "2026-01-01", None), (None, "2027-01-01", None), True),
        ((None, "2026-01-01", "2026-12-31"), (None, "2026-12-31", None), True),
        ((None, "2026-01-01", "2026-12-31"), (None, "2027-01-01", None), False),
        (("sales", "2026-01-01", None), (None, "2026-06-01", None), True),
        ((None, "2026-01-01", None), ("sales", "2026-06-01", None), True),
        (("sales", "2026-01-01", None), ("sales", "2026-06-01", None), True),
        (("sales", "2026-01-01", None), ("drivers", "2026-01-01", None), False),
        (("sales", "2026-06-01", "2026-06-30"), ("sales", "2026-01-01", "2026-06-01"), True),
        (("sales", "2026-06-01", "2026-06-30"), ("sales", "2026-01-01", "2026-05-31"), False),
    ],
)
def test_agreements_of_one_group_do_not_overlap_and_one_for_everybody_meets_every_group(acme, first, second, overlap):
    """The verb says it, and the database holds it."""
    groups = {"sales": group_called(acme).pk, "drivers": group_called(acme, "drivers").pk, None: None}

    def terms(group, start, end):
        until = date.fromisoformat(end) if end else None
        return {"employee_group_id": groups[group], "valid_from": date.fromisoformat(start), "valid_until": until}

    one = agreement_with(acme, **terms(*first))
    if not overlap:
        agreement_with(acme, **terms(*second))
        assert OrganizationAgreement.objects.count() == 2
        return
    with pytest.raises(AgreementsOverlap) as refused:
        agreement_with(acme, **terms(*second))
    assert refused.value.facts["agreement"] == one.pk
    with pytest.raises(IntegrityError, match="agreement_no_overlap"), transaction.atomic():
        OrganizationAgreement.objects.create(
            organization_membership=acme, program_id=acme.program_id, name="past the verb", **terms(*second)
        )
    assert OrganizationAgreement.objects.count() == 1


def test_another_organization_agrees_on_its_own(sky, acme):
    agreement_with(acme)
    agreement_with(umbrella(sky, "Other Ltd"))
    assert OrganizationAgreement.objects.count() == 2


def test_an_amendment_may_not_run_into_the_next_agreement(acme):
    first = agreement_with(acme, **THIS_YEAR)
    agreement_with(acme, valid_from=date(2027, 1, 1))
    with pytest.raises(AgreementsOverlap):
        amend_agreement(first, replace(terms_of(first), valid_until=None), actor=ACTOR, reason="prolonged")
    assert versions(first) == [1]


def test_an_agreement_ends_with_a_day_and_is_not_prolonged_by_an_end(acme):
    made = agreement_with(acme, **THIS_YEAR)
    ended = end_agreement(made, last_day=date(2026, 6, 30), actor=ACTOR, reason="terminated")
    assert (ended.valid_until, ended.version, versions(made)) == (date(2026, 6, 30), 2, [1, 2])
    for day in (date(2025, 12, 31), date(2026, 7, 1)):
        with pytest.raises(AgreementRefused):
            end_agreement(made, last_day=day, actor=ACTOR, reason="terminated")
    agreement_with(acme, valid_from=date(2026, 7, 1))
    assert Event.objects.filter(kind="agreement.ended").count() == 1


def test_an_agreement_nobody_stood_under_is_cancelled_as_if_it_had_never_been(acme):
    made = agreement_with(acme)
    assert cancel_agreement(made, actor=ACTOR, reason="typo").cancelled_at is not None
    with pytest.raises(WrongStatus):
        amend_agreement(made, staff_terms(name="Other"), actor=ACTOR, reason="typo")
    again = agreement_with(acme)
    employee(acme)
    with pytest.raises(AgreementRefused) as refused:
        cancel_agreement(again, actor=ACTOR, reason="typo")
    assert refused.value.facts["memberships"] == 1


def test_only_staff_agree_and_with_a_reason(sky, acme):
    made = agreement_with(acme, valid_until=date(2030, 1, 1))
    before = counted(*MADE)
    with pytest.raises(NotAllowed):
        make_agreement(acme, staff_terms(), actor=actor_in(sky))
    with pytest.raises(NotAllowed):
        amend_agreement(made, staff_terms(name="Other"), actor=actor_in(sky), reason="typo")
    with pytest.raises(ReasonMissing):
        amend_agreement(made, staff_terms(name="Other"), actor=ACTOR, reason="")
    with pytest.raises(OrganizationRefused):
        agreement_with(make_membership(sky))
    terminate(acme, actor=ACTOR, reason="contract ended")
    with pytest.raises(MembershipEnded):
        agreement_with(acme, valid_from=date(2030, 1, 2))
    assert {name: n for name, n in counted(*MADE).items() if name != "Event"} == {
        name: n for name, n in before.items() if name != "Event"
    }


def test_the_agreement_for_a_person_is_that_of_their_group_on_that_day(acme):
    sales, drivers = group_called(acme), group_called(acme, "drivers")
    for_sales = agreement_with(acme, employee_group_id=sales.pk, **THIS_YEAR)
    later = agreement_with(acme, valid_from=date(2027, 1, 1))
    eva, dan, zoe = make_customer("Eva"), make_customer("Dan"), make_customer("Zoe")
    affiliated(eva, acme, group=sales, valid_until=date(2026, 6, 30))
    affiliated(eva, acme, group=drivers, valid_from=date(2026, 7, 1))
    affiliated(dan, acme, group=drivers)

    def on(person, day):
        return agreement_for(acme, customer_id=person.pk, day=date.fromisoformat(day))

    assert [on(eva, "2026-06-30"), on(eva, "2026-07-01"), on(eva, "2027-01-01")] == [for_sales, None, later]
    assert [on(dan, "2026-06-30"), on(zoe, "2026-06-30"), on(zoe, "2027-01-01")] == [None, None, later]
    assert on(eva, "2025-12-31") is None
    cancel_agreement(later, actor=ACTOR, reason="typo")
    assert on(eva, "2027-01-01") is None
