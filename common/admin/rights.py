"""Who sees and changes what in the back office: one place, answered by the rights of staff through the actor."""

from functools import cache
from typing import Any, ClassVar

from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest

from common.actor import Programs
from common.staff_actor import actor_of_request

Model = type[models.Model]


class RightsMixin:
    """For a ModelAdmin: permissions, rows and choices follow three names.

    `view_action` and `write_action` are actions of staff.rights; without a `write_action` no form changes
    anything, without a `view_action` nobody sees anything. `program_path` leads from a row to its program
    ("program", "membership__program", "pk" for programs themselves); None: rows belong to no program.
    """

    model: Any
    admin_site: Any
    view_action: ClassVar[str] = ""
    write_action: ClassVar[str | None] = None
    program_path: ClassVar[str | None] = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.view_action)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, self.view_action, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new program is made by who may write in all of them."""
        if self.program_path == "pk" and actor_of_request(request).programs_for(self.write_action or "") is not None:
            return False
        return self.may(request, self.write_action)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, self.write_action, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, self.write_action, obj)

    def may(self, request: HttpRequest, action: str | None, obj: models.Model | None = None) -> bool:
        """In the program of the row, or without one in any; a row of no program is everybody's to see."""
        if not action:
            return False
        actor = actor_of_request(request)
        if obj is None or self.program_path is None:
            return actor.may(action, None)
        program_id = id_at(obj, self.program_path)
        if program_id is None and action == self.write_action:
            return actor.programs_for(action) is None
        return actor.may(action, program_id)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return within(rows, self.program_path, actor_of_request(request).programs_for(self.view_action))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """What is out of sight does not exist."""
        if not (self.has_view_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        found = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        if found is None:
            raise Http404
        return found

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """Choices of a foreign key end where the right to write ends."""
        rows = super().get_field_queryset(db, db_field, request)  # type: ignore[misc]
        related: Model = db_field.remote_field.model
        path = path_of(related, self.admin_site)
        if path is None:
            return rows
        rows = related._default_manager.using(db).all() if rows is None else rows
        return within(rows, path, actor_of_request(request).programs_for(self.write_action or self.view_action))

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [self._in_sight(one) for one in super().get_list_filter(request)]  # type: ignore[misc]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """An action that names no permission changes rows."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        writes = self.has_change_permission(request)
        return {
            name: action
            for name, action in actions.items()
            if writes or getattr(action[0], "allowed_permissions", None)
        }

    def _in_sight(self, declared: Any) -> Any:
        name, kind = declared if isinstance(declared, (list, tuple)) else (declared, RelatedFieldListFilter)
        if isinstance(name, str) and _offers_rows(kind) and _leads_to_rows(self.model, name):
            return (name, filter_in_sight(kind))
        return declared


class FollowsParent:
    """For an inline: may what its page may; choices end where the page's right to write ends."""

    parent_model: Model
    admin_site: Any

    @property
    def parent(self) -> Any:
        return self.admin_site.get_model_admin(self.parent_model)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.parent.has_view_permission(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.parent.has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        return self.parent.get_field_queryset(db, db_field, request)


def id_at(row: models.Model, path: str) -> int | None:
    """The id the path leads to, without loading the last row; None where the way ends before."""
    *before, last = path.split("__")
    found: Any = row
    try:
        for name in before:
            found = getattr(found, name)
    except ObjectDoesNotExist:
        return None
    return None if found is None else getattr(found, "pk" if last == "pk" else f"{last}_id")


def within(rows: models.QuerySet[Any], path: str | None, programs: Programs) -> models.QuerySet[Any]:
    """Rows of those programs, and rows that may belong to none."""
    if path is None or programs is None:
        return rows
    condition = models.Q((f"{path}__in", programs))
    if _may_be_empty(rows.model, path):
        condition |= models.Q((f"{path}__isnull", True))
    return rows.filter(condition)


def path_of(model: Model, site: Any) -> str | None:
    """How a row of that model reaches its program: as its own admin says, else by its field `program`."""
    try:
        return getattr(site.get_model_admin(model), "program_path", None)
    except NotRegistered:
        return "program" if any(field.name == "program" for field in model._meta.fields) else None


@cache
def filter_in_sight(kind: Any) -> type[RelatedFieldListFilter]:
    """The same filter, offering only rows of programs the user sees."""

    class InSight(kind):
        def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
            path = path_of(field.related_model, model_admin.admin_site)
            programs = actor_of_request(request).programs_for(model_admin.view_action)
            if path is None or programs is None:
                return super().field_choices(field, request, model_admin)
            ordering = self.field_admin_ordering(field, request, model_admin)
            limit = {f"{path}__in": programs}
            return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to=limit)

    InSight.__name__ = f"{kind.__name__}InSight"
    return InSight


def _offers_rows(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, RelatedFieldListFilter)


def _leads_to_rows(model: Model, name: str) -> bool:
    field = _field_at(model, name)
    return field is not None and bool(field.is_relation)


def _may_be_empty(model: Model, path: str) -> bool:
    field = _field_at(model, path)
    return field is not None and bool(field.null)


def _field_at(model: Any, path: str) -> Any:
    field: Any = None
    for name in path.split("__"):
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        model = field.related_model or model
    return field
