from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from common import clock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_now_is_real_time_plus_the_offset() -> None:
    real = datetime.now(UTC)
    assert real <= clock.now() <= real + timedelta(seconds=5)
    assert real + timedelta(days=9) <= clock.now(timedelta(days=9)) <= real + timedelta(days=9, seconds=5)


def test_a_program_has_its_own_clock() -> None:
    sandbox = SimpleNamespace(clock_offset=timedelta(days=30))
    with clock.frozen(NOON):
        assert clock.program_now(sandbox) == NOON + timedelta(days=30)


def test_frozen_blocks_nest_and_thaw() -> None:
    with clock.frozen(NOON):
        with clock.frozen(NOON + timedelta(hours=1)):
            assert clock.now() == NOON + timedelta(hours=1)
        assert clock.now() == NOON
    assert clock.now() > NOON


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"), clock.frozen(datetime(2026, 3, 1)):  # noqa: DTZ001
        pass
