"""Transferring, converting, holding and releasing points at the desk."""

from datetime import timedelta

import pytest

from cards.models import Card
from common import clock
from customers.models import StaffCustomer
from gateway.models import Event
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.models import Hold, Posting
from programs.models import ConversionRate, PointType, Program
from staff.models import Role
from tests.activities.conftest import earned
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, account_of, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
NOWHERE = "There is no such member or card in this program. Check the number with the customer."


@pytest.fixture
def rich(michael_adams: Membership) -> Membership:
    earned(michael_adams, 500)
    return michael_adams


def sending(to: str, points: str = "200", **more: str) -> dict[str, str]:
    return {"to": to, "points": points, "point_type": "miles", "reason_code": "customer-wish"} | more


# Transfers


def test_a_transfer_is_previewed_and_made_with_its_reason(
    agent: Desk, rich: Membership, katrin_bauer: Membership
) -> None:
    path = f"memberships/{rich.pk}/transfer"
    before = everything()
    preview = agent.previews(path, **sending(katrin_bauer.number))
    assert said(preview) == [f"200 Miles go to {katrin_bauer.number} (K*** B***)."]
    assert changed(preview) == {"Miles": (500, 300)}
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    posting = Posting.objects.latest("pk")
    assert (posting.kind, posting.reason_code, posting.for_set_id) == ("transfer", "customer-wish", rich.own_set_id)
    assert (account_of(rich).balance, account_of(katrin_bauer).balance) == (300, 200)
    assert f"Posting {posting.pk}:" in receipt.content.decode()
    assert_audit_clean()


def test_two_clicks_transfer_once(agent: Desk, rich: Membership, katrin_bauer: Membership) -> None:
    preview = agent.previews(f"memberships/{rich.pk}/transfer", **sending(katrin_bauer.number))
    first, second = agent.confirms(preview), agent.confirms(preview)
    assert first["Location"] == second["Location"]
    assert account_of(katrin_bauer).balance == 200


def test_the_receiver_is_found_by_card_too(agent: Desk, rich: Membership, katrin_bauer: Membership) -> None:
    card = Card.objects.get(holdings__membership=katrin_bauer)
    agent.does(f"memberships/{rich.pk}/transfer", **sending(card.number_id))
    assert account_of(katrin_bauer).balance == 200


def test_a_donation_goes_to_a_beneficiary_only(agent: Desk, rich: Membership, katrin_bauer: Membership) -> None:
    path = f"memberships/{rich.pk}/transfer"
    page = agent.previews(path, **sending(katrin_bauer.number, donate="on"))
    assert page.status_code == 422
    assert "marked as beneficiaries" in said(page)[0]
    katrin_bauer.is_beneficiary = True
    katrin_bauer.save()
    agent.does(path, **sending(katrin_bauer.number, donate="on"))
    assert Posting.objects.latest("pk").kind == "donate"


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"to": ""}, 400, "to: This field is required."),
        (
            {"to": "MI-0"},
            404,
            "to: There is no such member or card in this program. Check the number with the customer.",
        ),
        ({"points": "501"}, 422, "500 points of type “miles” are available, 501 were asked for."),
        ({"points": "0"}, 400, "points: Ensure this value is greater than or equal to 1."),
        (
            {"point_type": "status"},
            400,
            "point_type: Select a valid choice. status is not one of the available choices.",
        ),
        ({"reason_code": "x"}, 400, "reason_code: Select a valid choice. x is not one of the available choices."),
    ],
)
def test_bad_input_of_a_transfer(
    agent: Desk, rich: Membership, katrin_bauer: Membership, fields: dict[str, str], status: int, fault: str
) -> None:
    before = everything()
    page = agent.previews(f"memberships/{rich.pk}/transfer", **sending(katrin_bauer.number) | fields)
    assert (page.status_code, said(page)) == (status, [fault])
    assert everything() == before


def test_a_member_of_another_program_is_not_there(agent: Desk, rich: Membership) -> None:
    stranger = make_membership(make_program("stars"), "Sarah Kim")
    card = Card.objects.get(holdings__membership=stranger)
    for number in (stranger.number, card.number_id):
        assert agent.previews(f"memberships/{rich.pk}/transfer", **sending(number)).status_code == 404


def test_to_oneself_is_refused(agent: Desk, rich: Membership) -> None:
    page = agent.previews(f"memberships/{rich.pk}/transfer", **sending(rich.number))
    assert page.status_code == 422
    assert "nothing to transfer" in said(page)[0]


def test_staff_move_no_points_of_their_own(agent: Desk, rich: Membership, katrin_bauer: Membership) -> None:
    StaffCustomer.objects.create(user=agent.user, customer_id=member_of(katrin_bauer))
    before = everything()
    page = agent.previews(f"memberships/{rich.pk}/transfer", **sending(katrin_bauer.number))
    assert said(page) == ["These points are your own, or of somebody linked to you. A colleague corrects them."]
    assert everything() == before


def test_a_suspended_membership_gives_nothing_away(agent: Desk, rich: Membership) -> None:
    suspend(rich, actor=ACTOR, reason="doubt")
    for task in ("transfer", "convert", "hold"):
        page = agent.opens(f"memberships/{rich.pk}/{task}", "ineligible")
        assert "it is suspended" in said(page)[0], task


# Conversions


@pytest.fixture
def rate(miles: Program) -> ConversionRate:
    other = PointType.objects.create(program=miles, code="stars", name="Stars", kind="redeemable")
    types = PointType.objects.get(code="miles"), other
    return ConversionRate.objects.create(
        program=miles, from_type=types[0], to_type=types[1], numerator=1, denominator=3,
        valid_from=clock.now() - timedelta(days=1),
    )  # fmt: skip


def test_without_a_rate_there_is_nothing_to_convert(agent: Desk, rich: Membership) -> None:
    page = agent.opens(f"memberships/{rich.pk}/convert", "ineligible")
    assert said(page) == ["Miles has no rate between its point types. The program manager sets rates."]


def test_a_conversion_rounds_down_and_says_so_first(agent: Desk, rate: ConversionRate, rich: Membership) -> None:
    path = f"memberships/{rich.pk}/convert"
    form = {"pair": "miles>stars", "points": "100", "reason_code": "customer-wish"}
    before = everything()
    preview = agent.previews(path, **form)
    assert said(preview) == ["100 Miles become 33 Stars."]
    assert everything() == before
    assert agent.confirms(preview)["Location"] == agent.confirms(preview)["Location"]
    assert (account_of(rich).balance, account_of(rich, "stars").balance) == (400, 33)
    assert Posting.objects.latest("pk").reason_code == "customer-wish"
    assert_audit_clean()


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"pair": "stars>miles"}, 400, "pair: Select a valid choice. stars>miles is not one of the available choices."),
        ({"points": "2"}, 422, "2 points convert to nothing at 1 for 3."),
        ({"points": "501"}, 422, "500 points of type “miles” are available, 501 were asked for."),
    ],
)
def test_bad_input_of_a_conversion(
    agent: Desk, rate: ConversionRate, rich: Membership, fields: dict[str, str], status: int, fault: str
) -> None:
    form = {"pair": "miles>stars", "points": "100", "reason_code": "customer-wish"} | fields
    before = everything()
    page = agent.previews(f"memberships/{rich.pk}/convert", **form)
    assert (page.status_code, said(page)) == (status, [fault])
    assert everything() == before


# Holds

HOLD = {"points": "120", "point_type": "miles", "expires_in": "3600", "reference": "order 7"}


def test_a_hold_and_its_release(agent: Desk, rich: Membership) -> None:
    path = f"memberships/{rich.pk}/hold"
    before = everything()
    preview = agent.previews(path, **HOLD)
    assert changed(preview) == {"Miles, available": (500, 380), "Miles, held": (0, 120)}
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    hold = Hold.objects.get()
    assert (hold.points, hold.reference, hold.user_id) == (120, "order 7", agent.user.pk)
    assert (hold.expires_at - hold.occurred_at).total_seconds() == 3600
    back = ways(receipt)["Take it back: release"]
    assert back == f"/desk/holds/{hold.pk}/release"
    page = agent.opens(f"holds/{hold.pk}/release")
    assert "order 7" in page.content.decode()
    done = agent.does(f"holds/{hold.pk}/release", reason_code="cancelled")
    assert said(done) == ["120 points are free."]
    assert Hold.objects.get().status == "released"
    facts = Event.objects.get(kind="hold.released").facts
    assert (facts["user"], facts["reason"]) == (agent.user.pk, "cancelled")
    assert "nothing is set aside any more" in said(agent.opens(f"holds/{hold.pk}/release", "ineligible"))[0]
    assert_audit_clean()


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"reference": ""}, 400, "reference: This field is required."),
        ({"reference": "x" * 81}, 400, "reference: Ensure this value has at most 80 characters (it has 81)."),
        ({"expires_in": "999999999"}, 400,
         "expires_in: Select a valid choice. 999999999 is not one of the available choices."),
        ({"points": "501"}, 422, "500 points of type “miles” are available, 501 were asked for."),
    ],
)  # fmt: skip
def test_bad_input_of_a_hold(agent: Desk, rich: Membership, fields: dict[str, str], status: int, fault: str) -> None:
    before = everything()
    page = agent.previews(f"memberships/{rich.pk}/hold", **HOLD | fields)
    assert (page.status_code, said(page)) == (status, [fault])
    assert everything() == before


def test_rights_of_moving(rich: Membership, agent: Desk) -> None:
    agent.does(f"memberships/{rich.pk}/hold", **HOLD)
    paths = [f"memberships/{rich.pk}/{task}" for task in ("transfer", "convert", "hold")]
    paths.append(f"holds/{Hold.objects.get().pk}/release")
    foreign = Desk("fred", Role.SUPPORT_AGENT, make_program("stars"))
    manager = Desk("mary", Role.PROGRAM_MANAGER)
    before = everything()
    for path in paths:
        for who, status in ((foreign, 404), (manager, 403)):
            assert who.client.get(f"/desk/{path}").status_code == status, path
            assert who.client.post(f"/desk/{path}", {"key": "0" * 32, "step": "confirm"}).status_code == status, path
    assert everything() == before
