"""The real models: none can change without history, no history can change at all."""

import pytest
from django.apps import apps
from django.db import connection

from common.constraints import AppendOnly
from common.history import AuditedModel

AUDITED = [model for model in apps.get_models() if issubclass(model, AuditedModel)]


def test_there_are_audited_models_of_every_app_that_has_state() -> None:
    assert {model._meta.app_label for model in AUDITED} >= {"programs", "staff", "customers", "memberships", "cards"}


@pytest.mark.parametrize("model", AUDITED, ids=lambda model: model._meta.label)
def test_no_manager_skips_history(model: type[AuditedModel]) -> None:
    assert [message for message in model.check() if message.id == "common.W001"] == []


@pytest.mark.parametrize("model", AUDITED, ids=lambda model: model._meta.label)
def test_history_points_to_no_user_and_lists_what_may_be_emptied(model: type[AuditedModel]) -> None:
    history = model.history.model
    (constraint,) = history._meta.constraints

    assert isinstance(constraint, AppendOnly)
    assert set(constraint.allow_emptying) == {*model.PERSONAL, "history_change_reason"}
    assert {field.name for field in history._meta.fields} >= {*model.PERSONAL, "history_channel", "history_user_id"}


@pytest.mark.django_db
def test_every_history_table_refuses_changes_in_this_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE tgenabled = 'A' AND prosrc LIKE '%is append-only%'"
        )
        guarded = {name for (name,) in cursor.fetchall()}
    assert {model.history.model._meta.db_table for model in AUDITED} <= guarded
