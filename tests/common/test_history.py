"""The audit base: every change leaves one true row, and nobody can change it later."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from common import clock
from common.actor import Actor
from common.history import (
    AuditedModel,
    AuditedQuerySet,
    UnrecordedChange,
    audit_context,
    create_with_history,
    delete_with_history,
    desk_context,
    erase_personal,
    save_with_history,
    update_with_history,
)

from .schema import tables

pytestmark = pytest.mark.django_db

MIA = Actor("user", 42, 1, "mia", may=lambda action, program_id: True, programs=None)
TILL = Actor("channel", None, 9, "till", may=lambda action, program_id: True, programs=frozenset())


@cache
def declare() -> SimpleNamespace:
    """Once and kept: signal receivers know a model by the address of its class."""

    class Guest(AuditedModel):
        PERSONAL = ("email", "born")
        HISTORY_EXCLUDED = ("secret",)

        name = models.CharField(max_length=20, unique=True)
        email = models.CharField(max_length=50, default="")
        born = models.DateField(null=True)
        visits = models.IntegerField(default=0)
        secret = models.CharField(max_length=20, default="")
        often = models.GeneratedField(
            expression=models.Case(models.When(visits__gt=3, then=True), default=models.Value(False)),
            output_field=models.BooleanField(),
            db_persist=True,
        )

        class Meta:
            app_label = "common"

    class Plain(AuditedModel):
        guest = models.ForeignKey(Guest, models.CASCADE)

        class Meta:
            app_label = "common"

    class Loose(AuditedModel):
        objects = models.Manager()

        class Meta:
            app_label = "common"

    return SimpleNamespace(Guest=Guest, Plain=Plain, Loose=Loose, apps=Guest._meta.apps)


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    with isolate_apps("common"):
        made = declare()
        with tables(made.Guest, made.Plain):
            yield made


@pytest.fixture
def guest(world: SimpleNamespace) -> Any:
    with audit_context(MIA, "opened"):
        return world.Guest.objects.create(name="Emma", email="emma@example.org", born=date(2000, 1, 1))


def rows(guest: Any) -> list[tuple[Any, ...]]:
    """History, oldest first: type, user, channel, reason, visits."""
    return list(
        guest.history.order_by("history_id").values_list(
            "history_type", "history_user_id", "history_channel", "history_change_reason", "visits"
        )
    )


OPENED = ("+", 42, "desk", "opened", 0)


def test_history_names_user_channel_and_reason_of_the_context(guest: Any) -> None:
    guest.visits = 1
    with audit_context(TILL, "came in"):
        guest.save()
    guest.visits = 2
    with audit_context(Actor.system(2)):
        guest.save()
    guest.visits = 3
    with desk_context(43, "by form"):
        guest.save()
    guest.visits = 4
    guest.save()

    assert rows(guest) == [
        OPENED,
        ("~", None, "till", "came in", 1),
        ("~", None, "system", None, 2),
        ("~", 43, "desk", "by form", 3),
        ("~", None, "", None, 4),
    ]


def test_an_inner_context_without_reason_keeps_the_outer_one(guest: Any) -> None:
    guest.visits = 1
    with audit_context(MIA, "outer"), audit_context(TILL):
        guest.save()
    assert rows(guest)[-1] == ("~", None, "till", "outer", 1)


@pytest.mark.django_db(transaction=True)
def test_contexts_of_threads_do_not_mix(guest: Any) -> None:
    seen: list[int | None] = []

    def work() -> None:
        other = type(guest).objects.create(name="other")
        seen.append(other.history.get().history_user_id)
        connection.close()

    with audit_context(MIA, "mine"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_save_that_changes_nothing_leaves_no_row(guest: Any) -> None:
    guest.save()
    guest.visits, guest.born = "0", "2000-01-01"
    guest.save()
    type(guest).objects.get().save()

    assert rows(guest) == [OPENED]


def test_a_reason_given_to_an_instance_is_used_once(guest: Any) -> None:
    guest.visits, guest._change_reason = 1, "once"
    guest.save()
    guest.visits = 2
    guest.save()

    assert [row[3] for row in rows(guest)] == ["opened", "once", None]


@pytest.mark.django_db(transaction=True)
def test_a_reason_is_forgotten_even_when_the_save_fails(guest: Any) -> None:
    twin = type(guest)(name="Emma")
    twin._change_reason = "twice"
    with pytest.raises(IntegrityError):
        twin.save()
    assert not hasattr(twin, "_change_reason")
    assert type(guest).history.count() == 1


def test_an_expression_is_saved_and_recorded_as_its_value(guest: Any) -> None:
    guest.visits = models.F("visits") + 5
    guest.save()
    assert guest.visits == 5
    guest.save()

    assert [row[4] for row in rows(guest)] == [0, 5]


def test_update_fields_records_what_was_stored_and_not_what_was_not(guest: Any) -> None:
    guest.visits, guest.email = 1, "never@example.org"
    guest._change_reason = "partly"
    guest.save(update_fields=["visits"])

    last = guest.history.latest("history_id")
    assert (last.visits, last.email, last.history_change_reason) == (1, "emma@example.org", "partly")


@pytest.mark.django_db(transaction=True)
def test_history_and_row_stand_or_fall_together(guest: Any) -> None:
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE common_historicalguest ADD CHECK (visits < 9)", params=None)
    guest.visits = 9
    with pytest.raises(IntegrityError):
        guest.save()

    guest.refresh_from_db()
    assert guest.visits == 0
    assert rows(guest) == [OPENED]


def test_deleting_leaves_a_row_also_by_cascade_and_queryset(world: SimpleNamespace, guest: Any) -> None:
    world.Plain.objects.create(guest=guest)
    with audit_context(MIA, "wish"):
        guest.delete()
    world.Guest.objects.create(name="John")
    world.Guest.objects.filter(name="John").delete()

    assert list(world.Plain.history.order_by("history_id").values_list("history_type", "history_change_reason")) == [
        ("+", None),
        ("-", "wish"),
    ]
    assert list(world.Guest.history.order_by("history_id").values_list("history_type", "name")) == [
        ("+", "Emma"),
        ("-", "Emma"),
        ("+", "John"),
        ("-", "John"),
    ]


def test_history_takes_its_time_from_the_clock(guest: Any) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    guest.visits = 1
    with clock.frozen(noon):
        guest.save()
        update_with_history([guest], visits=2)
    assert list(guest.history.order_by("-history_id").values_list("history_date", flat=True)[:2]) == [
        noon,
        noon,
    ]
    guest.visits = 3
    guest.save()
    assert guest.history.latest("history_id").history_date > noon


def test_secrets_and_generated_columns_never_enter_history(world: SimpleNamespace, guest: Any) -> None:
    guest.secret = "hunter2"
    guest.save()

    assert {field.name for field in world.Guest.history.model._meta.fields}.isdisjoint({"secret", "often"})
    assert rows(guest) == [OPENED]
    guest.refresh_from_db()
    assert guest.secret == "hunter2"


@pytest.mark.parametrize(
    "change",
    [
        lambda guests: guests.update(visits=1),
        lambda guests: guests.filter(name="Emma").update(visits=1),
        lambda guests: guests.bulk_create([guests.model(name="x")]),
        lambda guests: guests.bulk_update(list(guests.all()), ["visits"]),
        lambda guests: guests.aupdate(visits=1),
    ],
)
def test_plain_bulk_calls_refuse(guest: Any, change: Any) -> None:
    with pytest.raises(UnrecordedChange):
        change(type(guest).objects)
    guest.refresh_from_db()
    assert guest.visits == 0
    assert type(guest).history.count() == 1


def test_there_is_no_way_to_save_without_history(guest: Any) -> None:
    assert not hasattr(guest, "save_without_historical_record")
    guest.skip_history_when_saving = True
    guest.visits = 1
    guest.save()
    assert len(rows(guest)) == 2


def test_create_with_history_writes_a_row_each(world: SimpleNamespace) -> None:
    with audit_context(MIA, "import"):
        made = create_with_history([world.Guest(name="a"), world.Guest(name="b", visits=4)])

    assert [row.pk is not None for row in made] == [True, True]
    assert [rows(row) for row in made] == [[("+", 42, "desk", "import", 0)], [("+", 42, "desk", "import", 4)]]
    assert create_with_history([]) == []


def test_update_with_history_records_only_what_changed(world: SimpleNamespace) -> None:
    made = create_with_history([world.Guest(name=name, visits=visits) for name, visits in (("a", 0), ("b", 7))])
    with audit_context(MIA, "levelled"):
        assert update_with_history(world.Guest.objects.filter(name__in="ab"), visits=7) == 1

    assert [[row[4] for row in rows(guest)] for guest in made] == [[0, 7], [7]]
    assert rows(made[0])[-1] == ("~", 42, "desk", "levelled", 7)


def test_update_with_history_takes_instances_and_expressions(world: SimpleNamespace) -> None:
    made = create_with_history([world.Guest(name=name) for name in "ab"])
    assert update_with_history(made, visits=models.F("visits") + 2) == 2

    assert [guest.visits for guest in made] == [2, 2]
    assert [row[4] for row in rows(made[1])] == [0, 2]
    assert update_with_history([], visits=1) == 0
    assert update_with_history(world.Guest.objects.none(), visits=1) == 0


def test_save_with_history_writes_what_each_row_holds_and_records_what_differs(world: SimpleNamespace) -> None:
    made = create_with_history([world.Guest(name=name, email=f"{name}@example.org") for name in "abc"])
    made[0].visits, made[1].visits, made[2].email = 7, 5, "never@example.org"
    with audit_context(MIA, "counted"):
        save_with_history(made, "visits", "born")

    assert list(world.Guest.objects.order_by("name").values_list("visits", "email", "often")) == [
        (7, "a@example.org", True),
        (5, "b@example.org", True),
        (0, "c@example.org", False),
    ]
    counted = ("~", 42, "desk", "counted")
    assert [rows(guest)[1:] for guest in made] == [[(*counted, 7)], [(*counted, 5)], []]
    save_with_history([], "visits")


def test_delete_with_history_leaves_a_row_each(world: SimpleNamespace) -> None:
    made = create_with_history([world.Guest(name=name) for name in "abc"])
    with audit_context(MIA, "gone"):
        delete_with_history(made[:2])
    assert list(world.Guest.objects.values_list("name", flat=True)) == ["c"]
    told = world.Guest.history.filter(history_type="-").order_by("name")
    assert list(told.values_list("name", "history_user_id", "history_change_reason")) == [
        ("a", 42, "gone"),
        ("b", 42, "gone"),
    ]
    delete_with_history([])


def test_create_with_history_answers_ids_given_and_generated_values_and_refuses_what_is_too_long(
    world: SimpleNamespace,
) -> None:
    one, two = create_with_history([world.Guest(id=77, name="a", visits=4), world.Guest(id=78, name="b")])
    assert [(one.pk, one.often), (two.pk, two.often)] == [(77, True), (78, False)]
    assert not one._state.adding and world.Guest.objects.get(pk=77).visits == 4
    with pytest.raises(DataError), transaction.atomic():
        create_with_history([world.Guest(name="n" * 21)])
    assert world.Guest.objects.count() == 2


def test_history_refuses_changes_but_emptying_personal_values(guest: Any) -> None:
    history = guest.history.all()
    for values in ({"visits": 1}, {"email": "x"}, {"history_user_id": 1}, {"email": "", "name": "x"}):
        with pytest.raises(IntegrityError, match="is append-only"), transaction.atomic():
            history.update(**values)
    with pytest.raises(IntegrityError, match="is append-only"), transaction.atomic():
        history.delete()

    assert history.update(email="", born=None, history_change_reason=None) == 1
    row = guest.history.get()
    assert (row.name, row.email, row.born, row.history_change_reason, row.visits) == (
        "Emma",
        "",
        None,
        None,
        0,
    )


def test_erasing_leaves_nothing_personal_in_row_or_history(world: SimpleNamespace, guest: Any) -> None:
    other = world.Guest.objects.create(name="John", email="john@example.org")
    guest.email, guest._change_reason = "marker@example.org", "marker told us"
    guest.save()
    with audit_context(MIA, "asked to be forgotten"):
        erase_personal(guest)

    guest.refresh_from_db()
    assert (guest.name, guest.email, guest.born) == ("Emma", "", None)
    assert list(guest.history.values_list("email", "born", "history_change_reason")) == [("", None, None)] * 3
    assert other.history.get().email == "john@example.org"


def test_of_history_without_personal_values_only_the_reason_can_be_emptied(world: SimpleNamespace, guest: Any) -> None:
    plain = world.Plain.objects.create(guest=guest)
    with pytest.raises(IntegrityError, match="common_historicalplain is append-only"), transaction.atomic():
        plain.history.update(history_channel="x")
    with pytest.raises(IntegrityError, match="common_historicalplain is append-only"), transaction.atomic():
        plain.history.update(history_change_reason="another")
    plain.history.update(history_change_reason=None)


def test_every_history_table_has_fields_of_its_own(world: SimpleNamespace) -> None:
    for model in (world.Guest.history.model, world.Plain.history.model):
        assert {field.model for field in model._meta.fields} == {model}


def test_history_user_is_a_bare_number(world: SimpleNamespace) -> None:
    field = world.Guest.history.model._meta.get_field("history_user_id")
    assert (type(field), field.null) == (models.BigIntegerField, True)


def test_makemigrations_puts_the_trigger_on_the_history_table(world: SimpleNamespace) -> None:
    state = ProjectState.from_apps(world.apps)
    questioner = MigrationQuestioner(defaults={"ask_initial": True})
    migrations = MigrationAutodetector(ProjectState(), state, questioner).changes(MigrationGraph())["common"]
    written = "".join(MigrationWriter(migration).as_string() for migration in migrations)

    assert (
        "common.constraints.AppendOnly(allow_emptying=('email', 'born', 'history_change_reason'), "
        "name='common_guest_history')" in written
    )
    assert (
        "common.constraints.AppendOnly(allow_emptying=('history_change_reason',), name='common_plain_history')"
        in written
    )
    assert "default=common.history.context.current_channel" in written
    loaded = ProjectState()
    for migration in migrations:
        loaded = migration.mutate_state(loaded)
    again = ProjectState.from_apps(world.apps)
    assert MigrationAutodetector(loaded, again, questioner).changes(MigrationGraph()) == {}


def test_a_manager_that_could_skip_history_is_warned_about(world: SimpleNamespace) -> None:
    assert [message.id for message in world.Loose.check()] == ["common.W001"]
    assert world.Guest.check() == []
    assert issubclass(type(world.Guest.objects.all()), AuditedQuerySet)
