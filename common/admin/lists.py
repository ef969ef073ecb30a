"""Lists that stay fast at ten million rows: nothing is counted, sorted or searched but by an index."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connections, models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from .looks import figure

# Counted exactly up to here, and no page lies behind it: skipping rows costs as much as showing them.
REACH = 10_000
# What one way of searching finds at most.
MOST_FOUND = 300
Keys = Mapping[str, Callable[[str], Any]]


class EstimatedCountPaginator(Paginator):
    """Takes the planner's row estimate for a whole table; counts up to REACH where the list is filtered or small."""

    template_name = "back_office/pages.html"

    @cached_property
    def count(self) -> int:
        estimate = self._estimate()
        if estimate > REACH:
            return estimate
        if isinstance(self.object_list, models.QuerySet):
            return self.object_list.order_by()[: REACH + 1].count()
        return super().count

    @cached_property
    def num_pages(self) -> int:
        return max(1, -(-min(self.count, REACH) // self.per_page))

    @property
    def is_cut(self) -> bool:
        """Whether there is more than the pages show."""
        return self.count > REACH

    @cached_property
    def is_estimated(self) -> bool:
        return self._estimate() > REACH

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


class LoyaltyChangeList(ChangeList):
    """Sorts by nothing an index does not serve, and filters within the newest rows where no index serves."""

    # How many of the newest rows were looked through; 0: all.
    looked_through = 0
    preserved_filters: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The template would look each row's address up among all addresses of the site to add these.
        self.way_back, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: models.Model) -> str:
        """Of the row's page, which leads back to this list as it is searched and filtered."""
        url: str = super().url_for_result(result)
        return f"{url}?{self.way_back}" if self.way_back else url

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> models.QuerySet[Any]:
        queryset = super().get_queryset(request, *args, **kwargs)
        window: int = self.model_admin.window
        served = self.query or any(name in self.params for name in self.model_admin.served)
        if self.model_admin.search_first and not served:
            return queryset.none()
        if not window or served or not queryset.query.where:
            return queryset
        newest = self.model._base_manager.order_by("-pk").values_list("pk", flat=True).first()
        self.looked_through = window if newest is not None and newest > window else 0
        return queryset.filter(pk__gt=newest - window) if self.looked_through else queryset

    def get_ordering_field(self, field_name: Any) -> Any:
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.paginator.is_cut or not (self.query or self.has_active_filters):
            # Else the head of the page offers to show all, and a count nobody made.
            self.full_result_count = self.result_count
        self.result_list = self._rows_of_page(request)

    def _rows_of_page(self, request: HttpRequest) -> list[models.Model]:
        """The keys of the page first, then their rows with all they name: in one statement a planner without
        statistics of some small table may join everything before it cuts the page."""
        sliced: Any = self.result_list
        page = sliced.select_related(None).prefetch_related(None)
        keys = list(page.values_list("pk", flat=True))
        rows = self.apply_select_related(self.model_admin.get_queryset(request).filter(pk__any_of=keys))
        known = {row.pk: row for row in rows}
        return [known[key] for key in keys if key in known]

    @property
    def told(self) -> Iterator[str]:
        """How much there is, and what of it the pages do not show, for the line below the list."""
        many = self.opts.verbose_name_plural
        if self.paginator.is_estimated:
            yield _("about %(count)s %(name)s") % {"count": figure(self.result_count), "name": many}
        elif self.paginator.is_cut:
            yield _("more than %(count)s %(name)s") % {"count": figure(REACH), "name": many}
        else:
            name = self.opts.verbose_name if self.result_count == 1 else many
            yield f"{figure(self.result_count)} {name}"
        if self.paginator.is_cut:
            yield _("The pages hold the first %(count)s: search or filter for the others.") % {"count": figure(REACH)}
        if self.looked_through:
            told = _("Filtered among the newest %(count)s: older ones are found by search, or from their membership.")
            yield told % {"count": figure(self.looked_through)}


class FastListMixin:
    """What every list of the back office has in common."""

    show_full_result_count = False
    paginator = EstimatedCountPaginator
    list_per_page = 50
    list_max_show_all = 0
    # Columns one may sort by: none, unless a table is small or an index serves.
    sortable_by: Any = ()
    # Searched as they stand, by index.
    search_exact: tuple[str, ...] = ()
    search_prefix: tuple[str, ...] = ()
    # Searched by what a function makes of the term; None: not this way.
    search_keys: Keys = {}
    # Where no index serves a filter, only so many of the newest rows are looked through; 0: all.
    window = 0
    # Nothing is listed before something is looked for.
    search_first = False
    # Lookups of the address bar that an index serves.
    served: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LoyaltyChangeList]:
        return LoyaltyChangeList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        allowed: bool = super().lookup_allowed(lookup, value, request)  # type: ignore[misc]
        return lookup in self.served or allowed

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        own: list[str] = list(super().get_search_fields(request))  # type: ignore[misc]
        return [*own, *self.search_exact, *self.search_prefix, *self.search_keys]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        prefix, keys = self.searched_prefix(request), self.searched_keys(request)
        return search(queryset, search_term, exact=self.search_exact, prefix=prefix, keys=keys), False

    def searched_prefix(self, request: HttpRequest) -> tuple[str, ...]:
        return self.search_prefix

    def searched_keys(self, request: HttpRequest) -> Keys:
        return self.search_keys


def search(
    queryset: models.QuerySet[Any],
    term: str,
    *,
    exact: Iterable[str] = (),
    prefix: Iterable[str] = (),
    keys: Keys | None = None,
) -> models.QuerySet[Any]:
    """Rows where one of the `exact` fields is the term, one of the `prefix` fields begins with it (as typed or in
    capitals), or one of the lookups in `keys` holds what its function makes of the term.

    Each way is a statement of its own: joined by OR, those of other tables would read whole tables.
    """
    term = term.strip()
    if not term:
        return queryset
    ways = [*_ways(queryset.model, term, exact, prefix), *_ways_by_key(term, keys or {})]
    found: set[Any] = set()
    for way in ways:
        found.update(queryset.order_by().filter(way).values_list("pk", flat=True)[:MOST_FOUND])
    return queryset.filter(pk__any_of=found)


def _ways(model: type[models.Model], term: str, exact: Iterable[str], prefix: Iterable[str]) -> Iterator[models.Q]:
    for name in exact:
        if _can_hold(model, name, term):
            yield models.Q((name, term))
    for name in prefix:
        for typed in dict.fromkeys((term, term.upper())):
            yield models.Q((f"{name}__startswith", typed))


def _ways_by_key(term: str, keys: Keys) -> Iterator[models.Q]:
    for lookup, make in keys.items():
        key = make(term)
        if key is not None:
            yield models.Q((lookup, key))


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
