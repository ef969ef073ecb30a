"""Composite keys, append-only tables and deferred checks: made by migrations, held by PostgreSQL."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.migration import Migration
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from common.constraints import AppendOnly, CompositeForeignKey, ConstraintTrigger

pytestmark = pytest.mark.django_db(transaction=True)

OURS = [
    "club_main_is_own_member",
    "log_append_only",
    "member_at_most_two",
    "member_same_zone",
    "past_append_only",
]


def declare() -> SimpleNamespace:
    """A club that points to its main member, members that carry their club's `open`, and a log."""

    class Club(models.Model):
        zone = models.CharField(max_length=10, db_default="here")
        ended = models.BooleanField(default=False)
        open = models.GeneratedField(
            expression=models.Case(models.When(ended=True, then=None), default=models.Value(True)),
            output_field=models.BooleanField(null=True),
            db_persist=True,
        )
        main = models.ForeignKey("Member", models.DO_NOTHING, null=True, related_name="+", db_constraint=False)

        class Meta:
            app_label = "common"
            constraints = [
                CompositeForeignKey(
                    name="club_main_is_own_member",
                    fields=["main", "id"],
                    to="common.Member",
                    to_fields=["id", "club"],
                    deferrable=models.Deferrable.DEFERRED,
                ),
                models.UniqueConstraint(fields=["id", "zone"], name="club_key"),
            ]

    class Member(models.Model):
        club = models.ForeignKey(Club, models.PROTECT)
        zone = models.CharField(max_length=10, db_default="here")
        email = models.CharField(max_length=50, default="")

        class Meta:
            app_label = "common"
            constraints = [
                CompositeForeignKey(
                    name="member_same_zone",
                    fields=["club", "zone"],
                    to="common.Club",
                    to_fields=["id", "zone"],
                    on_update="CASCADE",
                    on_delete="RESTRICT",
                ),
                models.UniqueConstraint(fields=["id", "club"], name="member_key"),
                ConstraintTrigger(
                    name="member_at_most_two",
                    update_of=["club"],
                    body="""
                    IF (SELECT count(*) FROM {table} WHERE club_id = NEW.club_id) > 2 THEN
                      RAISE EXCEPTION 'Club % of % is full, 100 %%', NEW.club_id,
                        (SELECT zone FROM {table:common.Club} WHERE id = NEW.club_id)
                        USING ERRCODE = 'restrict_violation', CONSTRAINT = '{name}';
                    END IF""",
                ),
            ]

    class Log(models.Model):
        amount = models.DecimalField(max_digits=9, decimal_places=2)
        double = models.GeneratedField(
            expression=models.F("amount") * 2,
            output_field=models.DecimalField(max_digits=9, decimal_places=2),
            db_persist=True,
        )

        class Meta:
            app_label = "common"
            constraints = [AppendOnly(name="log_append_only")]

    class Past(models.Model):
        email = models.CharField(max_length=50, default="")
        born = models.DateField(null=True)
        facts = models.JSONField(default=dict)
        amount = models.DecimalField(max_digits=9, decimal_places=2, default=1)
        double = models.GeneratedField(
            expression=models.F("amount") * 2,
            output_field=models.DecimalField(max_digits=9, decimal_places=2),
            db_persist=True,
        )

        class Meta:
            app_label = "common"
            constraints = [AppendOnly(name="past_append_only", allow_emptying=("email", "born", "facts"))]

    return SimpleNamespace(Club=Club, Member=Member, Log=Log, Past=Past, apps=Club._meta.apps)


def detect(before: ProjectState, after: ProjectState) -> list[Migration]:
    """What makemigrations would write for the app `common`."""
    questioner = MigrationQuestioner(defaults={"ask_initial": True})
    return MigrationAutodetector(before, after, questioner).changes(MigrationGraph()).get("common", [])


def migrate(migrations: list[Migration], state: ProjectState) -> ProjectState:
    for migration in migrations:
        with connection.schema_editor(atomic=True) as editor:
            state = migration.apply(state, editor)
    return state


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    with isolate_apps("common"):
        made = declare()
        state = ProjectState.from_apps(made.apps)
        made.migrations = detect(ProjectState(), state)
        made.state = migrate(made.migrations, ProjectState())
        yield made
        drop_everything()


def drop_everything() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS common_club, common_member, common_log, common_past CASCADE")
        cursor.execute("DROP FUNCTION IF EXISTS member_at_most_two, log_append_only, past_append_only")


def refusal(action: Any) -> tuple[str, str]:
    """SQLSTATE and constraint of the IntegrityError that `action` raises at the latest at commit."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        action()
    diagnosis = caught.value.__cause__.diag
    return diagnosis.sqlstate, diagnosis.constraint_name


def test_makemigrations_writes_the_constraints_once_and_then_sees_no_change(world: SimpleNamespace) -> None:
    written = "\n".join(MigrationWriter(migration).as_string() for migration in world.migrations)

    for name in ("CompositeForeignKey", "ConstraintTrigger", "AppendOnly"):
        assert f"common.constraints.{name}(" in written
    assert detect(world.state, ProjectState.from_apps(world.apps)) == []


def test_keys_wait_for_the_unique_constraints_of_tables_made_later() -> None:
    with isolate_apps("common"):
        made = declare()
        try:
            with connection.schema_editor() as editor:
                editor.create_model(made.Member)
                editor.create_model(made.Club)
            club = made.Club.objects.create()
            assert refusal(lambda: made.Member.objects.create(club=club, zone="there"))[1] == "member_same_zone"
        finally:
            drop_everything()


def test_sqlmigrate_shows_one_statement_at_a_time() -> None:
    with isolate_apps("common"):
        log = declare().Log
        with connection.schema_editor(collect_sql=True) as editor:
            editor.create_model(log)

    assert [sql.split("log_append_only")[0].rpartition("\n")[2][:28] for sql in editor.collected_sql][1:] == [
        'CREATE OR REPLACE FUNCTION "',
        'CREATE TRIGGER "',
        'ALTER TABLE "public"."common',
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('common_log')")
        assert cursor.fetchone() == (None,)


def test_a_changed_constraint_is_dropped_and_made_again(world: SimpleNamespace) -> None:
    changed = ProjectState.from_apps(world.apps)
    options = changed.models["common", "past"].options
    options["constraints"] = [AppendOnly(name="past_append_only", allow_emptying=("email",))]
    migrate(detect(world.state, changed), world.state)
    past = world.Past.objects.create(email="a@example.org", born="2000-01-01")

    assert refusal(lambda: world.Past.objects.update(born=None)) == ("23001", "past_append_only")
    assert world.Past.objects.update(email="") == 1
    past.refresh_from_db()
    assert (past.email, str(past.born)) == ("", "2000-01-01")


def test_removing_the_constraints_leaves_no_trigger_function_or_key(world: SimpleNamespace) -> None:
    bare = ProjectState.from_apps(world.apps)
    for model in bare.models.values():
        kept = [one for one in model.options["constraints"] if isinstance(one, models.UniqueConstraint)]
        model.options["constraints"] = kept
    migrate(detect(world.state, bare), world.state)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgname = ANY(%(names)s) UNION ALL "
            "SELECT proname FROM pg_proc WHERE proname = ANY(%(names)s) UNION ALL "
            "SELECT conname FROM pg_constraint WHERE conname = ANY(%(names)s)",
            {"names": OURS},
        )
        assert cursor.fetchall() == []


def test_every_trigger_fires_always(world: SimpleNamespace) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE tgname = ANY(%s) ORDER BY tgname", [OURS])
        assert cursor.fetchall() == [
            ("log_append_only", "A"),
            ("member_at_most_two", "A"),
            ("past_append_only", "A"),
        ]


def test_replication_role_does_not_switch_append_only_off(world: SimpleNamespace) -> None:
    world.Log.objects.create(amount=5)

    def delete_as_replica() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM common_log")

    assert refusal(delete_as_replica) == ("23001", "log_append_only")
    assert world.Log.objects.count() == 1


def test_composite_key_refuses_a_row_of_another_zone(world: SimpleNamespace) -> None:
    club = world.Club.objects.create()

    assert refusal(lambda: world.Member.objects.create(club=club, zone="there")) == (
        "23503",
        "member_same_zone",
    )
    assert world.Member.objects.count() == 0


def test_composite_key_carries_a_change_along(world: SimpleNamespace) -> None:
    club = world.Club.objects.create()
    member = world.Member.objects.create(club=club)
    world.Club.objects.filter(pk=club.pk).update(zone="there")

    member.refresh_from_db()
    assert member.zone == "there"


def test_composite_key_restricts_deletion_at_once(world: SimpleNamespace) -> None:
    club = world.Club.objects.create()
    world.Member.objects.create(club=club)

    def delete() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("DELETE FROM common_club")

    assert refusal(delete)[1] == "member_same_zone"
    assert world.Club.objects.count() == 1


def test_deferred_composite_key_waits_for_the_commit(world: SimpleNamespace) -> None:
    with transaction.atomic():
        club = world.Club.objects.create(main_id=77)
        world.Member.objects.create(pk=77, club=club)
    assert world.Club.objects.get().main_id == 77

    def foreign_main() -> None:
        world.Club.objects.create(main_id=77)

    assert refusal(foreign_main) == ("23503", "club_main_is_own_member")
    assert world.Club.objects.count() == 1


def test_constraint_trigger_judges_the_state_at_commit(world: SimpleNamespace) -> None:
    club = world.Club.objects.create()
    with transaction.atomic():
        members = [world.Member.objects.create(club=club) for _ in range(3)]
        members[0].delete()
    assert world.Member.objects.count() == 2

    with pytest.raises(IntegrityError, match=f"Club {club.pk} of here is full, 100 %"), transaction.atomic():
        world.Member.objects.create(club=club)
    assert refusal(lambda: world.Member.objects.create(club=club)) == ("23001", "member_at_most_two")
    assert world.Member.objects.count() == 2


def test_trigger_finds_its_tables_whatever_the_search_path(world: SimpleNamespace) -> None:
    club = world.Club.objects.create()

    def fill_blindly() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', '', true)")
            for _ in range(3):
                cursor.execute("INSERT INTO public.common_member (club_id, email) VALUES (%s, '')", [club.pk])

    assert refusal(fill_blindly) == ("23001", "member_at_most_two")


@pytest.mark.parametrize(
    "sql",
    ["UPDATE common_log SET amount = 6", "UPDATE common_log SET amount = amount", "DELETE FROM common_log"],
)
def test_append_only_refuses(world: SimpleNamespace, sql: str) -> None:
    world.Log.objects.create(amount=5)

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    with pytest.raises(IntegrityError, match="^common_log is append-only"), transaction.atomic():
        run()
    assert refusal(run) == ("23001", "log_append_only")
    assert [entry.amount for entry in world.Log.objects.all()] == [5]


def test_truncate_stays_open_for_tests(world: SimpleNamespace) -> None:
    world.Log.objects.create(amount=5)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE common_log")
    assert world.Log.objects.count() == 0


def test_emptying_personal_columns_passes(world: SimpleNamespace) -> None:
    past = world.Past.objects.create(email="a@example.org", born="2000-01-01", facts={"a": 1}, amount=3)
    world.Past.objects.update(email="", born=None, facts={})

    past.refresh_from_db()
    assert (past.email, past.born, past.facts, past.amount, past.double) == ("", None, {}, 3, 6)


@pytest.mark.parametrize(
    "values",
    [
        {"email": "b@example.org"},
        {"email": "", "amount": 4},
        {"born": "2000-01-02", "email": ""},
        {"facts": {"a": 2}},
        {"id": 99},
    ],
)
def test_other_updates_of_personal_history_are_refused(world: SimpleNamespace, values: dict[str, Any]) -> None:
    past = world.Past.objects.create(email="a@example.org", born="2000-01-01", facts={"a": 1}, amount=3)

    assert refusal(lambda: world.Past.objects.update(**values)) == ("23001", "past_append_only")
    assert refusal(lambda: world.Past.objects.all().delete()) == ("23001", "past_append_only")
    past.refresh_from_db()
    assert (past.email, str(past.born), past.facts, past.amount) == (
        "a@example.org",
        "2000-01-01",
        {"a": 1},
        3,
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: AppendOnly(name="x" * 51),
        lambda: ConstraintTrigger(name="x" * 51, body="NULL"),
        lambda: CompositeForeignKey(name="x" * 51, fields=["a"], to="common.A", to_fields=["b"]),
        lambda: CompositeForeignKey(name="x", fields=["a"], to="common.A", to_fields=["b", "c"]),
        lambda: CompositeForeignKey(name="x", fields=["a"], to="common.A", to_fields=["b"], on_delete="SET NULL"),
        lambda: CompositeForeignKey(name="x", fields=["a"], to="common.A", to_fields=["b"], on_update="SET NULL"),
        lambda: ConstraintTrigger(name="x", body="NULL", events=("TRUNCATE",)),
    ],
)
def test_unusable_arguments_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="x"):
        make()
