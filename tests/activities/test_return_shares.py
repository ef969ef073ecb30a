"""What a return takes back of a sale: exact in every part, everything in the end (domain 1.6). No database."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.errors import ReturnTooLarge, UnknownItem
from activities.return_shares import (
    AskedItem,
    Credited,
    SoldLine,
    all_returned,
    points_due,
    returned_lines,
    worth,
)
from points.reversal_shares import Rounding

SHIRTS = SoldLine(1, 1, "shirt", Decimal(3), Decimal("100.00"))
SHOES = SoldLine(2, 2, "shoes", Decimal(1), Decimal("79.90"))
MONEY = st.decimals(min_value=0, max_value=10**6, places=2)
QUANTITIES = st.decimals(min_value=Decimal("0.001"), max_value=1000, places=3)


def test_a_line_comes_back_at_its_share_of_the_money() -> None:
    (one,) = returned_lines([SHIRTS, SHOES], [AskedItem(line=1, quantity=Decimal(1))])
    assert (one.sold.line, one.quantity, one.amount) == (1, 1, Decimal("33.33"))


def test_the_last_of_a_line_brings_the_cents_that_the_others_left() -> None:
    two_back = SoldLine(1, 1, "shirt", Decimal(3), Decimal("100.00"), Decimal(2), Decimal("66.67"))
    (last,) = returned_lines([two_back], [AskedItem(line=1)])
    assert (last.quantity, last.amount) == (1, Decimal("33.33"))


def test_a_line_named_twice_in_one_return_is_counted_up() -> None:
    found = returned_lines([SHIRTS], [AskedItem(line=1, quantity=Decimal(2)), AskedItem(line=1)])
    assert [(one.quantity, one.amount) for one in found] == [(2, Decimal("66.67")), (1, Decimal("33.33"))]


def test_an_article_is_found_on_the_line_that_still_has_some() -> None:
    gone = SoldLine(1, 1, "shirt", Decimal(1), Decimal("10.00"), Decimal(1), Decimal("10.00"))
    other = SoldLine(2, 2, "shirt", Decimal(1), Decimal("8.00"))
    (one,) = returned_lines([gone, other], [AskedItem(sku="shirt")])
    assert (one.sold.line, one.amount) == (2, Decimal("8.00"))


@pytest.mark.parametrize("asked", [AskedItem(line=9), AskedItem(sku="hat")])
def test_an_item_that_was_not_sold_is_refused_with_what_was(asked: AskedItem) -> None:
    with pytest.raises(UnknownItem) as refused:
        returned_lines([SHIRTS, SHOES], [asked])
    assert refused.value.facts == {"lines": [1, 2], "skus": ["shirt", "shoes"]}
    assert "by its number or article" in refused.value.message


def test_more_than_is_left_of_a_line_is_refused_with_what_is_left() -> None:
    one_back = SoldLine(1, 1, "shirt", Decimal(3), Decimal("100.00"), Decimal(1), Decimal("33.33"))
    with pytest.raises(ReturnTooLarge) as refused:
        returned_lines([one_back], [AskedItem(line=1, quantity=Decimal("2.5"))])
    assert refused.value.facts == {"line": 1, "left": "2", "sold": "3"}


def test_a_line_that_came_back_whole_cannot_come_back_again() -> None:
    gone = SoldLine(1, 1, "shirt", Decimal(3), Decimal("100.00"), Decimal(3), Decimal("100.00"))
    with pytest.raises(ReturnTooLarge):
        returned_lines([gone], [AskedItem(line=1)])


def test_a_sale_that_cost_less_than_its_lines_gives_back_the_share() -> None:
    lines = [SHIRTS, SHOES]
    back = returned_lines(lines, [AskedItem(line=1)])
    assert worth(lines, back, sale=Decimal("90.00")) == Decimal("50.03")  # 90 x 100 / 179.90
    assert not all_returned(lines, back)
    everything = returned_lines(lines, [AskedItem(line=1), AskedItem(line=2)])
    assert worth(lines, everything, sale=Decimal("90.00")) == Decimal("90.00")
    assert all_returned(lines, everything)


@pytest.mark.parametrize(("rounding", "due"), [(Rounding.DOWN, 3), (Rounding.HALF_UP, 3), (Rounding.UP, 4)])
def test_points_come_back_by_the_rounding_of_their_earning(rounding: Rounding, due: int) -> None:
    credited = [Credited(7, 10, rounding)]
    assert points_due(credited, returned=Decimal(1), sold=Decimal(3), before={}) == {7: due}
    assert points_due(credited, returned=Decimal(3), sold=Decimal(3), before={7: due}) == {7: 10 - due}


def test_each_effect_is_shared_by_itself() -> None:
    credited = [Credited(7, 5, Rounding.DOWN), Credited(7, 5, Rounding.UP), Credited(8, 3, Rounding.HALF_UP)]
    assert points_due(credited, returned=Decimal(1), sold=Decimal(2), before={}) == {7: 2 + 3, 8: 2}


def test_what_was_taken_back_by_hand_before_counts() -> None:
    assert points_due([Credited(7, 100)], returned=Decimal(1), sold=Decimal(2), before={7: 80}) == {}
    assert points_due([Credited(7, 100)], returned=Decimal(2), sold=Decimal(2), before={7: 80}) == {7: 20}


@given(
    quantity=QUANTITIES,
    amount=MONEY,
    cuts=st.lists(st.decimals(min_value=0, max_value=1, places=3), max_size=6),
)
def test_a_line_returned_in_parts_brings_exactly_its_amount(
    quantity: Decimal, amount: Decimal, cuts: list[Decimal]
) -> None:
    line, back = SoldLine(1, 1, "", quantity, amount), []
    for cut in cuts:
        part = (line.left * cut).quantize(Decimal("0.001"))
        if not 0 < part < line.left:
            continue
        (one,) = returned_lines([line], [AskedItem(line=1, quantity=part)])
        assert one.amount >= 0
        back.append(one)
        line = SoldLine(1, 1, "", quantity, amount, line.returned_quantity + part, line.returned_amount + one.amount)
    (last,) = returned_lines([line], [AskedItem(line=1)])
    assert sum((one.amount for one in [*back, last]), Decimal(0)) == amount


@given(
    effects=st.lists(
        st.builds(Credited, st.integers(1, 3), st.integers(0, 10**9), st.sampled_from(list(Rounding))),
        max_size=5,
    ),
    sold=st.decimals(min_value=Decimal("0.01"), max_value=10**6, places=2),
    cuts=st.lists(st.decimals(min_value=0, max_value=1, places=4), max_size=6),
)
def test_points_returned_in_parts_sum_to_everything(
    effects: list[Credited], sold: Decimal, cuts: list[Decimal]
) -> None:
    """However a sale is cut, no part takes more than is left, and the whole takes all of it."""
    total: Counter[int] = Counter()
    for one in effects:
        total[one.type_id] += one.points
    taken: Counter[int] = Counter()
    for returned in sorted((sold * cut).quantize(Decimal("0.01")) for cut in cuts):
        for type_id, points in points_due(effects, returned=returned, sold=sold, before=taken).items():
            assert points > 0
            taken[type_id] += points
        assert all(taken[type_id] <= points for type_id, points in total.items())
    for type_id, points in points_due(effects, returned=sold, sold=sold, before=taken).items():
        taken[type_id] += points
    assert +taken == +total
