"""The order in which a grown program is made, in one transaction: all of it is there afterwards, or nothing."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from activities.models import ActivityType, MemberActivity
from cards.models import Card, NumberRegistry
from common import clock
from common.db import forget_ids
from customers.creating import number_of
from customers.models import Customer, CustomerNumber
from gateway.channels import BUILT_IN, create_channel, system_actor
from gateway.models import Channel, Event, EventNumber, IdempotencyRecord
from loyalty_site.demo.building import ORDINARY, build_program
from loyalty_site.volume import sql, sql_around
from loyalty_site.volume.filling import insert, record
from loyalty_site.volume.history import make_past
from loyalty_site.volume.people import People
from loyalty_site.volume.plan import MOST_PROGRAMS, Volume, program_plans
from loyalty_site.volume.rebuilding import bare
from loyalty_site.volume.staging import Stage
from memberships.models import CardHolding, Member, Membership, TermsAcceptance, TierStanding
from points.models import (
    Adjustment,
    Debt,
    Draw,
    Entry,
    Hold,
    HoldLot,
    Lot,
    PointAccount,
    PointAccountSet,
    Posting,
    Reversal,
    ReversalLine,
)
from programs.design import design_of
from programs.models import PointKind, Program, ProgramTerms, Tier

TILL = "volume-till"
REASON = "made up for measuring"
Say = Callable[[str], object]
Rows = tuple[type[models.Model], dict[str, str], str]
# In order: what a row refers to comes before it.
PEOPLE: tuple[Rows, ...] = (
    (Customer, sql.CUSTOMER, sql.CUSTOMERS),
    (CustomerNumber, sql.CUSTOMER_NUMBER, sql.CUSTOMERS),
    (PointAccountSet, sql.ACCOUNT_SET, sql.MEMBERS),
    (PointAccount, sql.ACCOUNT, sql.ACCOUNTS),
    (Membership, sql.MEMBERSHIP, sql.MEMBERS),
    (Member, sql.MEMBER, sql.MEMBERS),
    (NumberRegistry, sql.NUMBER, sql.MEMBERS),
    (Card, sql.CARD, sql.MEMBERS),
    (CardHolding, sql.HOLDING, sql.MEMBERS),
    (TermsAcceptance, sql.ACCEPTANCE, sql.MEMBERS),
    (TierStanding, sql.STANDING, sql.FIRST_STANDINGS),
    (TierStanding, sql.RAISED, sql.RAISED_STANDINGS),
)
LEDGER: tuple[Rows, ...] = (
    (Posting, sql.POSTING, sql.POSTINGS),
    (Entry, sql.ENTRY, sql.ENTRIES),
    (Lot, sql.LOT, sql.LOTS),
    (Draw, sql.DRAW, sql.DRAWS),
    (Debt, sql.DEBT, sql.DEBTS),
    (Event, sql_around.EVENT, sql_around.EVENTS),
    (MemberActivity, sql_around.ACTIVITY, sql_around.ACTIVITIES),
    (IdempotencyRecord, sql_around.ANSWER, sql_around.ANSWERS),
    (Hold, sql_around.HOLD, sql_around.HOLDS),
    (HoldLot, sql_around.HELD, sql_around.HELD_LOTS),
    (Adjustment, sql_around.ADJUSTMENT, sql_around.ADJUSTMENTS),
    (Reversal, sql_around.REVERSAL, sql_around.REVERSALS),
    (ReversalLine, sql_around.LINE, sql_around.LINES),
)
# Their ids go on behind those that the statements above give.
AFTERWARDS: tuple[Rows, ...] = (
    (MemberActivity, sql_around.FAILED, sql_around.FAILURES),
    (Adjustment, sql_around.WAITING, sql_around.WAITINGS),
)
AUDITED = (Customer, Membership, Member, Card, CardHolding, TermsAcceptance, TierStanding)
# The ids the statements count from: name of the parameter, model, staged table that says how many.
NUMBERED: tuple[tuple[str, type[models.Model], str], ...] = (
    ("customer", Customer, "person"),
    ("set", PointAccountSet, "member"),
    ("account", PointAccount, "account"),
    ("membership", Membership, "member"),
    ("card", Card, "member"),
    ("posting", Posting, "entry"),
    ("entry", Entry, "entry"),
    ("event", Event, "entry"),
    ("activity", MemberActivity, "entry"),
    ("lot", Lot, "lot"),
    ("hold", Hold, "hold"),
    ("adjustment", Adjustment, "adjustment"),
    ("reversal", Reversal, "reversal"),
)


class NotEmpty(RuntimeError):
    """There are customers or postings already."""


def make(volume: Volume, *, say: Say = lambda step: None) -> dict[str, int]:
    """Make it all in a database without customers and postings; how many rows of what. Raises NotEmpty, ValueError."""
    check(volume)
    with transaction.atomic():
        _take_memory()
        programs = _programs(volume.programs)
        now = clock.now()
        ids = _first_ids()
        stage = Stage()
        say("people")
        people = _people(volume, programs, stage, now=now, first_customer=ids["customer"])
        say("what happened on their accounts")
        make_past(people, programs, stage, volume=volume, now=int(now.timestamp()), grace=ORDINARY)
        stage.flush()
        _write(stage, programs, ids, now=now, say=say)
    forget_ids()
    say("statistics")
    _settle()
    return counts()


def check(volume: Volume) -> None:
    """Refuse what can't be made, before anything is written."""
    if not 1 <= volume.programs <= MOST_PROGRAMS:
        raise ValueError(f"The number of programs lies between 1 and {MOST_PROGRAMS}.")
    if volume.customers < 100 or volume.entries < 1_000:
        raise ValueError("At least 100 customers and 1,000 entries are needed.")
    if Customer.objects.exists() or Posting.objects.exists():
        raise NotEmpty(
            "This database has customers or postings already. Seeding is done once, into a database without any: "
            "take another one, or empty this one."
        )


def counts() -> dict[str, int]:
    """Rows of every kind, as they stand."""
    found = {}
    for model, _, _ in (*PEOPLE, *LEDGER):
        found[str(model._meta.verbose_name_plural)] = model._default_manager.count()
    return found


def _programs(count: int) -> list[Program]:
    actor = system_actor()
    programs = [build_program(plan, actor=actor) for plan in program_plans(count)]
    create_channel(TILL, name="Till of the seeded programs", scopes=["points:earn"], actor=actor, all_programs=True)
    return programs


def _people(volume: Volume, programs: list[Program], stage: Stage, *, now: datetime, first_customer: int) -> People:
    people = People(
        customers=volume.customers,
        seed=volume.seed,
        prefixes=[program.member_number_prefix for program in programs],
        card_prefixes=[program.card_prefix for program in programs],
        now=int(now.timestamp()),
    )
    stage.put("person", ((*row, number_of(first_customer + n)) for n, *row in _numbered(people.persons())))
    stage.put("member", people.memberships())
    return people


def _numbered(rows: Iterable[tuple[Any, ...]]) -> Iterable[list[Any]]:
    for row in rows:
        yield [row[0], *row]


def _write(stage: Stage, programs: list[Program], ids: dict[str, int], *, now: datetime, say: Say) -> None:
    parameters = ids | _constants(now)
    _stage_programs(programs)
    say("the order of events")
    _run(sql.RANKS, sql.LOT_RANKS, "ANALYZE volume_rank", "ANALYZE volume_lotrank")
    _run(*(f"ANALYZE volume_{name}" for name in stage.counts))
    tables = [model._meta.db_table for model, _, _ in (*PEOPLE, *LEDGER)]
    tables += [model.history.model._meta.db_table for model in AUDITED]
    tables += [EventNumber._meta.db_table]
    say("tables without indexes")
    with bare(sorted(set(tables))):
        for model, given, source in (*PEOPLE, *LEDGER):
            say(str(model._meta.verbose_name_plural))
            insert(model, given, source, parameters)
        _move_sequences(stage, ids)
        for model, given, source in AFTERWARDS:
            insert(model, given, source, parameters)
        say("history")
        for audited in AUDITED:
            record(audited, reason=REASON, now=now)
        say("numbers of the events")
        _run(sql_around.NUMBER_EVENTS, sql_around.HORIZON)
        say("indexes, foreign keys, uniqueness")


def _constants(now: datetime) -> dict[str, Any]:
    return {
        "now": int(now.timestamp()),
        "desk": BUILT_IN["desk"],
        "system": BUILT_IN["system"],
        "till": Channel.objects.get(code=TILL).pk,
        "digest": Posting._meta.get_field("key_digest").max_length,
        "request": IdempotencyRecord._meta.get_field("request_digest").max_length,
    }


def _stage_programs(programs: list[Program]) -> None:
    _run(
        "CREATE TEMPORARY TABLE volume_program (n int, id bigint, redeemable bigint, qualifying bigint, earn bigint,"
        " redeem bigint, ladder bigint, lowest bigint, terms bigint) ON COMMIT DROP"
    )
    with connection.cursor() as cursor:
        for n, program in enumerate(programs):
            types = {one.kind: one.pk for one in design_of(program.pk).point_types.values()}
            kinds = dict(ActivityType.objects.filter(program=program).values_list("code", "pk"))
            lowest = Tier.objects.get(group__program=program, rank=0)
            terms = ProgramTerms.objects.filter(program=program).latest("pk").pk
            row = [
                n, program.pk, types[PointKind.REDEEMABLE], types[PointKind.QUALIFYING], kinds["earn"],
                kinds["redeem"], lowest.group_id, lowest.pk, terms,
            ]  # fmt: skip
            cursor.execute("INSERT INTO volume_program VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", row)


def _first_ids() -> dict[str, int]:
    """By parameter the id of the first row; ranks count from 1, numbers from 0, which leaves a gap of one."""
    found = {}
    with connection.cursor() as cursor:
        for name, model, _ in NUMBERED:
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
            (found[name],) = cursor.fetchone()
    return found


def _move_sequences(stage: Stage, ids: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        for name, model, table in NUMBERED:
            last = ids[name] + stage.counts[table]
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, last])


def _take_memory() -> None:
    """For sorting and hashing some million rows; it ends with the transaction."""
    _run("SET LOCAL work_mem = '256MB'", "SET LOCAL maintenance_work_mem = '512MB'", "SET LOCAL jit = off")


def _settle() -> None:
    """Statistics and visibility, as they are where time has passed."""
    _run("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
