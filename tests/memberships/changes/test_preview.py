"""Previews: the change itself, rolled back, before | after per person (domain 1.9)."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from activities.calls import PointsCall
from activities.redeeming import redeem
from common import clock
from common.errors import Busy
from common.keys import carrying_key, take_key
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import ChangeNotOpen, ChangeRefused
from memberships.changes.plan import Proposal
from memberships.changes.preview import Preview, preview_of
from memberships.changes.preview_state import Standing, state_of
from memberships.changes.proposing import draft, propose
from memberships.changes.undoing import undoing_of
from memberships.lifecycle import suspend
from memberships.locking import locked_memberships
from memberships.models import ChangeKind, Membership, MembershipChange
from programs.design import design_of
from programs.models import Program
from tests.changes import agree, anonymous, earn, owe, pair
from tests.factories import ACTOR, make_program, member_of
from tests.queries import asked
from tests.rows import all_rows

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def proposed(kind: str, prime: Membership, secondary: Membership | None = None, **wishes: Any) -> MembershipChange:
    proposal = Proposal(kind, prime.pk, secondary_id=secondary.pk if secondary else None, **wishes)
    return propose(proposal, actor=ACTOR)


def of(preview: Preview, customer_id: int | None) -> tuple[Standing, Standing]:
    """Before and after of that person."""
    found = next(one for one in preview.people if one.customer == customer_id)
    assert found.before is not None
    assert found.after is not None
    return found.before, found.after


def points(standing: Standing, code: str = "miles") -> tuple[int, int, bool]:
    """(balance, debt, pooled)"""
    line = next(one for one in standing.points if one.point_type == code)
    return line.balance, line.debt, line.pooled


class TestWhatItShows:
    def test_points_by_expiry_before_and_after_and_that_nothing_is_lost(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        with clock.frozen(NOON):
            earn(anna, 300, days=10)
            earn(ben, 200, days=60)
            earn(ben, 50, days=200)
            earn(ben, 7, days=900)
            earn(ben, 1)
            preview = preview_of(proposed("merge", anna, ben, result_type="shared"), actor=ACTOR)
        before, after = of(preview, member_of(ben))
        assert (points(before), points(after)) == ((258, 0, False), (558, 0, True))
        assert (before.membership.type, after.membership.type) == ("standard", "shared")
        assert (after.membership.id, after.membership.new) == (ben.pk, False)
        expected = {"over": 0, "this_month": 300, "next_90_days": 200, "next_year": 50, "later": 7, "never": 1}
        assert dict(after.points[0].expiry) == expected
        assert (after.points[0].brought, before.points[0].brought) == (258, 258)
        assert [(one.point_type, one.before, one.after, one.expired) for one in preview.totals] == [
            ("miles", 558, 558, 0),
            ("status", 0, 0, 0),
        ]
        assert preview.conserved
        assert (before.tiers, before.cards, before.numbers) == (after.tiers, after.cards, after.numbers)
        assert [tier.tier for tier in after.tiers] == ["blue"]
        assert before.numbers == (ben.number,)
        assert preview.retired_numbers == ()

    def test_a_debt_that_comes_along_names_who_owes_it(self, anna_and_ben: list[Membership]) -> None:
        """Case 12."""
        anna, ben = anna_and_ben
        earn(anna, 300)
        owe(ben, 40)
        preview = preview_of(proposed("merge", anna, ben, result_type="shared"), actor=ACTOR)
        (_, annas), (_, bens) = of(preview, member_of(anna)), of(preview, member_of(ben))
        assert (points(annas), points(bens)) == ((260, 40, True), (260, 40, True))
        assert (annas.points[0].owed, bens.points[0].owed) == (0, 40)

    def test_a_membership_to_be_opened_has_no_number_yet_and_retired_numbers_lead_there(
        self, anna_and_ben: list[Membership]
    ) -> None:
        anna, ben = anna_and_ben
        preview = preview_of(proposed("merge", anna, ben, result_type="group", main_id=member_of(anna)), actor=ACTOR)
        _, after = of(preview, member_of(anna))
        line = after.membership
        assert (line.id, line.number, line.type, line.main, line.new) == (None, "", "group", True, True)
        assert after.numbers == (anna.number,)
        assert [(one.membership, one.number, one.leads_to) for one in preview.retired_numbers] == [
            (anna.pk, anna.number, ""),
            (ben.pk, ben.number, ""),
        ]

    def test_an_anonymous_membership_stands_under_nobody(self, miles: Program) -> None:
        (emma,) = pair(miles, "Emma Stone")
        found = anonymous(miles)
        earn(found, 120)
        preview = preview_of(proposed("absorb", emma, found), actor=ACTOR)
        nobody = next(one for one in preview.people if one.customer is None)
        assert nobody.before is not None
        assert (points(nobody.before), nobody.after) == ((120, 0, False), None)
        before, after = of(preview, member_of(emma))
        assert (points(before), points(after)) == ((0, 0, False), (120, 0, False))
        assert [card.kind for card in after.cards] == ["main", "additional"]
        assert [(one.number, one.leads_to) for one in preview.retired_numbers] == [(found.number, emma.number)]

    def test_an_undo_shows_who_bears_what_was_spent(self, anna_and_ben: list[Membership]) -> None:
        """Case 16."""
        anna, ben = anna_and_ben
        earn(ben, 300)
        change = carry_out(agree(proposed("merge", anna, ben, result_type="shared")), actor=ACTOR)
        redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        preview = preview_of(undoing_of(change, actor=ACTOR, reason="mistake"), actor=ACTOR)
        (before, annas), (_, bens) = of(preview, member_of(anna)), of(preview, member_of(ben))
        assert (points(before), points(annas), points(bens)) == ((200, 0, True), (-100, 100, False), (300, 0, False))
        assert annas.points[0].owed == 100
        assert preview.conserved
        change.refresh_from_db()
        assert change.status == "carried_out"

    def test_it_shows_what_carrying_out_does(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300, days=10)
        earn(ben, 20, "status")
        change = agree(proposed("merge", anna, ben, result_type="shared"))
        shown = preview_of(change, actor=ACTOR)
        done = carry_out(change, actor=ACTOR)
        customers = {member_of(one) for one in anna_and_ben}
        memberships = list(Membership.objects.all())
        after = state_of(
            customers,
            memberships,
            design=design_of(done.program_id),
            at=clock.program_now(done.program),
            known={one.pk for one in memberships},
        )
        assert {one.customer: one.after for one in shown.people} == dict(after.standings)

    def test_its_json_is_plain(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        shown = json.loads(
            json.dumps(preview_of(proposed("merge", anna, ben, result_type="shared"), actor=ACTOR).as_json())
        )
        assert shown["conserved"] is True
        assert shown["people"][0]["after"]["points"][0]["balance"] == 300
        assert shown["people"][0]["after"]["membership"]["type"] == "shared"


class TestNothingIsKept:
    @pytest.mark.parametrize("result", ["shared", "group"])
    def test_no_row_of_any_table_changes(self, anna_and_ben: list[Membership], result: str) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        earn(ben, 200)
        wishes = {"main_id": member_of(ben)} if result == "group" else {}
        change = proposed("merge", anna, ben, result_type=result, **wishes)
        before, given = all_rows(), change.version
        preview_of(change, actor=ACTOR)
        assert all_rows() == before
        assert (change.status, change.version, change.outcome) == ("awaiting_consent", given, {})

    def test_a_proposal_that_is_not_saved_is_not_saved_by_it(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        change = MembershipChange(
            program=anna.program,
            kind=ChangeKind.MERGE,
            prime=anna,
            secondary=ben,
            result_type="shared",
            proposed_at=clock.program_now(anna.program),
            channel_id=ACTOR.channel_id,
        )
        before = all_rows()
        assert points(of(preview_of(change, actor=ACTOR), member_of(ben))[1]) == (300, 0, True)
        assert all_rows() == before
        assert change.pk is None

    def test_the_key_of_the_request_stays_for_the_posting_that_is_kept(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        change = proposed("merge", anna, ben, result_type="shared")
        with carrying_key(b"k" * 32):
            preview_of(change, actor=ACTOR)
            assert take_key() == (b"k" * 32, 0)

    def test_what_surrounds_it_goes_on(self, anna_and_ben: list[Membership]) -> None:
        """Its savepoint alone is rolled back, patience for locks included."""
        anna, ben = anna_and_ben
        change = proposed("merge", anna, ben, result_type="shared")
        with transaction.atomic():
            earn(anna, 5)
            preview_of(change, actor=ACTOR)
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                assert cursor.fetchone() == ("0",)
        assert points(of(preview_of(change, actor=ACTOR), member_of(anna))[0]) == (5, 0, False)


class TestRefusals:
    def test_drafts_and_agreed_changes_are_previewed_ended_ones_not(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        sketch = draft(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
        assert preview_of(sketch, actor=ACTOR).row == "pool"
        change = agree(proposed("merge", anna, ben, result_type="shared"))
        assert preview_of(change, actor=ACTOR).row == "pool"
        done = carry_out(change, actor=ACTOR)
        with pytest.raises(ChangeNotOpen):
            preview_of(done, actor=ACTOR)

    def test_it_asks_statuses_as_carrying_out_does(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        change = proposed("merge", anna, ben, result_type="shared")
        suspend(ben, actor=ACTOR, reason="fraud")
        before = all_rows()
        with pytest.raises(ChangeRefused) as refused:
            preview_of(change, actor=ACTOR)
        assert refused.value.facts["rule"] == "not_active"
        assert all_rows() == before

    def test_statements_do_not_grow_with_the_lots(self, miles: Program) -> None:
        counts = []
        for many in (1, 30):
            first, second = pair(miles, f"A{many} B", f"C{many} D")
            for _ in range(many):
                earn(first, 2, days=20)
                earn(second, 3)
            change = proposed("merge", first, second, result_type="shared")
            with asked() as captured:
                preview_of(change, actor=ACTOR)
            counts.append(len(captured))
        assert counts[1] - counts[0] <= 3, counts


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_lock_is_told_to_try_again() -> None:
    anna, ben = pair(make_program("miles"))
    change = proposed("merge", anna, ben, result_type="shared")
    with _held(lambda: locked_memberships([ben.pk])), pytest.raises(Busy):
        preview_of(change, actor=ACTOR)
    assert preview_of(change, actor=ACTOR).row == "pool"


class _held:
    """Another connection holds the lock inside the block."""

    def __init__(self, lock: Callable[[], object]) -> None:
        self.lock, self.taken, self.free = lock, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        try:
            with transaction.atomic():
                self.lock()
                self.taken.set()
                self.free.wait(timeout=20)
        finally:
            connection.close()

    def __enter__(self) -> None:
        self.thread.start()
        assert self.taken.wait(timeout=20)

    def __exit__(self, *_: object) -> None:
        self.free.set()
        self.thread.join(timeout=20)
