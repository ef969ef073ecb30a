"""The world the benchmarks run in: one program, its members, and accounts with open lots, loaded set by set."""

import json
from dataclasses import asdict, dataclass, field

from django.core.management import call_command
from django.db import connection, transaction

from activities.types import create_built_in_types
from common.db import forget_ids
from gateway.authentication import forget_tokens
from gateway.channels import create_channel, system_actor
from memberships.programs import forget_programs
from programs.design import forget_designs
from programs.models import ExpiryPolicy, PointKind, PointType, Program, ProgramStatus

CODE = "bench"
LOTS = 10
LOT_POINTS = 100
SCOPES = ("points:earn", "points:redeem", "points:transfer", "activities:write")
# Above anything the load generator reaches, so that the throttle works and never refuses.
REQUESTS_PER_MINUTE = 100_000_000
CHANNEL = "bench-till"


@dataclass(frozen=True)
class Sizes:
    """How big the world and how long a round is."""

    members: int = 200_000
    spenders: int = 80_000
    hot_lots: int = 20_000
    # Of the grown program, which has a world of its own.
    entries: int = 1_000_000
    # There are to be, before numbers are looked up.
    cards: int = 1_000_000
    # Lines of a night's file.
    activities: int = 1_000_000
    # At the queue; a third one fills the cores while another waits for its commit.
    workers: int = 2
    seconds: float = 5.0
    rounds: int = 5


@dataclass(frozen=True)
class World:
    """Where things stand. Ids of memberships, accounts, sets and customers run in step from these first ones."""

    program: int
    point_type: int
    earn_type: int
    redeem_type: int
    channel: int
    client_id: str
    client_secret: str
    design: int
    members: int
    spenders: int
    first_membership: int
    first_account: int
    first_set: int
    first_customer: int
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def hot(self) -> int:
        """The membership whose account everybody wants: the last one, left out of all other picking."""
        return self.first_membership + self.members - 1

    @property
    def first_earner(self) -> int:
        return self.first_membership + self.spenders

    @property
    def last_earner(self) -> int:
        return self.first_membership + self.members - 2

    def dumped(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "World":
        return cls(**json.loads(text))


def make_world(sizes: Sizes) -> World:
    """An empty database filled anew; what stood in it before is gone."""
    call_command("flush", interactive=False, verbosity=0)
    for forget in (forget_ids, forget_designs, forget_programs, forget_tokens):
        forget()
    program = Program.objects.create(code=CODE, name="Bench", status=ProgramStatus.RELEASED)
    miles = PointType.objects.create(
        program=program,
        code="miles",
        name="Miles",
        kind=PointKind.REDEEMABLE,
        is_default=True,
        expiry_policy=ExpiryPolicy.AFTER_MONTHS,
        expiry_length=36,
    )
    status = PointType.objects.create(program=program, code="status", name="Status", kind=PointKind.QUALIFYING)
    create_built_in_types(program)
    channel, secret = create_channel(
        CHANNEL, name="Bench till", scopes=SCOPES, actor=system_actor(), programs=[program],
        requests_per_minute=REQUESTS_PER_MINUTE,
    )  # fmt: skip
    firsts = _load_members(program.pk, miles.pk, status.pk, sizes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, id FROM activities_activitytype WHERE program_id = %s", [program.pk])
        types = dict(cursor.fetchall())
        cursor.execute("SELECT version FROM programs_designversion WHERE program_id = %s", [program.pk])
        (design,) = cursor.fetchone()
    return World(
        program=program.pk,
        point_type=miles.pk,
        earn_type=types["earn"],
        redeem_type=types["redeem"],
        channel=channel.pk,
        client_id=channel.client_id,
        client_secret=secret,
        design=design,
        members=sizes.members,
        spenders=sizes.spenders,
        sizes={
            "members": sizes.members,
            "accounts": 2 * sizes.members,
            "open_lots": sizes.spenders * LOTS + sizes.hot_lots,
        },
        **firsts,
    )


def settle() -> None:
    """Leave no work of the load to the first round: statistics, visibility, dirty pages."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


CUSTOMERS = """
INSERT INTO customers_customer (number, kind, name, language, customer_since, status, outstanding_balance, currency,
    contact_changed_at, version, created_at)
SELECT 'B' || n, 'person', 'Member ' || n, 'en', '2020-01-01', 'active', 0, 'EUR', now(), 1, now()
FROM generate_series(1, %(members)s) n ORDER BY n
"""
SETS = """
INSERT INTO points_pointaccountset (program_id, is_pool)
SELECT %(program)s, false FROM generate_series(1, %(members)s)
"""
# A spender's ten lots are one of fifty points and nine of a hundred, so that a redemption of a hundred draws two.
ACCOUNTS = """
INSERT INTO points_pointaccount (account_set_id, point_type_id, program_id, balance, entry_count, debt,
    lifetime_earned, lifetime_redeemed, closed)
SELECT %(set)s + n - 1, %(type)s, %(program)s, GREATEST(0, lots.has * %(points)s - %(points)s::bigint / 2),
    LEAST(lots.has, 1), 0, 0, 0, false
FROM generate_series(1, %(members)s) n CROSS JOIN LATERAL (
    SELECT CASE WHEN n <= %(spenders)s THEN %(lots)s WHEN n = %(members)s THEN %(hot)s ELSE 0 END AS has) lots
ORDER BY n
"""
STATUS_ACCOUNTS = """
INSERT INTO points_pointaccount (account_set_id, point_type_id, program_id, balance, entry_count, debt,
    lifetime_earned, lifetime_redeemed, closed)
SELECT %(set)s + n - 1, %(status)s, %(program)s, 0, 0, 0, 0, 0, false FROM generate_series(1, %(members)s) n
"""
MEMBERSHIPS = """
INSERT INTO memberships_membership (program_id, number, type, status, end_reason, own_set_id, main_member_open,
    enrolled_at, activated_at, is_beneficiary, redeem_override, version)
SELECT %(program)s, 'B' || n, 'standard', 'active', '', %(set)s + n - 1, true, now() - interval '1 year', now(),
    false, false, 1
FROM generate_series(1, %(members)s) n ORDER BY n
"""
MEMBERS = """
INSERT INTO memberships_member (membership_id, program_id, current, customer_id, joined_at)
SELECT %(membership)s + n - 1, %(program)s, true, %(customer)s + n - 1, now() FROM generate_series(1, %(members)s) n
"""
OPENINGS = """
INSERT INTO points_posting (program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at, recorded_at,
    channel_id, reason_code, ordinal)
SELECT %(program)s, 'opening', a.account_set_id, %(customer)s + a.id - %(account)s, 'opening', a.id,
    now() - interval '1 year', now(), 2, '', 0
FROM points_pointaccount a WHERE a.balance > 0 ORDER BY a.id
"""
ENTRIES = """
INSERT INTO points_entry (posting_id, account_id, program_id, number, amount, balance_after)
SELECT p.id, p.cause_id, %(program)s, 1, a.balance, a.balance
FROM points_posting p JOIN points_pointaccount a ON a.id = p.cause_id ORDER BY p.id
"""
LOTS_SQL = """
INSERT INTO points_lot (account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at, expires_at)
SELECT a.id, e.id, p.person_id, p.person_id, size.points, size.points, now() - n * interval '1 minute',
    date_trunc('day', now()) + (30 + n %% 900) * interval '1 day'
FROM points_entry e JOIN points_posting p ON p.id = e.posting_id JOIN points_pointaccount a ON a.id = e.account_id
CROSS JOIN LATERAL generate_series(1, a.balance / %(points)s + 1) n
CROSS JOIN LATERAL (SELECT CASE WHEN n = 1 THEN %(points)s::bigint / 2 ELSE %(points)s::bigint END AS points) size
ORDER BY e.id, n
"""


def _load_members(program: int, miles: int, status: int, sizes: Sizes) -> dict[str, int]:
    parameters: dict[str, int] = {
        "program": program,
        "type": miles,
        "status": status,
        "members": sizes.members,
        "spenders": sizes.spenders,
        "lots": LOTS,
        "points": LOT_POINTS,
        "hot": sizes.hot_lots,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for name, table, query in (
            ("customer", "customers_customer", CUSTOMERS),
            ("set", "points_pointaccountset", SETS),
            ("account", "points_pointaccount", ACCOUNTS),
            ("account", "points_pointaccount", STATUS_ACCOUNTS),
            ("membership", "memberships_membership", MEMBERSHIPS),
        ):
            cursor.execute(query, {k: v for k, v in parameters.items() if f"%({k})s" in query})
            # Without statistics a foreign key's check may read the whole program.
            cursor.execute(f"ANALYZE {table}")
            cursor.execute(f"SELECT min(id) FROM {table}")
            (parameters[name],) = cursor.fetchone()
        for table, query in (
            ("memberships_member", MEMBERS),
            ("points_posting", OPENINGS),
            ("points_entry", ENTRIES),
            ("points_lot", LOTS_SQL),
        ):
            cursor.execute(query, {k: v for k, v in parameters.items() if f"%({k})s" in query})
            cursor.execute(f"ANALYZE {table}")
    return {f"first_{name}": parameters[name] for name in ("customer", "set", "account", "membership")}
