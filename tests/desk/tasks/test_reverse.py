"""Reversing a posting at the desk, wholly and in parts, by each refund policy."""

from decimal import Decimal

import pytest

from activities.calls import PointsCall
from activities.redeeming import redeem
from customers.models import StaffCustomer
from memberships.models import Membership
from points.models import Posting, Reversal, ReversalLine
from programs.models import PointType, Program
from staff.models import Role
from tests.activities.conftest import earned
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, account_of, make_program, member_of

pytestmark = pytest.mark.django_db
WHOLE = {"extent": "whole", "points": "", "reason_code": "booked-wrongly", "note": "till 4"}
LEFT = "Miles of the posting left to reverse"


@pytest.fixture
def sale(michael_adams: Membership) -> Posting:
    earned(michael_adams, 500)
    return Posting.objects.get()


@pytest.fixture
def path(sale: Posting) -> str:
    return f"postings/{sale.pk}/reverse"


def spend(membership: Membership, points: int) -> None:
    redeem(PointsCall(membership.pk, points), actor=ACTOR)


def test_the_whole_posting(supervisor: Desk, path: str, sale: Posting, michael_adams: Membership) -> None:
    page = supervisor.opens(path)
    assert "500 moved, 500 of them can still be taken back" in page.content.decode()
    assert "they are owed, and later points repay them" in page.content.decode()
    before = everything()
    preview = supervisor.previews(path, **WHOLE)
    assert said(preview) == ["500 of 500 Miles are moved back.", "Nothing of the posting is left."]
    assert changed(preview) == {"Miles": (500, 0), LEFT: (500, 0)}
    assert everything() == before
    receipt = supervisor.receipt(supervisor.confirms(preview))
    supervisor.confirms(preview)
    part = Reversal.objects.get()
    assert (part.reverses_id, part.part, part.reason_code, part.note) == (sale.pk, 1, "booked-wrongly", "till 4")
    assert part.posting is not None
    assert part.posting.reason_code == "booked-wrongly"
    assert account_of(michael_adams).balance == 0
    adjust = f"/desk/memberships/{michael_adams.pk}/adjust?reason_code=booked-wrongly"
    assert ways(receipt)["Book the right points: adjust"] == adjust
    again = supervisor.opens(path, "ineligible")
    assert said(again) == ["The posting was reversed in full already; nothing of it is left to take back."]
    assert_audit_clean()


def test_parts_never_exceed_the_posting(supervisor: Desk, path: str, michael_adams: Membership) -> None:
    part = WHOLE | {"extent": "part", "points": "450"}
    assert said(supervisor.does(path, **part)) == [
        "450 of 450 Miles are moved back.",
        "The rest of the posting stands.",
    ]
    before = everything()
    page = supervisor.previews(path, **part | {"points": "51"})
    assert page.status_code == 422
    assert "50 miles points" in said(page)[0]
    assert everything() == before
    supervisor.does(path, **part | {"points": "50"})
    assert account_of(michael_adams).balance == 0
    assert [line.asked for line in ReversalLine.objects.order_by("pk")] == [450, 50]
    assert_audit_clean()


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("negative", "200 of them were spent: they are owed, and later points repay them."),
        ("cut_refund", "200 Miles were spent: cut 2.00 EUR from the refund."),
    ],
)
def test_what_was_spent_follows_the_policy_and_is_told_first(
    supervisor: Desk, path: str, michael_adams: Membership, miles: Program, policy: str, told: str
) -> None:
    point_type = PointType.objects.get(code="miles")
    point_type.money_value = Decimal("0.01")
    point_type.save()
    miles.refund_policy = policy
    miles.save()
    spend(michael_adams, 200)
    preview = supervisor.previews(path, **WHOLE)
    assert told in said(preview)
    supervisor.confirms(preview)
    assert account_of(michael_adams).balance == (-200 if policy == "negative" else 0)
    assert_audit_clean()


def test_where_a_refund_is_refused_what_is_missing_is_told(
    supervisor: Desk, path: str, michael_adams: Membership, miles: Program
) -> None:
    miles.refund_policy = "refuse"
    miles.save()
    spend(michael_adams, 200)
    before = everything()
    page = supervisor.previews(path, **WHOLE)
    assert page.status_code == 422
    assert said(page) == ["200 of the 500 miles points to take back were spent, given away or are held."]
    assert everything() == before
    supervisor.does(path, **WHOLE | {"extent": "part", "points": "300"})
    assert account_of(michael_adams).balance == 0


def test_a_reversal_is_corrected_by_booking_anew(supervisor: Desk, path: str) -> None:
    supervisor.does(path, **WHOLE)
    page = supervisor.opens(f"postings/{Posting.objects.latest('pk').pk}/reverse", "ineligible")
    assert "Book the original event again instead." in said(page)[0]


def test_a_redemption_given_back_may_be_kept_usable(
    supervisor: Desk, agent: Desk, sale: Posting, michael_adams: Membership
) -> None:
    spend(michael_adams, 100)
    path = f"postings/{Posting.objects.latest('pk').pk}/reverse"
    assert "extend_until" in supervisor.opens(path).context["form"].fields
    supervisor.does(path, **WHOLE)
    assert account_of(michael_adams).balance == 500
    assert_audit_clean()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"extent": "part"}, "points: Say how many points the part has."),
        ({"extent": "part", "points": "x"}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "5"}, "points: Choose “A part” above, or leave this empty."),
        ({"extent": ""}, "extent: This field is required."),
        ({"reason_code": "other", "note": ""}, "note: Say in the note what the reason is."),
    ],
)
def test_bad_input(supervisor: Desk, path: str, fields: dict[str, str], fault: str) -> None:
    before = everything()
    page = supervisor.previews(path, **WHOLE | fields)
    assert (page.status_code, said(page)) == (400, [fault])
    assert everything() == before


def test_nobody_reverses_their_own_spending(supervisor: Desk, sale: Posting, michael_adams: Membership) -> None:
    spend(michael_adams, 100)
    StaffCustomer.objects.create(user=supervisor.user, customer_id=member_of(michael_adams))
    before = everything()
    page = supervisor.opens(f"postings/{Posting.objects.latest('pk').pk}/reverse", "ineligible")
    assert "your own" in said(page)[0]
    assert everything() == before


def test_rights(agent: Desk, path: str) -> None:
    foreign = Desk("fred", Role.SUPERVISOR, make_program("stars"))
    before = everything()
    for who, status in ((agent, 403), (foreign, 404)):
        assert who.client.get(f"/desk/{path}").status_code == status
        form = WHOLE | {"key": "0" * 32, "step": "confirm", "seen": ""}
        assert who.client.post(f"/desk/{path}", form).status_code == status
    assert everything() == before
