"""What stands in the way of an exit: named one by one, so that a refusal says what to settle first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Obstacle:
    """A stable code, a sentence naming cause and cure, and the figures behind it."""

    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_fact(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, **self.facts}


def sentence(obstacles: Iterable[Obstacle]) -> str:
    """All messages as one line."""
    return " ".join(obstacle.message for obstacle in obstacles)


@cache
def registered(dotted_path: str) -> Callable[..., Any]:
    """The function an app above registered by its dotted path in the settings."""
    found: Callable[..., Any] = import_string(dotted_path)
    return found
