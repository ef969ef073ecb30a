"""Shares of a split as pure figures: each example by hand, the rules over everything hypothesis thinks of."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.errors import HoldTooLarge, SharesNotCovered
from points.shares import Division, HeldPart, Leaving, SharedDebt, SharedLot, cut, share_out

ANN, BEN, CLEO, NOBODY, GONE = 1, 2, 3, None, 99


def leaving(policy: str, *, members: int = 2, **values: Any) -> Leaving:
    """Ann leaves."""
    return Leaving(policy, members, frozenset({ANN}), frozenset(range(1, members + 1)), **values)


def ratio(percent: str, **values: Any) -> Leaving:
    return leaving("ratio", percent=Decimal(percent), **values)


def lots(*rows: tuple[int, int | None]) -> list[SharedLot]:
    """(points, contributor) in spending order, numbered from 1."""
    return [SharedLot(number, points, person) for number, (points, person) in enumerate(rows, start=1)]


def divided(of: list[SharedLot], terms: Leaving, *, debts: Any = (), held: Any = ()) -> Division:
    return share_out(of, list(debts), list(held), terms)


def test_a_hundred_lots_of_one_at_60_to_40_give_60_and_40():
    given_away = divided(lots(*[(1, BEN)] * 100), ratio("60")).lots
    assert sum(given_away.values()) == 60
    assert [sum(points for lot, points in given_away.items() if lot <= n) for n in (1, 2, 5, 10, 99)] == [
        1,
        1,
        3,
        6,
        59,
    ]


def test_501_at_60_to_40_gives_301_and_200():
    assert divided(lots((501, BEN)), ratio("60")).points == 301


def test_a_tie_goes_to_the_leaver():
    assert divided(lots((1, BEN)), ratio("50")).points == 1
    assert divided(lots((501, BEN)), leaving("equal")).points == 251


@pytest.mark.parametrize(("total", "share"), [(99, 33), (100, 34), (101, 34), (1, 1)])
def test_of_three_members_the_leaver_gets_a_third_and_the_odd_point(total, share):
    assert divided(lots((total, BEN)), leaving("equal", members=3)).points == share


def test_three_members_leaving_one_by_one_get_34_33_and_33():
    first = divided(lots((60, BEN), (40, CLEO)), leaving("equal", members=3))
    second = divided(
        lots(*[(points - first.lots.get(lot, 0), BEN) for lot, points in ((1, 60), (2, 40))]), leaving("equal")
    )
    assert (first.points, second.points, 100 - first.points - second.points) == (34, 33, 33)


def test_by_contribution_lots_go_to_their_contributor_and_nobodys_are_divided_equally():
    division = divided(lots((300, ANN), (100, NOBODY), (200, BEN), (50, GONE)), leaving("by_contribution"))
    assert division.lots == {1: 300, 2: 50, 4: 25}
    assert division.forsaken == ()


def test_nobodys_odd_point_goes_to_the_leaver_by_contribution():
    assert divided(lots((7, NOBODY), (2, NOBODY)), leaving("by_contribution")).points == 5
    assert divided(lots((100, NOBODY)), leaving("by_contribution", members=3)).points == 34


def test_case_27_what_was_spent_is_charged_to_the_lots_it_was_drawn_from():
    """300 and 200 were brought, 100 were spent from Ben's lot, which expired first."""
    division = divided(lots((100, BEN), (300, ANN)), leaving("by_contribution"))
    assert (division.lots, 400 - division.points) == ({2: 300}, 100)


def test_two_records_of_the_leaver_count_as_one_person():
    both = Leaving("by_contribution", 2, frozenset({ANN, 11}), frozenset({ANN, 11, BEN}))
    assert divided(lots((30, 11), (20, ANN), (10, BEN)), both).lots == {1: 30, 2: 20}


def test_left_behind_nothing_goes_and_the_leavers_lots_are_nobodys():
    division = divided(lots((300, ANN), (200, BEN)), leaving("leave_behind"), debts=[SharedDebt(1, ANN, 40)])
    assert (division.lots, division.debts, division.forsaken) == ({}, {}, (1,))


def test_figures_by_hand_are_cut_from_all_lots():
    division = divided(lots((100, ANN), (100, BEN)), leaving("manual", figure=50))
    assert (division.lots, division.forsaken) == ({1: 25, 2: 25}, (1,))


@pytest.mark.parametrize("figure", [201, -1])
def test_figures_by_hand_are_refused_where_less_is_there(figure):
    with pytest.raises(SharesNotCovered) as refused:
        divided(lots((100, ANN), (100, BEN)), leaving("manual", figure=figure))
    assert refused.value.facts == {"point_type": "points", "asked": figure, "there": 200}


def test_debts_go_with_their_person_by_contribution_and_nobodys_equally():
    debts = [SharedDebt(1, ANN, 40), SharedDebt(2, BEN, 30), SharedDebt(3, NOBODY, 5)]
    assert divided(lots((10, BEN)), leaving("by_contribution"), debts=debts).debts == {1: 40, 3: 3}


def test_debts_are_divided_like_the_points():
    debts = [SharedDebt(1, ANN, 30), SharedDebt(2, BEN, 70)]
    assert divided([], ratio("60"), debts=debts).debts == {1: 18, 2: 42}
    assert divided([], leaving("equal"), debts=debts).debts == {1: 15, 2: 35}
    assert divided(lots((200, BEN)), leaving("manual", figure=50), debts=debts).debts == {1: 8, 2: 17}
    assert divided([], leaving("manual", figure=0), debts=debts).debts == {1: 15, 2: 35}


def held(lot: int, points: int, *, by_leaver: bool, hold: int = 7) -> HeldPart:
    return HeldPart(hold, lot, points, by_leaver)


def test_a_hold_goes_with_who_placed_it_and_counts_against_the_share():
    division = divided(lots((60, BEN), (40, BEN)), leaving("equal"), held=[held(1, 30, by_leaver=True)])
    assert division.points == 50
    assert division.lots == {1: 30 + 9, 2: 11}


def test_what_others_hold_stays():
    division = divided(lots((60, BEN), (40, BEN)), leaving("equal"), held=[held(1, 50, by_leaver=False)])
    assert division.lots == {1: 10, 2: 40}


def test_by_contribution_held_points_are_made_up_for_from_nobodys_then_others_lots():
    """Ben holds 90 of Ann's 100: she gets her free 10, then the 60 of nobody, then 60 of Ben's."""
    division = divided(
        lots((100, ANN), (60, NOBODY), (200, BEN)),
        leaving("by_contribution"),
        held=[held(1, 90, by_leaver=False)],
    )
    assert division.lots == {1: 10, 2: 60, 3: 60}
    assert division.forsaken == (1,)


@pytest.mark.parametrize(
    ("by_leaver", "points", "share"),
    [(True, 51, 50), (False, 51, 50)],
)
def test_a_hold_larger_than_its_share_is_refused_and_named(by_leaver, points, share):
    with pytest.raises(HoldTooLarge) as refused:
        divided(lots((100, BEN)), leaving("equal"), held=[held(1, points, by_leaver=by_leaver, hold=5)])
    assert refused.value.facts == {"hold": 5, "held": points, "share": share, "by_leaver": by_leaver}
    assert "hold 5" in refused.value.message
    fits = divided(lots((100, BEN)), leaving("equal"), held=[held(1, 50, by_leaver=by_leaver, hold=5)])
    assert fits.points == 50


def test_the_largest_of_several_holds_is_named():
    parts = [held(1, 20, by_leaver=True, hold=5), held(1, 40, by_leaver=True, hold=6)]
    with pytest.raises(HoldTooLarge) as refused:
        divided(lots((100, BEN)), leaving("equal"), held=parts)
    assert refused.value.facts["hold"] == 6


people = st.sampled_from([ANN, BEN, CLEO, NOBODY, GONE])
some_lots = st.lists(st.tuples(st.integers(1, 60), people), max_size=30).map(lambda rows: lots(*rows))
some_debts = st.lists(st.tuples(people, st.integers(1, 60)), max_size=6).map(
    lambda rows: [SharedDebt(number, person, points) for number, (person, points) in enumerate(rows, start=1)]
)
percents = st.decimals(0, 100, places=4)


@st.composite
def some_held(draw: Any, of: list[SharedLot]) -> list[HeldPart]:
    parts, hold = [], 0
    for lot in of:
        kept = draw(st.integers(0, lot.points))
        mine = draw(st.integers(0, kept))
        for points, by_leaver in ((mine, True), (kept - mine, False)):
            if points and draw(st.booleans()):
                hold += 1
                parts.append(HeldPart(hold, lot.id, points, by_leaver))
    return parts


@st.composite
def terms_for(draw: Any, of: list[SharedLot]) -> Leaving:
    members = draw(st.integers(2, 9))
    figure = draw(st.integers(0, sum(lot.points for lot in of)))
    policy = draw(st.sampled_from(["by_contribution", "equal", "ratio", "leave_behind", "manual"]))
    return leaving(policy, members=members, percent=draw(percents), figure=figure)


def exact_share(of: list[SharedLot], terms: Leaving) -> Fraction:
    """The definition of 1.9, said a second time."""
    total = sum(lot.points for lot in of)
    own = sum(lot.points for lot in of if lot.contributor_id == ANN)
    nobodys = sum(lot.points for lot in of if lot.contributor_id not in terms.member_ids)
    return {
        "by_contribution": own + Fraction(nobodys, terms.members),
        "equal": Fraction(total, terms.members),
        "ratio": total * Fraction(terms.percent) / 100,
        "leave_behind": Fraction(0),
        "manual": Fraction(terms.figure),
    }[terms.policy]


@given(st.data(), some_lots, some_debts)
def test_nothing_is_created_or_lost_and_every_total_is_within_one_point_of_exact(data, of, debts):
    terms = data.draw(terms_for(of))
    division = share_out(of, debts, [], terms)
    by_id = {lot.id: lot.points for lot in of}
    assert all(0 < points <= by_id[lot] for lot, points in division.lots.items())
    assert abs(division.points - exact_share(of, terms)) < 1
    owed = {debt.id: debt.points for debt in debts}
    assert all(0 < points <= owed[debt] for debt, points in division.debts.items())


@given(st.data(), some_lots)
def test_after_each_lot_the_leavers_part_is_within_one_point_of_exact(data, of):
    terms = data.draw(terms_for(of))
    division = share_out(of, [], [], terms)
    if terms.policy == "by_contribution":
        of = [lot for lot in of if lot.contributor_id not in terms.member_ids]
        rate = Fraction(1, terms.members)
    else:
        total = sum(lot.points for lot in of)
        rate = exact_share(of, terms) / total if total else Fraction(0)
    passed = taken = 0
    for lot in of:
        passed += lot.points
        taken += division.lots.get(lot.id, 0)
        assert abs(taken - passed * rate) < 1


@given(st.data(), some_lots, percents)
def test_a_ratio_is_rounded_to_the_nearest_point_ties_to_the_leaver(data, of, percent):
    exact = sum(lot.points for lot in of) * Fraction(percent) / 100
    points = share_out(of, [], [], leaving("ratio", percent=percent)).points
    assert -Fraction(1, 2) < points - exact <= Fraction(1, 2)


@given(st.data(), some_lots)
def test_holds_stay_whole_and_change_no_total(data, of):
    """With holds the leaver gets as many points as without, what the leaver holds and nothing others hold; or a hold
    that is larger than its share is named."""
    terms = data.draw(terms_for(of))
    parts = data.draw(some_held(of))
    plain = share_out(of, [], [], terms)
    mine = sum(part.points for part in parts if part.by_leaver)
    others = sum(part.points for part in parts if not part.by_leaver)
    total = sum(lot.points for lot in of)
    if mine > plain.points or others > total - plain.points:
        with pytest.raises(HoldTooLarge) as refused:
            share_out(of, [], parts, terms)
        assert refused.value.facts["hold"] in {part.hold_id for part in parts}
        assert refused.value.facts["by_leaver"] == (mine > plain.points)
        return
    division = share_out(of, [], parts, terms)
    assert division.points == plain.points
    for lot in of:
        goes = division.lots.get(lot.id, 0)
        assert goes >= sum(part.points for part in parts if part.by_leaver and part.lot_id == lot.id)
        assert lot.points - goes >= sum(part.points for part in parts if not part.by_leaver and part.lot_id == lot.id)


@given(st.data(), some_lots, some_debts)
def test_debts_have_the_proportion_of_the_points(data, of, debts):
    terms = data.draw(terms_for(of))
    owed = sum(debt.points for debt in debts)
    goes = sum(share_out(of, debts, [], terms).debts.values())
    if terms.policy == "by_contribution":
        mine = sum(debt.points for debt in debts if debt.person_id == ANN)
        nobodys = sum(debt.points for debt in debts if debt.person_id not in terms.member_ids)
        assert abs(goes - mine - Fraction(nobodys, terms.members)) < 1
    else:
        total = sum(lot.points for lot in of)
        rate = exact_share(of, terms) / total if total else None
        if rate is None:
            rate = {"ratio": Fraction(terms.percent) / 100, "leave_behind": Fraction(0)}.get(
                terms.policy, Fraction(1, terms.members)
            )
        assert abs(goes - owed * rate) < 1


@given(st.data(), some_lots)
def test_forsaken_are_the_leavers_lots_of_which_something_stays(data, of):
    terms = data.draw(terms_for(of))
    division = share_out(of, [], [], terms)
    staying = {lot.id for lot in of if lot.contributor_id == ANN and division.lots.get(lot.id, 0) < lot.points}
    assert set(division.forsaken) == staying


def test_a_share_of_everything_takes_everything():
    assert cut([(1, 3), (2, 4)], Fraction(7)) == {1: 3, 2: 4}
    assert cut([(1, 3), (2, 4)], Fraction(0)) == {}
    assert cut([], Fraction(0)) == {}
