"""How the server plans the statements of a wave, whatever it knows of the queue."""

import pytest
from django.db import connection

from activities.models import MemberActivity
from activities.rules import sql
from common.arrays import columns
from common.db import planned_for_many
from programs.models import Program
from tests.activities.ruling import waiting
from tests.factories import make_membership

pytestmark = pytest.mark.django_db
WAVE = 2_000
GUARD = "CASE WHEN v.program_id = %(program)s AND v.status IN ('received', 'failed') THEN true END"
BARE = "v.program_id = %(program)s AND v.status || '' IN ('received', 'failed')"


def test_the_server_expects_many_rows_to_finish_though_it_has_no_statistics_of_them(miles: Program) -> None:
    """Where it expects one row, it may compare each of the wave with each; so the bare conditions have it guess."""
    ids = waiting_by_hand(miles)
    assert expected_rows(sql.FINISH, miles, ids) >= WAVE / 10
    assert GUARD in sql.FINISH
    assert expected_rows(sql.FINISH.replace(GUARD, BARE), miles, ids) < WAVE / 100


def waiting_by_hand(program: Program) -> list[int]:
    """A wave of copies in a table of the same name and indexes that goes before it and was never looked at: what the
    server knows of the real one depends on the tests before."""
    activity = waiting(make_membership(program, "Emma Stone"))
    table = MemberActivity._meta.db_table
    copied = [one for one in MemberActivity._meta.local_concrete_fields if not one.primary_key and not one.generated]
    names = ", ".join(str(one.column) for one in copied)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL) ON COMMIT DROP")
        cursor.execute(
            f"INSERT INTO pg_temp.{table} ({names}) SELECT {names} FROM public.{table}, generate_series(1, %s) "
            "WHERE id = %s RETURNING id",
            [WAVE, activity.pk],
        )
        return [row[0] for row in cursor.fetchall()]


def expected_rows(statement: str, program: Program, ids: list[int]) -> int:
    given = {
        "program": program.pk,
        "now": "2026-03-10T12:00Z",
        **columns("v", ("id", "status", "posting"), [(pk, "processed", None) for pk in ids]),
        "v_problem": "{" + ",".join(["NULL"] * len(ids)) + "}",
    }
    with planned_for_many(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", given)
        ((plan,),) = cursor.fetchone()
    return int(plan["Plan"]["Plans"][0]["Plan Rows"])
