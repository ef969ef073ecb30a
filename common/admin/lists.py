"""Lists that stay fast at ten million rows."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connections, models
from django.utils.functional import cached_property

# Below this an exact count is quick, and a stale estimate would show.
EXACT_UP_TO = 10_000


class EstimatedCountPaginator(Paginator):
    """Takes the planner's row estimate for a whole table; counts where the list is filtered or small."""

    @cached_property
    def count(self) -> int:
        estimate = self._estimate()
        if estimate > EXACT_UP_TO:
            return estimate
        return super().count

    def _estimate(self) -> int:
        queryset = self.object_list
        if not isinstance(queryset, models.QuerySet) or queryset.query.where or queryset.query.is_sliced:
            return 0
        with connections[queryset.db].cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
                [f'"{queryset.model._meta.db_table}"'],
            )
            row = cursor.fetchone()
        return int(row[0]) if row else 0


def search(
    queryset: models.QuerySet[Any], term: str, *, exact: Iterable[str] = (), prefix: Iterable[str] = ()
) -> models.QuerySet[Any]:
    """Rows where one of the `exact` fields is the term or one of the `prefix` fields begins with it.

    Case counts, so that ordinary indexes serve; a field whose type can't hold the term is passed over.
    """
    term = term.strip()
    if not term:
        return queryset
    found = models.Q(pk__in=())
    for name in exact:
        if _can_hold(queryset.model, name, term):
            found |= models.Q((name, term))
    for name in prefix:
        found |= models.Q((f"{name}__startswith", term))
    return queryset.filter(found)


def _can_hold(model: type[models.Model], path: str, term: str) -> bool:
    field: Any = None
    for name in path.split("__"):
        field = model._meta.get_field(name)
        model = field.related_model or model
    try:
        field.clean(term, None)
    except ValidationError:
        return False
    return True
