"""What a task's preview and receipt show: figures before and after, sentences, and ways onward."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = int | str | None


@dataclass(frozen=True)
class Figure:
    """One line of before and after; `key` pairs the two. `always` lines are shown though they are and were empty;
    one that says the same as the line `like` is not shown at all."""

    key: str
    label: str
    value: Value
    always: bool = True
    like: str = ""


@dataclass(frozen=True)
class Change:
    label: str
    before: Value
    after: Value

    @property
    def is_change(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Way:
    """A link onward. `main` is what one most likely wants next."""

    label: str
    url: str
    main: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a verb did or would do. `says` holds no ids, for they differ between preview and confirmation; `facts`
    hold what the receipt needs, JSON only, and no personal value."""

    says: Sequence[str]
    facts: dict[str, Any] = field(default_factory=dict)


def changes(before: Iterable[Figure], after: Iterable[Figure]) -> list[Change]:
    """Line by line, in the order of what is known afterwards; lines that were and are empty are left out."""
    old = {figure.key: figure for figure in before}
    new = {figure.key: figure for figure in after}
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        shown = new.get(key) or old[key]
        was, now = _value(old, key), _value(new, key)
        says_more = not shown.like or (was, now) != (_value(old, shown.like), _value(new, shown.like))
        if says_more and (shown.always or was or now):
            found.append(Change(shown.label, was, now))
    return found


def present(figures: Iterable[Figure]) -> list[Figure]:
    """The lines worth showing by themselves."""
    found = {figure.key: figure for figure in figures}
    return [one for one in found.values() if one.value and one.value != _value(found, one.like)]


def _value(figures: Mapping[str, Figure], key: str) -> Value:
    return figures[key].value if key in figures else None
