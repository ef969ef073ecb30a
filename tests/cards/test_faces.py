"""What a scanner reads from the front of a card is its number."""

import pytest

from cards.faces import barcode_svg, qr_svg
from tests.cards.reading import read_barcode, read_qr

NUMBERS = ["6081234567890", "608123456789012", "00000000000000", "TEMP0123456789ABCDEFG", "SK7Q2M0VX9H4ZT1"]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_barcode_reads_as_the_number(number: str) -> None:
    assert read_barcode(barcode_svg(number)) == number


@pytest.mark.parametrize("number", NUMBERS)
def test_the_qr_code_reads_as_the_number(number: str) -> None:
    assert read_qr(qr_svg(number)) == number


@pytest.mark.parametrize("draw", [barcode_svg, qr_svg])
def test_the_drawing_holds_nothing_a_strict_policy_forbids(draw: object) -> None:
    svg = draw("6081234567890")  # type: ignore[operator]
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
    assert "style" not in svg and "script" not in svg and "href" not in svg


@pytest.mark.parametrize("read", [read_barcode, read_qr])
def test_the_reader_sees_another_number_in_another_drawing(read: object) -> None:
    draw = barcode_svg if read is read_barcode else qr_svg
    assert read(draw("6081234567891")) != "6081234567890"  # type: ignore[operator]
