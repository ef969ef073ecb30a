"""Bulk awards: a list with a preview, a second person above the limit, every line posted once."""

import io
from decimal import Decimal
from typing import Any

import pytest

from activities import posting_awards
from activities.adjusting import AdjustmentCall, adjust_points
from activities.award_errors import AwardEmpty, AwardNameTaken, AwardWrongStatus
from activities.award_lines import read_list
from activities.awarding import (
    AwardCall,
    approve_award,
    discard_award,
    draft_award,
    may_discard,
    reason_against,
    refuse_award,
    submit_award,
    totals_of,
)
from activities.models import AwardRow, BulkAward
from activities.posting_awards import post_award, post_awards
from common.actor import Actor
from common.errors import NotAllowed
from common.sheets import SheetRefused
from customers.models import StaffCustomer
from gateway.models import Event
from memberships.card_holding import cards_in_hand
from memberships.ending import terminate
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import ReasonNotACode
from points.models import Adjustment, Posting
from programs.models import PointType, Program
from staff.models import User
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, counted, lots_of, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
ALL = ("points:adjust", "points:approve")


def staff(name: str, *rights: str) -> Actor:
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    return Actor("user", user.pk, 1, name, lambda action, program_id: action in (rights or ALL), None)


@pytest.fixture
def agnes(db: None) -> Actor:
    return staff("agnes", "points:adjust")


@pytest.fixture
def susan(db: None) -> Actor:
    return staff("susan")


@pytest.fixture
def crowd(miles: Program) -> list[Membership]:
    miles.adjustment_limit, miles.adjustment_day_limit = 100, 150
    miles.save()
    return [make_membership(miles, f"Member {n}") for n in range(4)]


def sheet(*lines: str, header: str = "member_number,points") -> io.BytesIO:
    return io.BytesIO("\n".join([header, *lines]).encode())


def drafted(crowd: list[Membership], actor: Actor, *points: int, name: str = "Spring") -> BulkAward:
    lines = [f"{one.number},{given}" for one, given in zip(crowd, points, strict=False)]
    call = AwardCall(name, "goodwill", note="for the delay")
    return draft_award(crowd[0].program, call, read_list(sheet(*lines)), actor=actor)


def state(award: BulkAward) -> str:
    award.refresh_from_db()
    return award.status


def problems(award: BulkAward) -> dict[int, str]:
    return dict(AwardRow.objects.filter(award=award).exclude(problem="").values_list("line", "problem"))


def test_a_list_is_read_line_by_line_with_what_is_wrong_in_each() -> None:
    lines = read_list(sheet("MI1,10", "MI2,0", ",5", "MI3,ten", "", "MI4,-3", "MI5,1.5"))
    assert [(one.number, one.who, one.points, bool(one.problem)) for one in lines] == [
        (2, "MI1", 10, False),
        (3, "MI2", None, True),
        (4, "", 5, True),
        (5, "MI3", None, True),
        (7, "MI4", None, True),
        (8, "MI5", None, True),
    ]
    assert read_list(sheet("4002,7", header="card_number,points"))[0].kind == "card_number"


@pytest.mark.parametrize(
    "file",
    [
        sheet("MI1,1,2", header="member_number,card_number,points"),
        sheet("5", header="points"),
        sheet(),
        io.BytesIO(b""),
    ],
)
def test_what_is_no_such_list_is_refused_as_a_whole(file: io.BytesIO) -> None:
    with pytest.raises(SheetRefused):
        read_list(file)


def test_a_draft_says_what_it_would_give_and_posts_nothing(crowd: list[Membership], agnes: Actor) -> None:
    miles = PointType.objects.get(program=crowd[0].program, code="miles")
    miles.money_value = Decimal("0.01")
    miles.save()
    before = counted(Posting, Adjustment)
    award = drafted(crowd, agnes, 30, 20)
    totals = totals_of(award)
    assert (totals.rows, totals.points, totals.value, totals.faulty) == (2, 50, Decimal("0.50"), 0)
    assert (counted(Posting, Adjustment), state(award)) == (before, "draft")
    assert [row.person_id for row in award.rows.order_by("line")] == [member_of(one) for one in crowd[:2]]


def test_lines_that_name_nobody_twice_or_somewhere_else_keep_their_problem(
    crowd: list[Membership], agnes: Actor
) -> None:
    stranger = make_membership(make_program("sea"), "Eve Stone")
    numbers = ["NOBODY", crowd[0].number, crowd[0].number, stranger.number]
    call = AwardCall("Spring", "goodwill")
    lines = read_list(sheet(*[f"{number},10" for number in numbers]))
    award = draft_award(crowd[0].program, call, lines, actor=agnes)
    told = problems(award)
    assert sorted(told) == [2, 4, 5]
    assert told[4] == "Line 3 names the same membership."
    assert told[2] == told[5] == "There is no such membership that you can see."
    assert totals_of(award).points == 10


def test_a_card_names_its_membership(crowd: list[Membership], agnes: Actor) -> None:
    card = cards_in_hand(crowd[0])[0].number_id
    other = cards_in_hand(make_membership(make_program("sea"), "Eve Stone"))[0].number_id
    lines = read_list(sheet(f"{card},10", f"{other},10", header="card_number,points"))
    award = draft_award(crowd[0].program, AwardCall("Spring", "goodwill"), lines, actor=agnes)
    first, second = award.rows.order_by("line")
    assert (first.membership_id, first.problem) == (crowd[0].pk, "")
    assert (second.membership_id, second.problem) == (None, "The card belongs to another program.")


def test_up_to_the_limit_it_is_posted_without_a_second_person(crowd: list[Membership], agnes: Actor) -> None:
    award = submit_award(drafted(crowd, agnes, 60, 40), actor=agnes)
    assert (award.status, award.needs_approval) == ("approved", False)
    assert post_award(award) == 2
    assert [account_of(one).balance for one in crowd] == [60, 40, 0, 0]
    assert (state(award), lots_of(crowd[0])) == ("posted", [(60, 60)])
    row = award.rows.order_by("line").first()
    adjustment = Adjustment.objects.get(posting=row.posting)
    assert (adjustment.points, adjustment.reason_code, adjustment.requested_by_id) == (60, "goodwill", agnes.user_id)
    assert (row.posting.kind, row.posting.user_id, row.posting.person_id) == ("adjust", agnes.user_id, row.person_id)
    told = Event.objects.get(kind="award.posted")
    assert told.facts == {"rows": 2, "points": 100, "faulty": 0}
    assert_audit_clean()


def test_above_the_limit_in_all_it_waits_and_posts_nothing(crowd: list[Membership], agnes: Actor, susan: Actor) -> None:
    award = submit_award(drafted(crowd, agnes, 60, 41), actor=agnes)
    assert (award.status, award.needs_approval) == ("waiting", True)
    assert (post_awards(), Posting.objects.count()) == (0, 0)
    approve_award(award, actor=susan, note="agreed")
    assert post_awards() == 2
    award.refresh_from_db()
    assert (award.status, award.decided_by_id, award.decision_note) == ("posted", susan.user_id, "agreed")
    adjustment = Adjustment.objects.first()
    assert (adjustment.needs_approval, adjustment.decided_by_id) == (True, susan.user_id)
    assert_audit_clean()


def test_small_lists_of_one_day_add_up_with_what_the_requester_gave_by_hand(
    crowd: list[Membership], agnes: Actor
) -> None:
    adjust_points(AdjustmentCall(crowd[3].pk, 50, "goodwill"), actor=agnes)
    first = submit_award(drafted(crowd, agnes, 60), actor=agnes)
    assert first.needs_approval is False
    # Not posted yet, and counted already.
    second = submit_award(drafted(crowd[1:], agnes, 41, name="More"), actor=agnes)
    assert second.needs_approval is True
    post_award(first)
    third = submit_award(drafted(crowd[2:], agnes, 40, name="Less"), actor=agnes)
    assert third.needs_approval is False


def test_never_the_requester_nor_one_without_the_right_nor_one_linked_decides(
    crowd: list[Membership], agnes: Actor, susan: Actor
) -> None:
    award = submit_award(drafted(crowd, staff("both"), 60, 41), actor=staff("both"))
    linked = staff("linked")
    StaffCustomer.objects.create(user_id=linked.user_id, customer_id=member_of(crowd[1]))
    channel = Actor("channel", None, 2, "till", lambda action, program_id: True, None)
    for actor in (staff("both"), agnes, linked, channel):
        assert reason_against(award, actor)
        for decide in (approve_award, refuse_award):
            with pytest.raises(NotAllowed):
                decide(award, actor=actor)
    assert (state(award), reason_against(award, susan)) == ("waiting", "")


def test_what_was_refused_is_never_posted_and_decided_once(crowd: list[Membership], agnes: Actor, susan: Actor) -> None:
    award = submit_award(drafted(crowd, agnes, 60, 41), actor=agnes)
    refuse_award(award, actor=susan, note="too much")
    with pytest.raises(AwardWrongStatus):
        approve_award(award, actor=susan)
    assert (post_awards(), Posting.objects.count(), state(award)) == (0, 0, "refused")


def test_nobody_awards_points_to_themselves_or_those_linked_to_them(crowd: list[Membership], agnes: Actor) -> None:
    StaffCustomer.objects.create(user_id=agnes.user_id, customer_id=member_of(crowd[0]))
    award = drafted(crowd, agnes, 10, 20)
    assert "your own" in problems(award)[2]
    post_award(submit_award(award, actor=agnes))
    assert [account_of(one).balance for one in crowd[:2]] == [0, 20]


def test_a_line_whose_membership_may_not_any_more_keeps_its_problem_and_the_others_go_on(
    crowd: list[Membership], agnes: Actor
) -> None:
    award = submit_award(drafted(crowd, agnes, 10, 20, 30), actor=agnes)
    terminate(crowd[1], actor=ACTOR, reason="left")
    suspend(crowd[2], actor=ACTOR, reason="checked")
    post_award(award)
    # A suspended membership may have its points adjusted.
    assert [account_of(one).balance for one in crowd[:3]] == [10, 0, 30]
    assert list(problems(award)) == [3]
    assert state(award) == "posted"
    assert_audit_clean()


def test_a_run_that_is_cut_off_goes_on_and_posts_no_line_twice(
    crowd: list[Membership], agnes: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    award = submit_award(drafted(crowd, agnes, 10, 20, 30), actor=agnes)
    steps: list[int] = []

    def cut(count: int) -> None:
        steps.append(count)
        if len(steps) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        post_award(award, progress=cut)
    assert ([account_of(one).balance for one in crowd[:3]], state(award)) == ([10, 20, 0], "approved")
    assert post_award(award) == 1
    assert post_award(award) == 0
    assert ([account_of(one).balance for one in crowd[:3]], state(award)) == ([10, 20, 30], "posted")
    assert Posting.objects.count() == 3
    # Even asked for by hand, a line is posted once.
    posting_awards._post(award.rows.first().pk, award)
    assert Posting.objects.count() == 3


def test_a_name_stands_for_one_list(crowd: list[Membership], agnes: Actor) -> None:
    drafted(crowd, agnes, 10)
    with pytest.raises(AwardNameTaken):
        drafted(crowd, agnes, 10)
    assert BulkAward.objects.count() == 1


def test_a_list_without_a_usable_line_goes_nowhere(crowd: list[Membership], agnes: Actor) -> None:
    lines = read_list(sheet("NOBODY,10"))
    award = draft_award(crowd[0].program, AwardCall("Spring", "goodwill"), lines, actor=agnes)
    with pytest.raises(AwardEmpty):
        submit_award(award, actor=agnes)
    assert state(award) == "draft"


@pytest.mark.parametrize("rights", [("points:earn",), ("points:approve",)])
def test_asking_needs_the_right_to_adjust(crowd: list[Membership], rights: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed):
        drafted(crowd, staff("ann", *rights), 10)


def test_a_sentence_is_no_reason(crowd: list[Membership], agnes: Actor) -> None:
    call: Any = AwardCall("Spring", "For Katrin, who waited")
    with pytest.raises(ReasonNotACode):
        draft_award(crowd[0].program, call, read_list(sheet("MI1,1")), actor=agnes)
    assert not BulkAward.objects.exists()


def test_a_discarded_draft_is_kept_never_posted_and_frees_its_name(crowd: list[Membership], agnes: Actor) -> None:
    award = drafted(crowd, agnes, 10, 20)
    with pytest.raises(AwardNameTaken):
        drafted(crowd, agnes, 1)
    discard_award(award, actor=agnes, note="wrong month")
    award.refresh_from_db()
    assert (award.status, award.decided_by_id, award.decision_note) == ("discarded", agnes.user_id, "wrong month")
    assert award.decided_at is not None
    assert Event.objects.get(kind="award.discarded").facts == {"rows": 2, "points": 30, "needs_approval": False}
    for verb in (submit_award, discard_award):
        with pytest.raises(AwardWrongStatus, match="is discarded already"):
            verb(award, actor=agnes)
    post_awards()
    assert (AwardRow.objects.filter(award=award).count(), Posting.objects.count()) == (2, 0)
    again = drafted(crowd, agnes, 5)
    assert (again.name, state(again)) == (award.name, "draft")
    assert_audit_clean()


def test_only_whoever_uploaded_it_or_may_approve_discards_a_draft(
    crowd: list[Membership], agnes: Actor, susan: Actor
) -> None:
    award, before = drafted(crowd, agnes, 10), Event.objects.count()
    colleague = staff("anton", "points:adjust")
    assert [may_discard(award, one) for one in (agnes, susan, colleague, ACTOR)] == [True, True, False, False]
    with pytest.raises(NotAllowed):
        discard_award(award, actor=colleague)
    assert (state(award), Event.objects.count()) == ("draft", before)
    discard_award(award, actor=susan)
    assert state(award) == "discarded"


def test_what_was_sent_on_is_not_discarded(crowd: list[Membership], agnes: Actor) -> None:
    small, large = drafted(crowd, agnes, 10), drafted(crowd, agnes, 101, name="Large")
    for award, status in ((small, "approved"), (large, "waiting")):
        submit_award(award, actor=agnes)
        with pytest.raises(AwardWrongStatus):
            discard_award(award, actor=agnes)
        assert state(award) == status
