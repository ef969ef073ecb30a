"""What a merge does with paid terms: the later end counts, the other's unused days are told for a refund (1.5)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from common import clock
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.preview import Preview, preview_of
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.lifecycle import record_payment
from memberships.models import Membership, MembershipBenefit, MembershipChange, MembershipTerm
from programs.models import Benefit, Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree
from tests.factories import ACTOR, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def club() -> Program:
    return make_program("club", fee="120.00", term_months=12)


def paying(program: Program, name: str, *, since: datetime) -> Membership:
    with clock.frozen(since):
        membership = make_membership(program, name)
        if program.fee:
            record_payment(membership, actor=ACTOR, reference=f"FEE-{name}", paid_at=since)
    membership.refresh_from_db()
    return membership


@pytest.fixture
def anna(club: Program) -> Membership:
    return paying(club, "Anna", since=datetime(2026, 1, 22, tzinfo=UTC))


@pytest.fixture
def ben(club: Program) -> Membership:
    return paying(club, "Ben", since=datetime(2026, 8, 22, tzinfo=UTC))


def merge_of(prime: Membership, secondary: Membership, result: str = "group") -> MembershipChange:
    asked: dict[str, Any] = {"secondary_id": secondary.pk, "result_type": result}
    return propose(Proposal("merge", prime.pk, **asked), actor=ACTOR)


def ends(preview: Preview) -> list[tuple[date | None, date | None]]:
    """Before and after, by person."""
    return [
        (one.before.membership.expires_on, one.after.membership.expires_on)
        for one in preview.people
        if one.before is not None and one.after is not None
    ]


def test_the_preview_shows_the_later_end_for_both_and_the_days_nobody_would_use(
    anna: Membership, ben: Membership
) -> None:
    with clock.frozen(NOW):
        preview = preview_of(merge_of(anna, ben), actor=ACTOR)
    assert ends(preview) == [(date(2027, 1, 21), date(2027, 8, 21)), (date(2027, 8, 21), date(2027, 8, 21))]
    assert [(one.membership, one.days, one.fee, one.currency, one.paid) for one in preview.unused_terms] == [
        (anna.pk, 61, "120.00", anna.program.currency, True)
    ]
    assert MembershipTerm.objects.count() == 2


def test_carried_out_the_group_has_the_later_end_and_the_term_that_reaches_it(
    anna: Membership, ben: Membership
) -> None:
    with clock.frozen(NOW):
        change = merge_of(anna, ben)
        agree(change)
        carried = carry_out(change, actor=ACTOR)
    group = carried.result
    assert group is not None
    assert group.expires_on == date(2027, 8, 21)
    terms = MembershipTerm.objects.filter(membership=group).values_list("first_day", "last_day", "paid_at")
    assert list(terms) == [(date(2026, 8, 22), date(2027, 8, 21), datetime(2026, 8, 22, tzinfo=UTC))]
    assert [one["days"] for one in carried.outcome["notes"]["unused_terms"]] == [61]
    assert_audit_clean()


def test_an_undo_gives_each_the_own_end_back(anna: Membership, ben: Membership) -> None:
    with clock.frozen(NOW):
        change = merge_of(anna, ben)
        agree(change)
        undo(carry_out(change, actor=ACTOR), actor=ACTOR, reason="by mistake")
    for one, last in ((anna, date(2027, 1, 21)), (ben, date(2027, 8, 21))):
        one.refresh_from_db()
        assert (one.current, one.expires_on) == (True, last)
    assert_audit_clean()


def test_who_shares_points_keeps_the_own_term(anna: Membership, ben: Membership) -> None:
    with clock.frozen(NOW):
        preview = preview_of(merge_of(anna, ben, "shared"), actor=ACTOR)
    assert ends(preview) == [(date(2027, 1, 21),) * 2, (date(2027, 8, 21),) * 2]
    assert preview.unused_terms == ()


def test_a_benefit_that_is_over_is_not_shown(anna: Membership, ben: Membership) -> None:
    lounge = Benefit.objects.create(program=anna.program, code="lounge", name="Lounge")
    for membership, until in ((anna, datetime(2026, 9, 1, tzinfo=UTC)), (ben, datetime(2026, 12, 1, tzinfo=UTC))):
        MembershipBenefit.objects.create(
            membership=membership, program=anna.program, benefit=lounge, source="rule", since=membership.enrolled_at,
            until=until, reason="rule",
        )  # fmt: skip
    with clock.frozen(NOW):
        people = {one.customer: one for one in preview_of(merge_of(anna, ben, "shared"), actor=ACTOR).people}
    shown = {pk: [line.name for line in one.before.benefits] for pk, one in people.items() if one.before is not None}
    assert shown == {member_of(anna): [], member_of(ben): ["Lounge"]}
