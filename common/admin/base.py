"""The ModelAdmin classes every app derives from."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from common.history import desk_context
from common.staff_actor import actor_of_request

from .history import LOOKING_BACK, HistoryPages
from .lists import FastListMixin, Keys
from .looks import NOTHING
from .masks import UNMASK, MasksPersonal
from .rights import FollowsParent, RightsMixin
from .verbs import VerbPages

# What a verb records as its reason where the form asked for none.
AT_DESK = "at the desk"
REASON = "change_reason"
REASON_LENGTH = 200


class ReasonedForm(forms.ModelForm):
    """A form that also asks why, for the history."""

    change_reason = forms.CharField(
        label=_("Why"),
        max_length=REASON_LENGTH,
        required=False,
        help_text=_("Shown in the history. Write no personal data."),
        widget=UnfoldAdminTextInputWidget,
    )


class PlainModelAdmin(MasksPersonal, RightsMixin, FastListMixin, VerbPages, ModelAdmin):
    """Fast lists; rows and values the user may see; fields that rules own are shown only; no deleting but by a verb.

    Every subclass names its `view_action`, `write_action` and `program_path` (RightsMixin).
    """

    # Fields only a verb may write.
    rule_owned: tuple[str, ...] = ()
    may_delete = False
    # What a field means and in which unit, where its name does not say it all.
    help_texts: Mapping[str, Any] = {}
    list_filter_submit = True
    empty_value_display = NOTHING
    show_facets = ShowFacets.NEVER

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return list(dict.fromkeys([*super().get_readonly_fields(request, obj), *self.rule_owned]))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_delete and super().has_delete_permission(request, obj)

    def searched_prefix(self, request: HttpRequest) -> tuple[str, ...]:
        """Who may not unmask finds a person by a whole value only, not letter by letter."""
        if actor_of_request(request).may(UNMASK, None):
            return self.search_prefix
        return tuple(name for name in self.search_prefix if name not in self.personal)

    def searched_keys(self, request: HttpRequest) -> Keys:
        if actor_of_request(request).may(UNMASK, None):
            return self.search_keys
        return {name: make for name, make in self.search_keys.items() if not name.endswith(("startswith", "contains"))}

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(request, obj, change=change, **{"help_texts": self.help_texts, **kwargs})

    def task_buttons(self, request: HttpRequest, row: Any) -> Iterable[dict[str, Any] | None]:
        """Buttons above the form that lead to pages of the desk (see .tasks)."""
        return ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        if obj is not None:
            buttons = [one for one in self.task_buttons(request, obj) if one]
            context["actions_detail"] = [*buttons, *self.verb_buttons(request, obj)]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


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

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_history"] = False
        return super().render_change_form(request, context, *args, **kwargs)


class PlainTabularInline(FollowsParent, TabularInline):
    """Rows below a page, with the page's rights."""


class PlainStackedInline(FollowsParent, StackedInline):
    """The same, one below the other."""


class ReadOnlyInline(ReadOnlyMixin, PlainTabularInline):
    """Rows below another, each with a link to its own page."""

    extra = 0
    can_delete = False
    show_change_link = True
    tab = True
    # Rows named by its columns, read in the same statement.
    related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.related)


class LoyaltyModelAdmin(HistoryPages, PlainModelAdmin):
    """For audited models. What a form changes is recorded as done at the desk by the user, with the reason given.

    History is the only log: Django's own would keep the names of customers past their erasure.
    """

    form: Any = ReasonedForm
    # Whether a change asks why; making a row never does.
    reason_needed = True

    def log_addition(self, *_: Any) -> None:
        """Recorded in history."""

    def log_change(self, *_: Any) -> None:
        """Recorded in history."""

    def log_deletions(self, *_: Any) -> None:
        """Recorded in history."""

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        if self.fieldsets and LOOKING_BACK in request.__dict__:
            return flatten_fieldsets(self.get_fieldsets(request, obj))
        return super().get_readonly_fields(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None or LOOKING_BACK in request.__dict__ or not self.has_change_permission(request, obj):
            return shown
        return [*shown, (_("Reason"), {"fields": (REASON,)})]

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        return [name for name in super().get_fields(request, obj) if name != REASON]

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        if REASON in made.base_fields:
            made.base_fields[REASON].required = self.reason_needed and change
        return made

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk, request.POST.get(REASON, "").strip()[:REASON_LENGTH]):
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().changelist_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk):
            return super().delete_view(request, *args, **kwargs)
