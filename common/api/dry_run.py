"""`?dry_run=true`: done, answered and rolled back, without the verb knowing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, models, transaction
from rest_framework.request import Request

from common.errors import FieldError, Malformed

Answer = tuple[int, Any]

_rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)


class RowId(int):
    """An id in an answer that remembers whose it is."""

    model: type[models.Model]


def wants_dry_run(request: Request) -> bool:
    """The query parameter; anything but one true or false is Malformed."""
    given = request.query_params.getlist("dry_run")
    if given in ([], ["false"]):
        return False
    if given == ["true"]:
        return True
    detail = "dry_run is true or false."
    raise Malformed(detail, errors=[FieldError(pointer="?dry_run", code="invalid", detail=detail)])


def is_rehearsal() -> bool:
    return _rehearsing.get()


def row_id(model: type[models.Model], pk: int | None) -> int | None:
    """The id for an answer; null in the end where a dry run did not keep the row.

    Serializers of models do this themselves; answers put together by hand call it.
    """
    if pk is None or not is_rehearsal():
        return pk
    marked = RowId(pk)
    marked.model = model
    return marked


def rehearse(func: Callable[[], Answer]) -> Answer:
    """Status and body of `func`, whose changes are undone; deferred constraints are asked before."""
    with _rehearsal():
        with transaction.atomic():
            status, body = func()
            connection.check_constraints()
            transaction.set_rollback(True)
        body = _without_lost_ids(body)
    return status, {**body, "dry_run": True} if isinstance(body, dict) else body


@contextmanager
def _rehearsal() -> Iterator[None]:
    token = _rehearsing.set(True)
    try:
        yield
    finally:
        _rehearsing.reset(token)


def _without_lost_ids(body: Any) -> Any:
    asked: dict[type[models.Model], set[int]] = {}
    _collect(body, asked)
    kept = {
        model: set(model._base_manager.filter(pk__in=ids).values_list("pk", flat=True)) for model, ids in asked.items()
    }
    return _cleaned(body, kept)


def _collect(value: Any, asked: dict[type[models.Model], set[int]]) -> None:
    if isinstance(value, RowId):
        asked.setdefault(value.model, set()).add(int(value))
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            _collect(one, asked)


def _cleaned(value: Any, kept: dict[type[models.Model], set[int]]) -> Any:
    if isinstance(value, RowId):
        return int(value) if int(value) in kept[value.model] else None
    if isinstance(value, dict):
        return {name: _cleaned(one, kept) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(one, kept) for one in value]
    return value
