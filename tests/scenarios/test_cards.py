"""Cards through loss, renewal, merge, split, undo and absorption (cases 66-70), told through the API."""

from datetime import timedelta

import pytest

from cards.models import Card, CardType
from common import clock
from common.errors import NotFound
from memberships.errors import CardEarnsOnly
from memberships.models import CardHolding, Membership
from memberships.targets import Target, find_target
from programs.models import Activation, Program
from tests.changes import anonymous
from tests.factories import actor_in, make_membership, member_of

from .changing import agreed_and_done, cards_of, home_of, merged, proposed, split
from .telling import Caller, earned, later, run, today


def used(program: Program, number: str, *, days_ago: float = 0, purpose: str = "earn") -> Target:
    """What a till in the program finds by the card; it may not read cards."""
    program.refresh_from_db()
    seen = actor_in(program)
    till = type(seen)("channel", None, 2, "till", lambda action, _: action != "cards:read", seen.programs)
    at = clock.program_now(program) - timedelta(days=days_ago)
    return find_target(till, at=at, card_number=number, purpose=purpose)


def main_card(caller: Caller, membership: Membership | int) -> str:
    (number,) = cards_of(caller, membership)
    return number


def test_66_a_lost_card_is_replaced_and_the_old_number_finds_the_membership_for_staff_not_for_the_till(
    centre: Caller, agent: Caller, sky: Program, katrin: Membership
) -> None:
    old = main_card(centre, katrin)
    later(sky, days=2)
    sky.refresh_from_db()
    since = clock.program_now(sky) - timedelta(days=1)
    lost = centre.does(f"cards/{old}/report-lost", status=200, since=since.isoformat())
    assert lost["status"] == "lost"
    new = centre.does(f"cards/{old}/replace", reason="lost on the train")["number"]

    shown = agent.reads(f"cards/{old}")
    assert (shown["status"], shown["successor"], shown["membership"]) == ("replaced", new, katrin.pk)
    (found,) = agent.reads("customers/lookup", card_number=old)["results"]
    assert (found["membership"], found["customer"]["id"]) == (katrin.pk, member_of(katrin))
    assert cards_of(centre, katrin) == [new]
    with pytest.raises(NotFound):
        used(sky, old)
    # A sale from before the loss, uploaded late, is hers all the same.
    assert used(sky, old, days_ago=1.5).membership == katrin
    assert used(sky, new).person_id == member_of(katrin)


def test_67_a_card_not_yet_active_is_neither_blocked_nor_reported_nor_replaced(centre: Caller, sky: Program) -> None:
    sky.activation = Activation.EXPLICIT
    sky.save()
    waiting = make_membership(sky, "Emma Stone")
    number = main_card(centre, waiting)
    for verb in ("block", "report-lost", "report-stolen", "replace"):
        facts = centre.is_refused(f"cards/{number}/{verb}", 409, "card_status", reason="asked")
        assert facts["card_status"] == "created"
    centre.does(f"memberships/{waiting.pk}/activate", status=200)
    assert centre.does(f"cards/{number}/block", status=200, reason="asked")["status"] == "blocked"


def test_68_the_renewal_run_gives_one_successor_however_often_it_runs(
    centre: Caller, sky: Program, katrin: Membership
) -> None:
    CardType.objects.create(program=sky, code="main", name="Main", is_default=True, valid_months=12)
    old = main_card(centre, katrin)
    card = Card.objects.get(number=old)
    card.valid_until = today(sky) + timedelta(days=20)
    card.save()

    assert run("renew_cards", "sky") == "1 cards renewed, 0 ended, 0 unused temporary ones ended."
    assert run("renew_cards", "sky") == "0 cards renewed, 0 ended, 0 unused temporary ones ended."

    new = centre.reads(f"cards/{old}")["successor"]
    assert sorted(cards_of(centre, katrin)) == sorted([old, new])
    assert used(sky, old).membership == katrin
    with pytest.raises(NotFound):
        used(sky, new)
    later(sky, days=21)
    assert run("renew_cards", "sky") == "0 cards renewed, 1 ended, 0 unused temporary ones ended."
    assert used(sky, new).membership == katrin
    with pytest.raises(NotFound):
        used(sky, old)
    assert used(sky, old, days_ago=2).membership == katrin


def test_cards_stay_with_their_person_through_a_merge_and_its_undo_renewed_ones_and_gifts_too(
    centre: Caller, sky: Program, a: Membership, b: Membership
) -> None:
    CardType.objects.create(program=sky, code="main", name="Main", is_default=True, valid_months=12)
    family = centre.does(f"memberships/{a.pk}/cards", type="additional")["number"]
    mains = {one.pk: Card.objects.get(holdings__membership=one, kind="main").number_id for one in (a, b)}
    change = merged(centre, a, b, "group", main=member_of(a))
    group = change["result"]
    assert sorted(cards_of(centre, group)) == sorted([*mains.values(), family])
    for number, who in ((mains[a.pk], a), (family, a), (mains[b.pk], b)):
        found = used(sky, number)
        assert (found.membership.pk, found.person_id, found.redirected_from) == (group, member_of(who), None)

    # Since then his card is renewed and she is given another one.
    card = Card.objects.get(number=mains[b.pk])
    card.valid_until = today(sky) + timedelta(days=20)
    card.save()
    run("renew_cards", "sky")
    successor = centre.reads(f"cards/{mains[b.pk]}")["successor"]
    another = centre.does(f"memberships/{group}/cards", customer=member_of(a))["number"]

    undone = centre.posts(f"membership-changes/{change['id']}/undo", reason="by mistake")
    if undone.status_code == 202:
        agreed_and_done(centre, undone.json())
    assert sorted(cards_of(centre, a)) == sorted([mains[a.pk], family, another])
    assert sorted(cards_of(centre, b)) == sorted([mains[b.pk], successor])
    assert (used(sky, family).membership, used(sky, mains[b.pk]).membership) == (a, b)


def test_70_who_leaves_a_group_takes_main_and_additional_card_along_and_late_sales_follow_the_person(
    centre: Caller, sky: Program, a: Membership, b: Membership
) -> None:
    group = merged(centre, a, b, "group", main=member_of(a))["result"]
    family = centre.does(f"memberships/{group}/cards", customer=member_of(b))["number"]
    hers = CardHolding.objects.get(customer=member_of(a), held_until=None).card.number_id
    his = sorted(set(cards_of(centre, group)) - {hers})
    later(sky, days=1)
    split(centre, group, member_of(b), "equal")

    home = home_of(centre, member_of(b), sky)["id"]
    assert sorted(cards_of(centre, home)) == his and family in his
    for number in his:
        now, then = used(sky, number), used(sky, number, days_ago=0.5)
        # Posted to where he takes part today, whenever it was.
        assert (now.membership.pk, now.redirected_from) == (home, None)
        assert (then.membership.pk, then.person_id) == (home, member_of(b))
    assert used(sky, hers).person_id == member_of(a)


def test_an_absorbed_card_is_an_additional_one_which_earns_only_and_a_temporary_one_after_the_undo(
    centre: Caller, sky: Program, a: Membership
) -> None:
    found_card = anonymous(sky)
    earned(centre, found_card, 40)
    number = main_card(centre, found_card)
    change = agreed_and_done(centre, proposed(centre, kind="absorb", prime=a.pk, secondary=found_card.pk))

    shown = centre.reads(f"cards/{number}")
    assert (shown["type"], shown["status"], shown["membership"], shown["holder"]) == (
        "additional", "active", a.pk, member_of(a),
    )  # fmt: skip
    assert used(sky, number).membership == a
    for purpose in ("redeem", "hold", "transfer_out"):
        with pytest.raises(CardEarnsOnly):
            used(sky, number, purpose=purpose)

    undone = centre.posts(f"membership-changes/{change['id']}/undo", reason="not hers")
    if undone.status_code == 202:
        agreed_and_done(centre, undone.json())
    back = centre.reads(f"cards/{number}")
    assert (back["type"], back["membership"], back["holder"]) == ("temporary", found_card.pk, None)
