"""The real program beside the model: making it, and reading what stands in its tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from activities.types import create_built_in_types
from common import clock
from common.actor import Actor
from memberships.models import Membership
from programs.design import design_of
from programs.models import ConversionRate, ExpiryPolicy, ExpiryRounding, PointKind, PointType, Program, ProgramStatus
from tests.factories import make_membership
from tests.stateful import model

STAFF = [Actor("user", number, 1, f"staff {number}", lambda action, program_id: True, None) for number in (7, 8)]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

ACCOUNTS = """
SELECT s.number - 1, t.code, a.balance, a.entry_count, a.debt, a.lifetime_earned, a.lifetime_redeemed, a.id
FROM unnest(%s::bigint[]) WITH ORDINALITY AS s(id, number) JOIN points_pointaccount a ON a.account_set_id = s.id
JOIN programs_pointtype t ON t.id = a.point_type_id
"""
LOTS = "SELECT id, account_id, amount, remaining, available_at, expires_at FROM points_lot WHERE account_id = ANY(%s)"
COUNTS = """
SELECT (SELECT count(*) FROM points_posting WHERE program_id = %(program)s),
    (SELECT count(*) FROM points_hold WHERE program_id = %(program)s),
    (SELECT count(*) FROM points_adjustment WHERE program_id = %(program)s),
    (SELECT count(*) FROM activities_memberactivity WHERE program_id = %(program)s),
    (SELECT count(*) FROM gateway_event WHERE program_id = %(program)s)
"""


@dataclass
class World:
    program: Program
    memberships: list[Membership]

    @property
    def sets(self) -> list[int]:
        return [membership.own_set_id for membership in self.memberships]

    def now(self) -> datetime:
        return clock.program_now(design_of(self.program.pk, fresh=True).program)


def make_world(code: str, *, members: int, beneficiary: int, policy: str, year_limit: int | None) -> World:
    """Released; miles end 30 days after earning, coins wait 2 days, lively rests after a month, status by month."""
    program = Program.objects.create(
        code=code,
        name=code.title(),
        status=ProgramStatus.RELEASED,
        member_number_prefix="M",
        time_zone=str(model.ZONE),
        late_grace=model.GRACE,
        refund_policy=policy,
        redemption_limit=model.REDEMPTION_LIMIT,
        transfer_minimum=model.TRANSFER_MINIMUM,
        transfer_maximum=model.TRANSFER_MAXIMUM,
        transfer_year_limit=year_limit,
        adjustment_limit=model.ADJUSTMENT_LIMIT,
        adjustment_day_limit=model.ADJUSTMENT_DAY,
        is_sandbox=True,
        # Noon: no midnight falls between two readings of the clock.
        clock_offset=(12 - clock.now().hour) % 24 * timedelta(hours=1),
    )
    make_types(program)
    create_built_in_types(program)
    memberships = [make_membership(program, f"Member {number}") for number in range(members)]
    memberships[beneficiary].is_beneficiary = True
    memberships[beneficiary].save()
    return World(program, memberships)


def make_types(program: Program) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "miles": {"is_default": True, "expiry_policy": ExpiryPolicy.AFTER_DAYS, "expiry_length": 30},
        "coins": {"pending_days": model.PENDING.days},
        "lively": {"expiry_policy": ExpiryPolicy.INACTIVITY, "expiry_length": 1},
        "status": {
            "kind": PointKind.QUALIFYING,
            "expiry_policy": ExpiryPolicy.AFTER_MONTHS,
            "expiry_length": 2,
            "expiry_rounding": ExpiryRounding.MONTH,
        },
    }
    types = {
        code: PointType.objects.create(
            program=program, code=code, name=code.title(), **({"kind": PointKind.REDEEMABLE} | values)
        )
        for code, values in kinds.items()
    }
    for (source, target), (numerator, denominator) in model.RATES.items():
        ConversionRate.objects.create(
            program=program,
            from_type=types[source],
            to_type=types[target],
            numerator=numerator,
            denominator=denominator,
            valid_from=LONG_AGO,
        )


def rows(sql: str, parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def counts(world: World) -> Any:
    """How many rows of each kind the program has, to prove that a refusal wrote nothing."""
    return rows(COUNTS, {"program": world.program.pk})[0]
