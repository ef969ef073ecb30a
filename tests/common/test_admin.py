"""The admin base: no way back through history, no slow count, no rule-owned field."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext, isolate_apps
from simple_history.admin import SimpleHistoryAdmin

from common.admin import EstimatedCountPaginator, LoyaltyModelAdmin, ReadOnlyAdmin, search
from common.history import AuditedModel
from staff.models import User

from .schema import tables

pytestmark = pytest.mark.django_db


@cache
def declare() -> type[models.Model]:
    class Shelf(AuditedModel):
        number = models.IntegerField(default=0)
        name = models.CharField(max_length=20)
        status = models.CharField(max_length=20, default="new")

        class Meta:
            app_label = "common"

    return Shelf


@pytest.fixture
def shelf_model() -> Iterator[Any]:
    with isolate_apps("common"):
        model = declare()
        with tables(model):
            yield model


def request_by_root(method: str, data: dict[str, Any] | None = None) -> Any:
    request = RequestFactory().generic(method, "/") if data is None else RequestFactory().post("/", data)
    request.user = User(pk=42, username="root", is_staff=True, is_superuser=True)
    return request


class ShelfAdmin(LoyaltyModelAdmin):
    view_action = write_action = "staff:manage"
    rule_owned = ("status",)
    readonly_fields = ("number",)
    search_exact = ("number",)
    search_prefix = ("name",)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_old_version_can_not_be_written_back(shelf_model: Any, method: str) -> None:
    shelf = shelf_model.objects.create(name="old")
    shelf.name = "new"
    shelf.save()
    version = shelf.history.earliest("history_id").history_id
    posted = {"name": "old", "number": "0", "status": "new"} if method == "POST" else None

    with pytest.raises(PermissionDenied):
        ShelfAdmin(shelf_model, AdminSite()).history_form_view(
            request_by_root(method, posted), str(shelf.pk), str(version)
        )
    shelf.refresh_from_db()
    assert shelf.name == "new"
    assert shelf.history.count() == 2


def test_without_the_base_class_the_old_version_would_be_back(
    shelf_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimpleHistoryAdmin, "log_change", lambda *_: None)
    monkeypatch.setattr(SimpleHistoryAdmin, "response_change", lambda *_: None)
    shelf = shelf_model.objects.create(name="old")
    shelf.name = "new"
    shelf.save()
    version = shelf.history.earliest("history_id").history_id

    stock = SimpleHistoryAdmin(shelf_model, AdminSite())
    stock.history_form_view(
        request_by_root("POST", {"name": "old", "number": "0", "status": "new"}), str(shelf.pk), str(version)
    )
    shelf.refresh_from_db()
    assert shelf.name == "old"


def test_what_rules_own_is_read_only_and_nothing_is_deleted(shelf_model: Any) -> None:
    admin = ShelfAdmin(shelf_model, AdminSite())
    request = request_by_root("GET")

    assert admin.get_readonly_fields(request) == ["number", "status"]
    assert set(admin.get_form(request).base_fields) == {"name", "change_reason"}
    assert admin.has_delete_permission(request) is False
    assert admin.has_change_permission(request) is True
    assert "delete_selected" not in admin.get_actions(request)


def test_deleting_can_be_allowed_where_a_model_wants_it(shelf_model: Any) -> None:
    class Deletable(ShelfAdmin):
        may_delete = True

    assert Deletable(shelf_model, AdminSite()).has_delete_permission(request_by_root("GET")) is True


def test_read_only_means_look_only(shelf_model: Any) -> None:
    class Look(ReadOnlyAdmin):
        view_action = write_action = "staff:manage"

    admin = Look(shelf_model, AdminSite())
    request = request_by_root("GET")

    assert admin.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}


@pytest.mark.parametrize(
    ("term", "found"),
    [("7", ["7up"]), ("12", ["twelve"]), ("tw", ["twelve"]), ("wel", []), ("TW", []), (" tw ", ["twelve"])],
)
def test_search_is_exact_or_by_prefix(shelf_model: Any, term: str, found: list[str]) -> None:
    shelf_model.objects.create(name="7up", number=1)
    shelf_model.objects.create(name="twelve", number=12)
    admin = ShelfAdmin(shelf_model, AdminSite())
    rows, duplicates = admin.get_search_results(request_by_root("GET"), shelf_model.objects.all(), term)

    assert ([row.name for row in rows], duplicates) == (found, False)
    assert admin.get_search_fields(request_by_root("GET")) == ["number", "name"]


def test_an_empty_search_shows_everything(shelf_model: Any) -> None:
    shelf_model.objects.create(name="a")
    assert search(shelf_model.objects.all(), " ", exact=["number"]).count() == 1


def test_a_number_too_large_for_its_column_finds_nothing(shelf_model: Any) -> None:
    shelf_model.objects.create(name="a")
    assert list(search(shelf_model.objects.all(), "9" * 30, exact=["number"])) == []


def claim_rows(model: type[models.Model], rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = %s WHERE relname = %s", [rows, model._meta.db_table])


def test_a_large_table_is_estimated_and_not_counted(shelf_model: Any) -> None:
    claim_rows(shelf_model, 10_000_000)
    with CaptureQueriesContext(connection) as queries:
        assert EstimatedCountPaginator(shelf_model.objects.order_by("pk"), 50).count == 10_000_000
    assert not [query for query in queries if "COUNT(" in query["sql"]]


@pytest.mark.parametrize("claimed", [-1, 0, 10_000])
def test_a_small_table_is_counted(shelf_model: Any, claimed: int) -> None:
    shelf_model.objects.create(name="a")
    claim_rows(shelf_model, claimed)
    assert EstimatedCountPaginator(shelf_model.objects.order_by("pk"), 50).count == 1


def test_a_filtered_list_is_counted(shelf_model: Any) -> None:
    shelf_model.objects.create(name="a")
    shelf_model.objects.create(name="b")
    claim_rows(shelf_model, 10_000_000)
    assert EstimatedCountPaginator(shelf_model.objects.filter(name="a").order_by("pk"), 50).count == 1
