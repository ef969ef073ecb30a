"""History pages: old and new value, who, when, through which channel and why; and no way to write one back."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.admin import SimpleHistoryAdmin

from .looks import written

# Set on the request while an old version is shown: every field of its form is read only.
LOOKING_BACK = "_looking_back"
Names = Mapping[tuple[type[models.Model], Any], str]


class Change(NamedTuple):
    field: str
    old: str
    new: str


class HistoryPages(SimpleHistoryAdmin):
    """Mixed into the admin of every audited model."""

    object_history_list_template = "back_office/history.html"
    history_list_per_page = 50
    # Columns that say nothing to a reader.
    history_silent: tuple[str, ...] = ("version",)

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        self._check_in_sight(request, object_id)
        return super().history_view(request, object_id, *args, **kwargs)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show an old version. A POST would write it back past every rule."""
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            raise PermissionDenied
        self._check_in_sight(request, object_id)
        if not version_id.isdecimal():
            raise Http404
        request.__dict__[LOOKING_BACK] = True
        return super().history_form_view(request, object_id, version_id, *args, **kwargs)

    def revert_disabled(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return True

    def history_view_title(self, request: HttpRequest, obj: models.Model) -> str:
        return _("History of %(row)s") % {"row": obj}

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> models.QuerySet[Any]:
        return history_manager.filter(**{pk_name: object_id}).order_by("-history_date", "-history_id")

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, foreign_keys_are_objs: bool = True
    ) -> None:
        """Give every row of the page what its template shows."""
        rows: list[Any] = list(historical_records)
        historical_records.object_list = rows
        pairs = list(zip(rows, [*rows[1:], self._before(rows)], strict=False)) if rows else []
        names = _names(rows, [one for one in [pairs[-1][1]] if one] if pairs else [])
        users = get_user_model()._default_manager.in_bulk({row.history_user_id for row in rows} - {None})
        for row, before in pairs:
            user = users.get(row.history_user_id)
            row.who = user.get_username() if user else row.history_user_id and f"#{row.history_user_id}"
            row.changes = self._changes(request, row, before, names)

    def _before(self, rows: list[Any]) -> Any:
        """The version before the oldest one of the page."""
        pk = self.model._meta.pk.attname
        older = type(rows[-1]).objects.filter(**{pk: getattr(rows[-1], pk)}, history_date__lte=rows[-1].history_date)
        return older.exclude(pk__in=[row.pk for row in rows]).order_by("-history_date", "-history_id").first()

    def _changes(self, request: HttpRequest, row: Any, before: Any, names: Names) -> list[Change]:
        if before is None or row.history_type != "~":
            return []
        masked = () if self.sees_personal(request, row.instance) else self.personal
        return [
            Change(capfirst(str(field.verbose_name)), *(self._told(one, field, names, masked) for one in (before, row)))
            for field in type(row).tracked_fields
            if field.name not in self.history_silent and getattr(row, field.attname) != getattr(before, field.attname)
        ]

    def _told(self, row: Any, field: Any, names: Names, masked: Container[str]) -> str:
        if field.name in masked:
            return written(self.mask_of(field.name)(getattr(row, field.attname)))
        return _shown(row, field, names)

    def _check_in_sight(self, request: HttpRequest, object_id: str) -> None:
        """A deleted row has a history too; that of another program does not exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = self.model._meta.pk
        try:
            pk = key.to_python(unquote(object_id))
        except ValidationError:
            raise Http404 from None
        latest = self.model.history.filter(**{key.attname: pk}).order_by("-history_id").first()
        if latest is None or not self.has_view_permission(request, latest.instance):
            raise Http404


def _shown(row: Any, field: Any, names: Names) -> str:
    value = getattr(row, field.attname)
    if field.remote_field and value is not None:
        return names.get((field.related_model, value), f"#{value}")
    if field.choices:
        return str(dict(field.flatchoices).get(value, written(value)))
    return written(value)


def _names(rows: Iterable[Any], more: Iterable[Any]) -> Names:
    """What the rows refer to, read by one statement per table."""
    wanted: dict[type[models.Model], set[Any]] = {}
    for row in (*rows, *more):
        for field in type(row).tracked_fields:
            if field.remote_field and getattr(row, field.attname) is not None:
                wanted.setdefault(field.related_model, set()).add(getattr(row, field.attname))
    names: dict[tuple[type[models.Model], Any], str] = {}
    for model, keys in wanted.items():
        names |= {(model, key): str(found) for key, found in model._base_manager.in_bulk(keys).items()}
    return names
