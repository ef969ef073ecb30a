"""Where a person stands on a ladder of three rungs, fed by the points of calendar years, in plain Python.

Rung by rung: reached at once, lost one a year by the review of a year that brought too little. Whoever told something
late, or had something taken back, stands where they would stand had it been known in time.
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
THRESHOLDS = (0, 150, 400)
GOLD = 1
Figure = Callable[[int], int]


def year_of(at: datetime) -> int:
    return at.astimezone(ZONE).year


def year_begins(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=ZONE)


def reached(points: int) -> int:
    return max(rung for rung, least in enumerate(THRESHOLDS) if points >= least)


class Climber:
    """`stood` are all rungs with since when; `given` those that a rule gave, by year; `judged` the years reviewed."""

    def __init__(self, began: datetime) -> None:
        self.first = year_of(began)
        self.stood: list[tuple[datetime, int]] = [(began, 0)]
        self.given: list[tuple[int, int]] = []
        self.judged: set[int] = set()

    @property
    def rung(self) -> int:
        return self.stood[-1][1]

    @property
    def lasting(self) -> list[tuple[datetime, int]]:
        """Without those that lasted no time."""
        ends = [since for since, _ in self.stood[1:]]
        return [one for one, end in zip(self.stood, [*ends, None], strict=True) if end != one[0]]

    def rung_at(self, at: datetime) -> int:
        """By what is written down; before the beginning the lowest."""
        return next((rung for since, rung in reversed(self.stood) if since <= at), 0)

    def stand(self, rung: int, since: datetime) -> None:
        self.stood.append((max(since, self.stood[-1][0]), rung))

    def give(self, rung: int, at: datetime, now: datetime) -> None:
        """By a rule, which only raises."""
        if self.rung_at(at) < rung and self.rung < rung:
            year = year_of(at)
            self.given.append((year if year not in self.judged else year_of(now), rung))
            self.stand(rung, at)

    def due(self, figure: Figure, now: datetime) -> int:
        """The rung that all years come to, as they are known now."""
        rung = 0
        for year in range(self.first, year_of(now) + 1):
            rung = max([rung, reached(figure(year)), *(one for when, one in self.given if when == year)])
            if year in self.judged and reached(figure(year)) < rung:
                rung -= 1
        return rung

    def follow(self, figure: Figure, *, at: datetime, now: datetime) -> None:
        rung = self.due(figure, now)
        if rung == self.rung:
            return
        climbed = rung > self.rung and year_of(at) == year_of(now)
        self.stand(rung, max(at, year_begins(year_of(now))) if climbed else now)

    def review(self, figure: Figure, *, now: datetime, has_points: bool) -> None:
        """Whoever stands on the lowest rung and never had a point has nothing to be judged by."""
        if self.rung or has_points:
            self.judged |= set(range(self.first, year_of(now)))
        rung = self.due(figure, now)
        if rung != self.rung:
            self.stand(rung, now)
