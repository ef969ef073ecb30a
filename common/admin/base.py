"""The ModelAdmin classes every app derives from."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from common.history import desk_context
from common.staff_actor import actor_of_request

from .lists import EstimatedCountPaginator, search
from .masks import UNMASK, MaskingHelper, MasksPersonal
from .rights import FollowsParent, RightsMixin


class PlainModelAdmin(MasksPersonal, RightsMixin, ModelAdmin):
    """Fast lists; rows and values the user may see; fields that rules own are shown only; no deleting but by a verb.

    Every subclass names its `view_action`, `write_action` and `program_path` (RightsMixin).
    """

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
        return search(queryset, search_term, exact=self.search_exact, prefix=self.searched_prefix(request)), False

    def searched_prefix(self, request: HttpRequest) -> tuple[str, ...]:
        """Who may not unmask finds a person by a whole value only, not letter by letter."""
        if actor_of_request(request).may(UNMASK, None):
            return self.search_prefix
        return tuple(name for name in self.search_prefix if name not in self.personal)


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


class PlainTabularInline(FollowsParent, TabularInline):
    """Rows below a page, with the page's rights."""


class PlainStackedInline(FollowsParent, StackedInline):
    """The same, one below the other."""


class LoyaltyModelAdmin(SimpleHistoryAdmin, PlainModelAdmin):
    """For audited models. What a form changes is recorded as done at the desk by the user.

    History is the only log: Django's own would keep the names of customers past their erasure.
    """

    def log_addition(self, *_: Any) -> None:
        """Recorded in history."""

    def log_change(self, *_: Any) -> None:
        """Recorded in history."""

    def log_deletions(self, *_: Any) -> None:
        """Recorded in history."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().changelist_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().delete_view(request, *args, **kwargs)

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
        return super().history_form_view(request, object_id, version_id, *args, **kwargs)

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> Any:
        if not self.personal or self.sees_personal(request, historical_record.instance):
            return super().get_historical_record_context_helper(request, historical_record)
        return MaskingHelper(self.model, historical_record, {name: self.mask_of(name) for name in self.personal})

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

    def revert_disabled(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return True
