"""An amended agreement reaches those who stand under it only when it is applied again (domain 1.8; case 71)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common import clock
from common.errors import NotAllowed, Stale
from gateway.models import Event
from memberships import applying_again
from memberships.agreement_terms import terms_of
from memberships.agreements import amend_agreement, cancel_agreement, end_agreement
from memberships.applying_again import Touched, apply_again
from memberships.errors import ProgramNotOpen, ReasonMissing, WrongStatus
from memberships.models import InheritedAgreement, Membership, MembershipBenefit, OrganizationAgreement, TierStanding
from memberships.standings import set_standing
from programs.models import ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, actor_in
from tests.organizations import agreement_with, employee, make_benefit, tier_called, umbrella
from tests.rows import all_rows

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=30)
REASON = "renegotiated"


@pytest.fixture
def acme(sky) -> Membership:
    with clock.frozen(NOON):
        return umbrella(sky)


def amended(agreement: OrganizationAgreement, **values: Any) -> OrganizationAgreement:
    terms = replace(terms_of(OrganizationAgreement.objects.get(pk=agreement.pk)), **values)
    return amend_agreement(agreement, terms, actor=ACTOR, reason=REASON)


def applied(agreement: OrganizationAgreement, **options: Any) -> list[Touched]:
    with clock.frozen(LATER):
        return apply_again(agreement, actor=ACTOR, reason=REASON, **options).lines


def stood(membership: Membership) -> list[tuple[int, str, bool]]:
    """(version, source, still open) of what it stands and stood under."""
    rows = InheritedAgreement.objects.filter(membership=membership).order_by("pk")
    return [(one.version, str(one.source), one.ended_at is None) for one in rows]


def standing(membership: Membership) -> tuple[str, int | None, datetime | None]:
    one = TierStanding.objects.get(membership=membership, ended_at__isnull=True)
    return one.tier.code, one.agreement_version, one.until


def benefits(membership: Membership) -> dict[str, tuple[int, bool]]:
    """By code: the version cited, still open."""
    rows = MembershipBenefit.objects.filter(membership=membership).order_by("pk")
    return {one.benefit.code: (one.agreement_version, one.ended_at is None) for one in rows}


def said(touched: Touched) -> dict[str, list[str]]:
    return {
        "raised": [tier.code for _, tier in touched.raised],
        "reviewed": [one.tier.code for one in touched.reviewed],
        "added": [one.code for one in touched.added],
        "ended": [one.benefit.code for one in touched.ended],
        "continued": [one.benefit.code for one in touched.continued],
    }


def test_applied_again_tiers_rise_benefits_come_and_go_and_each_names_the_new_version(sky, acme):
    lounge, wifi, bus = make_benefit(sky), make_benefit(sky, "wifi"), make_benefit(sky, "bus")
    gold = tier_called(sky, "gold")
    made = agreement_with(acme, benefits=(lounge.pk, bus.pk))
    with clock.frozen(NOON):
        eva, dan = employee(acme, "Eva"), employee(acme, "Dan")
    amended(made, tiers=(gold.pk,), benefits=(lounge.pk, wifi.pk), valid_until=date(2026, 12, 31))
    with clock.frozen(LATER):
        zoe = employee(acme, "Zoe")

    before = all_rows()
    preview = applied(made, dry_run=True)
    assert all_rows() == before
    changes = {"raised": ["gold"], "reviewed": [], "added": ["wifi"], "ended": ["bus"], "continued": ["lounge"]}
    assert [(one.number, said(one)) for one in preview] == [(eva.number, changes), (dan.number, changes)]

    done = applied(made, expected_version=2)
    assert [(one.number, said(one)) for one in done] == [(one.number, said(one)) for one in preview]
    end = datetime(2027, 1, 1, tzinfo=UTC)
    for one in (eva, dan):
        assert stood(one) == [(1, "enrolment", False), (2, "applied_again", True)]
        assert standing(one) == ("gold", 2, end)
        assert benefits(one) == {"lounge": (2, True), "bus": (1, False), "wifi": (2, True)}
    assert stood(zoe) == [(2, "enrolment", True)]
    assert set(MembershipBenefit.objects.filter(ended_at__isnull=True).values_list("until", flat=True)) == {end}
    told = Event.objects.get(kind="agreement.applied_again")
    assert told.facts == {"membership": acme.pk, "version": 2, "memberships": 2}
    assert eva.inherited.get(ended_at=None).history.first().history_user_id is None
    assert_audit_clean()


def test_a_second_time_changes_nothing(sky, acme):
    made = agreement_with(acme)
    employee(acme)
    amended(made, maximum=9)
    assert len(applied(made)) == 1
    before = all_rows()
    assert applied(made) == [] and all_rows() == before


def test_a_run_that_was_stopped_goes_on_with_those_who_are_left(sky, acme):
    made = agreement_with(acme)
    eva, dan = employee(acme, "Eva"), employee(acme, "Dan")
    amended(made, maximum=9)

    def stop(membership_id: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        applied(made, progress=stop)
    assert [stood(one)[-1] for one in (eva, dan)] == [(2, "applied_again", True), (1, "enrolment", True)]
    seen: list[int] = []
    assert [one.number for one in applied(made, progress=seen.append)] == [dan.number]
    assert seen == [dan.pk]


def test_many_are_brought_along_in_portions(acme):
    made = agreement_with(acme)
    people = [employee(acme, name) for name in ("Eva", "Dan", "Zoe")]
    amended(made, maximum=9)
    figures = []
    for options in ({"dry_run": True, "limit": 2}, {"limit": 2}, {"limit": 2}, {}):
        with clock.frozen(LATER):
            answer = apply_again(made, actor=ACTOR, reason=REASON, **options)
        figures.append((len(answer.lines), answer.done, answer.remaining))
    assert figures == [(2, 0, 3), (2, 2, 1), (1, 1, 0), (0, 0, 0)]
    assert {stood(one)[-1] for one in people} == {(2, "applied_again", True)}


def test_a_tier_the_agreement_gives_no_longer_is_left_to_the_next_review(sky, acme):
    made = agreement_with(acme, tiers=(tier_called(sky, "gold").pk,))
    with clock.frozen(NOON):
        eva = employee(acme)
    amended(made, tiers=(tier_called(sky, "blue").pk,))
    (touched,) = applied(made)
    assert said(touched)["reviewed"] == ["gold"]
    assert standing(eva) == ("gold", 1, LATER)
    assert stood(eva)[-1] == (2, "applied_again", True)


def test_a_tier_given_by_hand_is_not_touched_by_a_lower_one(sky, acme):
    made = agreement_with(acme)
    with clock.frozen(NOON):
        eva = employee(acme)
        set_standing(eva, tier=tier_called(sky, "gold"), reason="wish", until=NOON + timedelta(days=99), actor=ACTOR)
    amended(made, tiers=(tier_called(sky, "blue").pk,))
    (touched,) = applied(made)
    assert (touched.raised, touched.reviewed, touched.kept) == ([], [], [])
    assert standing(eva) == ("gold", None, NOON + timedelta(days=99))


def test_prolonged_terms_prolong_what_was_inherited(sky, acme):
    gold, lounge = tier_called(sky, "gold"), make_benefit(sky)
    made = agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk,), valid_until=date(2026, 3, 31))
    with clock.frozen(NOON):
        eva = employee(acme)
    amended(made, valid_until=date(2027, 3, 31))
    applied(made)
    end = datetime(2027, 4, 1, tzinfo=UTC)
    assert standing(eva) == ("gold", 2, end)
    assert MembershipBenefit.objects.get().until == end
    assert TierStanding.objects.filter(membership=eva).count() == 1


def test_an_agreement_that_has_ended_takes_away_what_it_gave_when_it_is_applied_again(sky, acme):
    gold, lounge = tier_called(sky, "gold"), make_benefit(sky)
    made = agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk,))
    with clock.frozen(NOON):
        eva = employee(acme)
    end_agreement(made, last_day=date(2026, 3, 31), actor=ACTOR, reason="terminated")
    (touched,) = applied(made)
    assert (said(touched)["reviewed"], said(touched)["ended"]) == (["gold"], ["lounge"])
    assert standing(eva) == ("gold", 1, LATER)
    assert benefits(eva) == {"lounge": (1, False)}
    assert eva.organization_membership == acme


def test_the_form_of_a_membership_stays(acme):
    made = agreement_with(acme)
    eva = employee(acme)
    amended(made, form="shared")
    applied(made)
    eva.refresh_from_db()
    assert (eva.type, eva.pool) == ("standard", None)
    assert InheritedAgreement.objects.get(ended_at__isnull=True).form == "standard"


def test_only_staff_with_a_reason_and_for_the_version_they_have_seen(sky, acme):
    made = agreement_with(acme)
    employee(acme)
    amended(made, maximum=9)
    before = all_rows()
    with pytest.raises(NotAllowed):
        apply_again(made, actor=actor_in(sky), reason=REASON)
    with pytest.raises(ReasonMissing):
        apply_again(made, actor=ACTOR, reason=" ")
    with pytest.raises(Stale):
        applied(made, expected_version=1)
    assert all_rows() == before
    sky.status = ProgramStatus.LOCKED
    sky.save()
    with pytest.raises(ProgramNotOpen):
        applied(made)
    sky.status = ProgramStatus.RELEASED
    sky.save()
    other = agreement_with(umbrella(sky, "Other Ltd"))
    cancel_agreement(other, actor=ACTOR, reason="typo")
    with pytest.raises(WrongStatus):
        applied(other)


def test_who_left_while_the_run_was_on_its_way_is_left_alone(acme, monkeypatch):
    made = agreement_with(acme)
    eva = employee(acme)
    amended(made, maximum=9)
    stale = applying_again._behind(made)
    InheritedAgreement.objects.get(membership=eva).delete()
    monkeypatch.setattr(applying_again, "_behind", lambda agreement: stale)
    assert applied(made) == []
    assert not InheritedAgreement.objects.exists()
