"""A program with its point types as one value, kept in memory until its version changes.

The version is compared with the database once a second at most; a verb that must not act on an older design names
the version in its own statement (see activities.earning).
"""

import threading
import time
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db import connection

from programs.errors import NoPointType
from programs.models import DesignVersion, PointType, Program

CHECK_AFTER = 1.0


@dataclass(frozen=True)
class Design:
    """What rules ask about a program; read-only, shared between threads."""

    program: Program
    version: int
    zone: ZoneInfo
    point_types: dict[int, PointType]
    by_code: dict[str, PointType]
    default: PointType | None
    # Values other apps derive from this version of the design, by name.
    derived: dict[str, object] = field(default_factory=dict, compare=False)

    def point_type(self, code: str | None = None) -> PointType:
        """The type of that code; without a code the default redeemable one."""
        if code is None:
            if self.default is None:
                raise NoPointType(
                    f"{self.program.name} has no default point type: name one in point_type.",
                    facts={"point_types": sorted(self.by_code)},
                )
            return self.default
        if code not in self.by_code:
            raise NoPointType(
                f"{self.program.name} has no point type “{code}”.",
                facts={"point_types": sorted(self.by_code)},
            )
        return self.by_code[code]


_designs: dict[int, tuple[float, Design]] = {}
_lock = threading.Lock()


def design_of(program_id: int, *, fresh: bool = False) -> Design:
    """The design in force. Inside a transaction, or with `fresh`, its version is always compared."""
    checked, design = _designs.get(program_id, (0.0, None))
    now = time.monotonic()
    if design is not None and not fresh and not connection.in_atomic_block and now - checked < CHECK_AFTER:
        return design
    version = DesignVersion.objects.values_list("version", flat=True).get(program_id=program_id)
    if design is None or design.version != version:
        design = _load(program_id, version)
    with _lock:
        _designs[program_id] = (now, design)
    return design


def designs_of_all() -> dict[int, Design]:
    """The design of every program, for pages that show several: one query while none of them changed."""
    versions = dict(DesignVersion.objects.values_list("program_id", "version"))
    stale = [pk for pk, version in versions.items() if pk not in _designs or _designs[pk][1].version != version]
    fresh = _load_all({pk: versions[pk] for pk in stale}) if stale else {}
    now = time.monotonic()
    with _lock:
        _designs.update({pk: (now, fresh.get(pk) or _designs[pk][1]) for pk in versions})
        return {pk: _designs[pk][1] for pk in versions}


def forget_designs() -> None:
    """Drop what is kept, where rows were removed behind the versions' back (tests)."""
    with _lock:
        _designs.clear()


def _load(program_id: int, version: int) -> Design:
    return _load_all({program_id: version})[program_id]


def _load_all(versions: dict[int, int]) -> dict[int, Design]:
    types: dict[int, list[PointType]] = {program_id: [] for program_id in versions}
    for point_type in PointType.objects.filter(program_id__in=versions):
        types[point_type.program_id].append(point_type)
    programs = Program.objects.filter(pk__in=versions)
    return {one.pk: _design(one, versions[one.pk], types[one.pk]) for one in programs}


def _design(program: Program, version: int, types: list[PointType]) -> Design:
    return Design(
        program=program,
        version=version,
        zone=program.zone,
        point_types={t.pk: t for t in types},
        by_code={t.code: t for t in types},
        default=next((t for t in types if t.is_default), None),
    )
