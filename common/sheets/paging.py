"""Reading a whole table in pages by its key: flat memory, no cursor that a pool of connections would lose."""

from collections.abc import Iterator
from typing import TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)
PAGE = 500


def pages(queryset: "models.QuerySet[M]", *, size: int = PAGE) -> Iterator[list[M]]:
    """The rows in order of their ids."""
    last = 0
    while page := list(queryset.filter(pk__gt=last).order_by("pk")[:size]):
        yield page
        last = page[-1].pk
