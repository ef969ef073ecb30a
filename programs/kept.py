"""Figures that are worked out for a page, or kept by the daily run where that takes too long."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common import clock
from programs.models import KeptFigures, Program

# What takes longer is kept: several such figures stand on one page.
SLOW = 0.05
# The daily run may be late by half a day.
VALID_FOR = timedelta(hours=36)
Compute = Callable[[Program], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Computed:
    figures: dict[str, Any]
    at: datetime


def figures_of(program: Program, name: str, compute: Compute) -> Computed:
    """Those kept lately, else worked out now."""
    now = clock.now()
    kept = KeptFigures.objects.filter(program=program, name=name, computed_at__gt=now - VALID_FOR).first()
    return Computed(kept.figures, kept.computed_at) if kept else Computed(compute(program), now)


def keep_figures(program: Program, name: str, compute: Compute, *, slow: float = SLOW) -> bool:
    """Work them out; keep them where that took more than `slow` seconds, and nothing where it is quick."""
    began, now = time.monotonic(), clock.now()
    figures = compute(program)
    if time.monotonic() - began <= slow:
        KeptFigures.objects.filter(program=program, name=name).delete()
        return False
    kept = {"figures": figures, "computed_at": now}
    KeptFigures.objects.update_or_create(program=program, name=name, defaults=kept)
    return True
