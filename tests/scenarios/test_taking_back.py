"""A merge by mistake is taken back (case 16), told through the API."""

from typing import Any

from memberships.models import Membership
from tests.factories import member_of

from .changing import after_of, agreed_and_done, cards_of, merged, shown
from .telling import Caller, everything, redeemed


def state_of(caller: Caller, *memberships: Membership) -> list[Any]:
    """Memberships, lots and cards as they are shown."""
    told = []
    for one in memberships:
        lots = caller.reads(f"memberships/{one.pk}/lots")["results"]
        # Points that came back are other rows with the same dates.
        points = sorted((lot["point_type"], lot["left"], str(lot["expires_at"])) for lot in lots)
        told.append((shown(caller, one), points, cards_of(caller, one)))
    return told


def test_16_a_merge_by_mistake_is_undone_and_all_is_as_before(centre: Caller, a: Membership, b: Membership) -> None:
    before = state_of(centre, a, b)
    change = merged(centre, a, b, "group", main=member_of(a))

    answer = centre.does(f"membership-changes/{change['id']}/undo", status=200, reason="wrong John Miller")

    assert answer["status"] == "undone"
    after = state_of(centre, a, b)
    for was, now in zip(before, after, strict=True):
        assert now == was
    assert shown(centre, change["result"])["status"] == "expired"


def test_16_where_points_were_spent_since_the_undo_shows_who_bears_it_and_asks_everyone_again(
    centre: Caller, a: Membership, b: Membership
) -> None:
    katrin, john = member_of(a), member_of(b)
    change = merged(centre, a, b, "shared")
    redeemed(centre, b, 350)
    before = everything()

    asking = centre.does(f"membership-changes/{change['id']}/undo", status=202, reason="wrong John Miller")

    assert (asking["kind"], asking["status"], asking["undoes"]) == ("undo", "awaiting_consent", change["id"])
    assert sorted(asking["missing"]) == sorted([katrin, john])
    assert everything()[1] == before[1]
    preview = centre.reads(f"membership-changes/{asking['id']}/preview")
    # John brought 200 and spent 350.
    assert after_of(preview, katrin, "miles") == (300, 0)
    assert after_of(preview, john, "miles") == (-150, 150)

    agreed_and_done(centre, asking)
    assert centre.reads(f"membership-changes/{change['id']}")["status"] == "undone"
    assert [centre.points_of(one)["miles"] for one in (a, b)] == [300, -150]
    assert [shown(centre, one)["type"] for one in (a, b)] == ["standard", "standard"]
