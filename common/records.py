"""Values that are made thousands of times a second."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A frozen dataclass to the type checker, which refuses to have it changed; made in a fourth of the time, as the
    interpreter need not refuse it too."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
