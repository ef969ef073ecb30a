"""What the desk's fields take, and what only looks like it."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from common.desk.fields import DayField, MomentField


def test_a_day_lies_where_every_zone_can_tell_when_it_begins() -> None:
    assert [DayField().clean(text) for text in ("1800-01-01", "9999-12-31")] == [date(1800, 1, 1), date.max]
    for text in ("0001-01-01", "1799-12-31"):
        with pytest.raises(ValidationError):
            DayField().clean(text)


@pytest.mark.parametrize("text", ["2026-01-31", "tomorrow", "2026-13-01 10:00", "٢٠٢٦-01-31 10:00"])
def test_a_moment_is_written_as_a_browser_writes_it(text: str) -> None:
    with pytest.raises(ValidationError):
        MomentField().clean(text)
