from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cards.models import Card, CardStatus, NumberRegistry
from cards.numbering import validate
from common import clock
from customers.models import CustomerStatus
from gateway.models import Event
from memberships import numbering
from memberships.ending import terminate
from memberships.enrolment import enrol, enrol_in_several
from memberships.errors import (
    AlreadyMember,
    CoolingDown,
    CustomerNotActive,
    EnrolmentsRefused,
    OutsideValidity,
    ProgramNotOpen,
    TermsNotAccepted,
    TimeOutOfRange,
    TypeNotEnrolled,
)
from memberships.models import (
    CardHolding,
    EndReason,
    Member,
    Membership,
    MembershipTerm,
    TermsAcceptance,
    TierStanding,
)
from memberships.numbering import valid_member_number
from points.models import PointAccount, PointAccountSet
from programs.models import Activation, ProgramStatus
from tests.factories import ACTOR, counted, make_customer, make_program, make_terms

MADE = (Membership, Member, PointAccountSet, PointAccount, Card, CardHolding, NumberRegistry, TierStanding, Event)
NOTHING = dict.fromkeys([model.__name__ for model in MADE], 0)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_an_enrolment_makes_one_of_everything(sky, emma):
    with clock.frozen(NOON):
        membership = enrol(emma, program=sky, actor=ACTOR)
    connection.check_constraints()

    membership.refresh_from_db()
    assert (membership.type, membership.status, membership.enrolled_at, membership.activated_at) == (
        "standard",
        "active",
        NOON,
        NOON,
    )
    assert membership.current and membership.version == 1 and membership.expires_on is None
    assert valid_member_number(membership.number, program=sky) and len(membership.number) == 10
    assert counted(*MADE) == {
        "Membership": 1, "Member": 1, "PointAccountSet": 1, "PointAccount": 2, "Card": 1, "CardHolding": 1,
        "NumberRegistry": 1, "TierStanding": 1, "Event": 2,
    }  # fmt: skip
    member = membership.members.get()
    assert (member.customer_id, member.joined_at, member.current) == (emma.pk, NOON, True)
    assert list(membership.own_set.accounts.values_list("balance", "entry_count")) == [(0, 0), (0, 0)]
    holding = membership.holdings.get()
    assert (holding.customer_id, holding.held_from, holding.held_until) == (emma.pk, NOON, None)
    assert (holding.card.kind, holding.card.status, holding.card.activated_at) == ("main", "active", NOON)
    assert validate(holding.card.number_id, program=sky)
    standing = membership.standings.get()
    assert (standing.tier.code, standing.since, standing.source, standing.until) == ("blue", NOON, "initial", None)
    event = Event.objects.get(kind="membership.enrolled")
    assert (event.subject_id, event.program_id) == (membership.pk, sky.pk)
    assert event.facts == {"customer": emma.pk, "type": "standard", "status": "active"}
    assert TermsAcceptance.objects.count() == MembershipTerm.objects.count() == 0


def test_history_names_the_reason(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    assert membership.history.first().history_change_reason == "enrolment"


def test_a_number_drawn_by_two_at_once_is_drawn_again(sky, emma, monkeypatch):
    taken = enrol(make_customer("John"), program=sky, actor=ACTOR).number
    drawn = iter([taken, "SK00000018"])
    monkeypatch.setattr(numbering, "drawn_number", lambda program: next(drawn))
    assert enrol(emma, program=sky, actor=ACTOR).number == "SK00000018"
    assert Membership.objects.count() == PointAccountSet.objects.count() == 2


@pytest.mark.parametrize("accepted", [True, False])
def test_terms_that_must_be_accepted(sky, emma, accepted):
    make_terms(sky)
    newest = make_terms(sky, version=2)
    make_terms(sky, version=3, released_at=None)
    if accepted:
        membership = enrol(emma, program=sky, actor=ACTOR, accept_terms=True)
        acceptance = membership.acceptances.get()
        assert (acceptance.terms, acceptance.customer, acceptance.channel_id) == (newest, emma, 2)
        assert acceptance.accepted_at == membership.enrolled_at
    else:
        with pytest.raises(TermsNotAccepted) as refused:
            enrol(emma, program=sky, actor=ACTOR)
        assert (refused.value.code, refused.value.status) == ("terms_not_accepted", 422)
        assert refused.value.facts == {"program": "sky", "terms": newest.pk, "version": 2}
        assert counted(*MADE) == NOTHING


def test_terms_that_need_no_acceptance_bar_nobody(sky, emma):
    make_terms(sky, must_accept=False)
    assert not enrol(emma, program=sky, actor=ACTOR).acceptances.exists()


def test_one_current_participation_a_person_and_program(sky, emma):
    first = enrol(emma, program=sky, actor=ACTOR)
    before = counted(*MADE)
    with pytest.raises(AlreadyMember) as refused:
        enrol(emma, program=sky, actor=ACTOR)
    assert (refused.value.code, refused.value.status) == ("already_member", 409)
    assert refused.value.facts == {
        "program": "sky",
        "customer": emma.pk,
        "membership": first.pk,
        "number": first.number,
    }
    assert counted(*MADE) == before
    enrol(emma, program=make_program("sea"), actor=ACTOR)
    enrol(make_customer("John"), program=sky, actor=ACTOR)
    assert Membership.objects.count() == 3


def test_after_the_end_a_person_enrols_anew_with_another_number(sky, emma):
    first = enrol(emma, program=sky, actor=ACTOR)
    terminate(first, actor=ACTOR, reason="wish")
    second = enrol(emma, program=sky, actor=ACTOR)
    assert second.pk != first.pk and second.number != first.number and second.own_set_id != first.own_set_id


@pytest.mark.parametrize("status", [ProgramStatus.DRAFT, ProgramStatus.LOCKED, ProgramStatus.CLOSED])
def test_only_a_released_program_enrols(emma, status):
    with pytest.raises(ProgramNotOpen):
        enrol(emma, program=make_program("sky", status=status), actor=ACTOR)
    assert counted(*MADE) == NOTHING


@pytest.mark.parametrize(
    ("at", "open_then"),
    [
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), False),
    ],
)
def test_validity_counts_whole_days_of_the_programs_zone_over_clock_changes(emma, at, open_then):
    # Both ends are days on which Berlin's clocks change.
    season = make_program(
        "sky", time_zone="Europe/Berlin", valid_from=date(2026, 3, 29), valid_until=date(2026, 10, 25)
    )
    with clock.frozen(at):
        if open_then:
            assert enrol(emma, program=season, actor=ACTOR).expires_on == date(2026, 10, 25)
        else:
            with pytest.raises(OutsideValidity):
                enrol(emma, program=season, actor=ACTOR)
            assert counted(*MADE) == NOTHING


def test_an_enrolment_may_lie_in_the_past_but_not_ahead(sky, emma):
    with clock.frozen(NOON):
        with pytest.raises(TimeOutOfRange):
            enrol(emma, program=sky, actor=ACTOR, at=NOON + timedelta(seconds=1))
        assert enrol(emma, program=sky, actor=ACTOR, at=NOON - timedelta(days=400)).enrolled_at == NOON - timedelta(400)


def test_an_inactive_customer_is_refused(sky, emma):
    emma.status = CustomerStatus.INACTIVE
    emma.save()
    with pytest.raises(CustomerNotActive):
        enrol(emma, program=sky, actor=ACTOR)
    assert counted(*MADE) == NOTHING


@pytest.mark.parametrize("type", ["shared", "group", "anonymous", "organization", "nonsense"])
def test_only_standard_memberships_come_from_enrolment(sky, emma, type):
    with pytest.raises(TypeNotEnrolled):
        enrol(emma, program=sky, actor=ACTOR, type=type)
    assert counted(*MADE) == NOTHING


def test_explicit_activation_leaves_membership_and_card_waiting(emma):
    membership = enrol(emma, program=make_program("sky", activation=Activation.EXPLICIT), actor=ACTOR)
    assert (membership.status, membership.activated_at) == ("inactive", None)
    assert Card.objects.get().status == CardStatus.CREATED


def test_a_paid_term_clamps_to_the_end_of_the_month_in_the_programs_zone(emma):
    # 23:30 on 31 January in Berlin: still January there, and February has 28 days.
    premium = make_program(
        "sky",
        time_zone="Europe/Berlin",
        activation=Activation.FIRST_PAYMENT,
        fee=Decimal("49.90"),
        term_months=1,
        currency="CHF",
    )
    with clock.frozen(datetime(2026, 1, 31, 22, 30, tzinfo=UTC)):
        membership = enrol(emma, program=premium, actor=ACTOR)
    term = membership.terms.get()
    assert (term.first_day, term.last_day) == (date(2026, 1, 31), date(2026, 2, 27))
    assert (term.fee, term.currency, term.paid_at) == (Decimal("49.90"), "CHF", None)
    assert (membership.status, membership.expires_on) == ("inactive", date(2026, 2, 27))


def test_a_free_term_counts_as_paid(emma):
    membership = enrol(
        emma, program=make_program("sky", activation=Activation.FIRST_PAYMENT, term_months=12), actor=ACTOR
    )
    assert membership.status == "active"
    assert membership.terms.get().paid_at == membership.enrolled_at


def test_the_cool_down_names_the_first_day(emma):
    sky = make_program("sky", cool_down_days=90, time_zone="Europe/Berlin")
    with clock.frozen(NOON):
        terminate(enrol(emma, program=sky, actor=ACTOR), actor=ACTOR, reason="wish")
    with clock.frozen(datetime(2026, 6, 7, 21, 59, 59, tzinfo=UTC)), pytest.raises(CoolingDown) as refused:
        enrol(emma, program=sky, actor=ACTOR)
    assert refused.value.facts == {"program": "sky", "customer": emma.pk, "first_day": "2026-06-08"}
    with clock.frozen(datetime(2026, 6, 7, 22, 0, tzinfo=UTC)):
        assert enrol(emma, program=sky, actor=ACTOR).status == "active"


def test_an_end_that_was_no_leaving_needs_no_cool_down(emma):
    sky = make_program("sky", cool_down_days=90)
    first = enrol(emma, program=sky, actor=ACTOR)
    terminate(first, actor=ACTOR, reason="program", end_reason=EndReason.PROGRAM_CLOSED)
    assert enrol(emma, program=sky, actor=ACTOR).status == "active"


def test_several_programs_at_once_answer_in_the_order_asked(sky, emma):
    sea = make_program("sea")
    make_terms(sea)
    made = enrol_in_several(emma, programs=[sea, sky], actor=ACTOR, accepted={sea.pk})
    assert [membership.program_id for membership in made] == [sea.pk, sky.pk]
    assert TermsAcceptance.objects.get().membership == made[0]


def test_several_programs_are_all_or_nothing_and_name_each_outcome(sky, emma):
    sea = make_program("sea")
    terms = make_terms(sea)
    with pytest.raises(EnrolmentsRefused) as refused:
        enrol_in_several(emma, programs=[sky, sea], actor=ACTOR, accepted={sky.pk})
    assert [(one["program"], one["code"]) for one in refused.value.facts["outcomes"]] == [
        ("sky", None),
        ("sea", "terms_not_accepted"),
    ]
    assert refused.value.facts["outcomes"][1]["facts"]["terms"] == terms.pk
    assert counted(*MADE) == NOTHING
