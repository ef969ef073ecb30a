"""The ModelAdmin classes every app derives from."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin

from common.history import desk_context

from .lists import EstimatedCountPaginator, search


class PlainModelAdmin(ModelAdmin):
    """Fast lists; fields that rules own are shown only; nothing is deleted but by a verb."""

    show_full_result_count = False
    paginator = EstimatedCountPaginator
    list_per_page = 50
    # Fields only a verb may write.
    rule_owned: tuple[str, ...] = ()
    # Searched as they stand, by index.
    search_exact: tuple[str, ...] = ()
    search_prefix: tuple[str, ...] = ()
    may_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return list(dict.fromkeys([*super().get_readonly_fields(request, obj), *self.rule_owned]))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_delete and super().has_delete_permission(request, obj)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [*super().get_search_fields(request), *self.search_exact, *self.search_prefix]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if not (self.search_exact or self.search_prefix):
            return super().get_search_results(request, queryset, search_term)
        return search(queryset, search_term, exact=self.search_exact, prefix=self.search_prefix), False


class ReadOnlyMixin:
    """May be looked at, and nothing else."""

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnlyMixin, PlainModelAdmin):
    """For the ledger and other tables without history."""


class LoyaltyModelAdmin(SimpleHistoryAdmin, PlainModelAdmin):
    """For audited models. What a form changes is recorded as done at the desk by the user."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().changelist_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().delete_view(request, *args, **kwargs)

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an old version. A POST would write it back past every rule."""
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            raise PermissionDenied
        return super().history_form_view(request, *args, **kwargs)

    def revert_disabled(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return True
