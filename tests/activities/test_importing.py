"""Memberships and their opening balances come from a file, whole or not at all, and a file may come twice."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from activities.importing import MembershipImport
from cards.models import Card
from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from common.sheets.importing import Counts, Record, check_file, import_file
from customers.models import Customer
from gateway.models import Event
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.models import CardHolding, Member, Membership, MembershipTerm, TermsAcceptance, TierStanding
from points.models import Entry, Lot, PointAccount, Posting
from programs.models import Activation, Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, counted, lots_of, make_customer, make_program, make_terms

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEADER = "customer_number,member_number,enrolled_at,points,point_type,earned_at,expires_on\n"
TABLES = (Membership, Member, Card, CardHolding, TierStanding, Posting, Lot, PointAccount, Event)


@pytest.fixture
def people(db: None) -> list[Customer]:
    return [make_customer(name, number=f"K{n}") for n, name in enumerate(["Emma Stone", "John Chen", "Aisha Osman"], 1)]


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky", member_number_prefix="SK-")


def taken_in(text: str, program: Program, *, actor: Actor = ACTOR, **options: Any) -> tuple[list[int], list[str]]:
    """New, changed, same, refused; and per refused record its line and reason."""
    file = BytesIO(text.encode())
    told: list[str] = []

    def report(record: Record, outcome: Any) -> None:
        if outcome.reason:
            told.append(f"{record.line} {outcome.code}: {outcome.reason}")

    with clock.frozen(NOW):
        importer = MembershipImport(program, actor=actor)
        check_file(file, importer)
        counts: Counts = import_file(file, importer, report=report, **options)
    return list(counts.records.values()), told


def test_a_line_becomes_a_membership_with_everything_an_enrolment_makes(people: list[Customer], sky: Program) -> None:
    figures, told = taken_in(HEADER + "K1,SK-77,2024-05-01,500,,2025-01-02,2027-12-31\n", sky)
    assert (figures, told) == ([1, 0, 0, 0], [])
    emma = Membership.objects.get()
    assert (emma.number, emma.status, emma.enrolled_at) == ("SK-77", "active", datetime(2024, 5, 1, tzinfo=UTC))
    assert Member.objects.get().customer == people[0]
    lot = Lot.objects.get()
    assert (lot.remaining, lot.earned_at, lot.expires_at, lot.earner_id) == (
        500, datetime(2025, 1, 2, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC), people[0].pk,
    )  # fmt: skip
    assert (Posting.objects.get().kind, account_of(emma).balance) == ("opening", 500)
    assert CardHolding.objects.get().customer_id == people[0].pk
    assert emma.history.get().history_change_reason == "enrolment"
    assert_audit_clean()


def test_many_at_once_leave_the_rows_an_enrolment_leaves(people: list[Customer]) -> None:
    sky = make_program("sky", member_number_prefix="SK-", fee=10, term_months=12)
    make_terms(sky)
    with clock.frozen(NOW):
        enrol(people[0], program=sky, actor=ACTOR, accept_terms=True, number="SK-1")
    taken_in("customer_number,member_number,accept_terms\nK2,SK-2,yes\n", sky)
    own = {"id", "membership_id", "customer_id", "own_set_id", "account_set_id", "number", "number_id", "card_id"}
    own |= {"history_id", "history_date", "history_type"}
    models = (Membership, Member, TermsAcceptance, MembershipTerm, TierStanding, Card, CardHolding)
    for model in (*models, *(one.history.model for one in models)):
        rows = [{k: v for k, v in row.items() if k not in own} for row in model.objects.order_by("pk").values()]
        assert len(rows) == 2, model
        assert rows[0] == rows[1], model
    accounts = PointAccount.objects.order_by("pk").values_list("point_type__code", "balance", "closed", "program_id")
    assert list(accounts[:2]) == list(accounts[2:])
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
    assert sorted(kinds[: len(kinds) // 2]) == sorted(kinds[len(kinds) // 2 :])
    first, second = Event.objects.filter(kind="membership.enrolled").order_by("pk")
    assert {k: v for k, v in first.facts.items() if k != "customer"} == {
        k: v for k, v in second.facts.items() if k != "customer"
    }


def test_lines_that_stand_together_are_lots_of_one_membership(people: list[Customer], sky: Program) -> None:
    text = HEADER + "K1,SK-1,,100,,,2027-12-31\nK1,,,250,,,\nK1,SK-1,,40,status,,\nK2,,,7,,,\n"
    figures, _ = taken_in(text, sky)
    assert figures == [2, 0, 0, 0]
    emma = Membership.objects.get(number="SK-1")
    assert lots_of(emma) == [(100, 100), (250, 250)]
    assert account_of(emma, "status").balance == 40
    assert Posting.objects.filter(for_set=emma.own_set_id).count() == 1
    assert Membership.objects.exclude(pk=emma.pk).get().number.startswith("SK-")
    assert_audit_clean()


def test_a_file_imported_again_changes_nothing(people: list[Customer], sky: Program) -> None:
    text = HEADER + "K1,SK-1,,100,,,2027-12-31\nK1,,,100,,,2027-12-31\nK2,,2024-01-01,7,status,2024-02-01,\nK3,,,,,,\n"
    taken_in(text, sky)
    before = counted(*TABLES)
    assert taken_in(text, sky) == ([0, 0, 3, 0], [])
    assert counted(*TABLES) == before


def test_a_known_membership_gets_the_balance_it_has_not_yet(people: list[Customer], sky: Program) -> None:
    with clock.frozen(NOW):
        emma = enrol(people[0], program=sky, actor=ACTOR)
    figures, told = taken_in(HEADER + f"K1,{emma.number},,100,,,\n", sky)
    assert (figures, told) == ([0, 1, 0, 0], [])
    assert account_of(emma).balance == 100
    assert Membership.objects.count() == 1


@pytest.mark.parametrize(
    ("lines", "code", "reason"),
    [
        ("K9,,,1,,,\n", "line_refused", "There is no customer K9"),
        ("K1,XX-1,,1,,,\n", "member_number", "starts with 'SK-'"),
        ("K1,SK-0,,1,,,\n", "member_number", "has a membership SK-0 already"),
        ("K1,,2026-03-11,1,,,\n", "event_time_out_of_range", "can't lie in the future"),
        ("K1,,,1,stars,,\n", "no_point_type", "has no point type “stars”"),
        ("K1,,,1,,,2026-03-09\n", "opening_refused", "leave them out"),
        ("K1,,,1,,2026-03-11,\n", "opening_refused", "future"),
        ("K1,,,,status,,\n", "line_refused", "and not how many points"),
        ("K1,,,1.5,,,\n", "line_refused", "points: “1.5” is no whole number"),
        ("K1,,,1e3,,,\n", "line_refused", "points: “1e3” is no whole number"),
        ("K1,,,99999999999999999,,,\n", "line_refused", "is too large"),
        ("K1,,,=1+1,,,\n", "line_refused", "holds a formula"),
        ("K1,SK-1,,1,,,\nK1,SK-2,,1,,,\n", "line_refused", "Line 3 says something else than line 2"),
        ("K0,SK-9,,1,,,\n", "already_member", "The person takes part as SK-0, not as SK-9"),
    ],
)
def test_a_refused_membership_leaves_nothing_behind(
    people: list[Customer], sky: Program, lines: str, code: str, reason: str
) -> None:
    with clock.frozen(NOW):
        enrol(make_customer("Zoe Ray", number="K0"), program=sky, actor=ACTOR, number="SK-0")
    before = counted(*TABLES)
    figures, (told,) = taken_in(HEADER + lines, sky)
    assert figures == [0, 0, 0, 1]
    assert told.startswith(f"2 {code}: ")
    assert reason in told
    assert counted(*TABLES) == before


def test_one_refused_among_many_takes_none_of_the_others_along(people: list[Customer], sky: Program) -> None:
    figures, (told,) = taken_in(HEADER + "K1,,,5,,,\nK2,,,6,,,2020-01-01\nK3,,,7,,,\n", sky)
    assert figures == [2, 0, 0, 1]
    assert told.startswith("3 opening_refused")
    assert set(Member.objects.values_list("customer__number", flat=True)) == {"K1", "K3"}
    assert sorted(Lot.objects.values_list("amount", flat=True)) == [5, 7]
    assert_audit_clean()


def test_lines_of_one_membership_that_do_not_stand_together_are_refused(people: list[Customer], sky: Program) -> None:
    figures, (told,) = taken_in(HEADER + "K1,,,5,,,\nK2,,,6,,,\nK1,,,7,,,\n", sky)
    assert figures == [2, 0, 0, 1]
    assert (
        told == "4 line_refused: customer_number: line 2 has this number already; lines of one number stand together."
    )
    assert sorted(Lot.objects.values_list("amount", flat=True)) == [5, 6]


def test_a_rehearsal_tells_the_same_and_writes_nothing(people: list[Customer], sky: Program) -> None:
    before = counted(*TABLES)
    text = HEADER + "K1,,,5,,,\nK2,,,6,,,2020-01-01\nK3,,,7,,,\n"
    figures, told = taken_in(text, sky, dry_run=True)
    assert counted(*TABLES) == before
    assert (figures, told) == taken_in(text, sky)


def test_all_or_nothing(people: list[Customer], sky: Program) -> None:
    before = counted(*TABLES)
    figures, _ = taken_in(HEADER + "K1,,,5,,,\nK2,,,6,,,2020-01-01\n", sky, all_or_nothing=True)
    assert figures == [1, 0, 0, 1]
    assert counted(*TABLES) == before


def test_tier_status_payment_and_terms_come_along(people: list[Customer]) -> None:
    sky = make_program("sky", member_number_prefix="SK-", fee=10, term_months=12, activation=Activation.FIRST_PAYMENT)
    make_terms(sky, must_accept=True)
    text = (
        "customer_number,enrolled_at,accept_terms,status,payment_reference,tier,tier_until\n"
        "K1,2026-01-01,yes,suspended,BANK-1,gold,2026-12-31\n"
        "K2,2026-01-01,yes,inactive,BANK-2,ladder/gold,2026-12-31\n"
        "K3,2026-01-01,no,,,,\n"
    )
    figures, told = taken_in(text, sky)
    assert figures == [2, 0, 0, 1]
    assert told[0].startswith("4 terms_not_accepted")
    emma, john = Membership.objects.order_by("pk")
    assert (emma.status, john.status) == ("suspended", "inactive")
    assert emma.expires_on == date(2026, 12, 31)
    assert TermsAcceptance.objects.count() == 2
    for row in (emma, john):
        standing = TierStanding.objects.get(membership=row, ended_at=None)
        assert (standing.tier.code, standing.source, standing.until) == (
            "gold", "manual", datetime(2027, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        assert row.terms.get().payment_reference in ("BANK-1", "BANK-2")
    assert_audit_clean()


@pytest.mark.parametrize(
    ("tier", "reason"),
    [
        ("gold,", "tier_until: A tier needs"),
        ("silver,2027-01-01", "names no tier"),
        ("gold,2026-01-01", "must lie ahead"),
    ],
)
def test_a_tier_that_can_not_be_given(people: list[Customer], sky: Program, tier: str, reason: str) -> None:
    figures, (told,) = taken_in(f"customer_number,tier,tier_until\nK1,{tier}\n", sky)
    assert figures == [0, 0, 0, 1]
    assert reason in told
    assert Membership.objects.count() == 0


def test_a_person_who_left_waits_for_the_cool_down(people: list[Customer]) -> None:
    sky = make_program("sky", cool_down_days=30)
    with clock.frozen(NOW - timedelta(days=5)):
        gone = enrol(people[0], program=sky, actor=ACTOR)
        terminate(gone, actor=ACTOR, reason="moved")
    figures, (told,) = taken_in("customer_number\nK1\nK2\n", sky)
    assert figures == [1, 0, 0, 1]
    assert told.startswith("2 cool_down")


@pytest.mark.parametrize("missing", ["memberships:manage", "points:adjust"])
def test_it_needs_both_rights_in_the_program(sky: Program, missing: str) -> None:
    clerk = Actor("user", 3, 1, "clerk", may=lambda action, program_id: action != missing, programs=None)
    with pytest.raises(NotAllowed):
        MembershipImport(sky, actor=clerk)


def test_balances_taken_over_together_leave_the_rows_of_one_taken_over_alone(
    people: list[Customer], sky: Program
) -> None:
    lots = "{},,,100,,2025-01-02,2027-12-31,2026-01-05\n{},,,50,,,,\n{},,,9,status,,,\n"
    header = HEADER.strip() + ",last_activity_at\n"
    with clock.frozen(NOW):
        enrol(people[0], program=sky, actor=ACTOR)
    for number in ("K1", "K2"):
        figures, _ = taken_in(header + lots.replace("{}", number), sky)
        assert sum(figures[:2]) == 1
    own = {"id", "for_set_id", "person_id", "cause_id", "posting_id", "account_id", "account_set_id", "entry_id"}
    own |= {"earner_id", "contributor_id", "subject_id", "facts"}
    for model, count in ((Posting, 1), (Entry, 2), (Lot, 3), (PointAccount, 2)):
        rows = [{k: v for k, v in row.items() if k not in own} for row in model.objects.order_by("pk").values()]
        assert len(rows) == 2 * count, model
        assert rows[:count] == rows[count:], model
    first, second = Event.objects.filter(kind="points.posted").order_by("pk")
    assert first.facts["entries"] == second.facts["entries"]
    assert set(first.facts) == set(second.facts)
    assert_audit_clean()
