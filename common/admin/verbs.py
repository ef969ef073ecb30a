"""A page that asks for the reason, then calls a verb: what it does first, what it refused beside the form."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from common.actor import Actor
from common.errors import LoyaltyError
from common.obstacles import Obstacle
from common.staff_actor import actor_of_request

from .looks import page_of


class ReasonForm(forms.Form):
    """What every verb of the back office asks for."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Shown in the history. Write no personal data."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class VerbPage:
    """One verb of one kind of row.

    `run(row, actor, form)` calls it, and answers what to tell if that is more than "done"; `about` says what will
    happen, `obstacles(row)` what hinders it now, `offered(row)` whether the row's page has a button for it.
    """

    def __init__(
        self,
        title: Any,
        about: Any,
        run: Callable[[Any, Actor, Any], Any],
        *,
        form_class: type[forms.Form] = ReasonForm,
        obstacles: Callable[[Any], Iterable[Obstacle]] = lambda row: (),
        offered: Callable[[Any], bool] = lambda row: True,
        icon: str = "",
        danger: bool = False,
    ) -> None:
        self.title, self.about, self.run, self.form_class = title, about, run, form_class
        self.obstacles, self.offered, self.icon, self.danger = obstacles, offered, icon, danger

    def answer(self, model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = model_admin.get_object(request, object_id)
        if row is None:
            raise Http404
        if not model_admin.has_change_permission(request, row):
            raise PermissionDenied
        form = self.form_class(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                result = self.run(row, actor_of_request(request), form)
            except LoyaltyError as error:
                form.add_error(None, error.message)
            else:
                told = result if isinstance(result, str) else _("%(row)s: done.") % {"row": row}
                model_admin.message_user(request, told, messages.SUCCESS)
                return HttpResponseRedirect(page_of(row) or "..")
        return self._page(model_admin, request, row, form)

    def button(self, path: str) -> dict[str, Any]:
        """As unfold draws the buttons above a form."""
        variant = ActionVariant.DANGER if self.danger else ActionVariant.DEFAULT
        return {
            "title": self.title,
            "icon": self.icon,
            "variant": variant,
            "attrs": {},
            "dialog": None,
            "path": path,
        }

    def _page(self, model_admin: Any, request: HttpRequest, row: models.Model, form: forms.Form) -> HttpResponse:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.title,
            "subtitle": str(row),
            "opts": model_admin.opts,
            "original": row,
            "verb": self,
            "form": form,
            "obstacles": list(self.obstacles(row)),
            "back": page_of(row),
        }
        return TemplateResponse(request, "back_office/verb.html", context, status=422 if form.errors else 200)


class VerbPages:
    """For a ModelAdmin: the verbs of its rows, each a page below the row's own."""

    verbs: Mapping[str, VerbPage] = {}

    def get_urls(self) -> list[Any]:
        urls: list[Any] = super().get_urls()  # type: ignore[misc]
        if not self.verbs:
            return urls
        view = self.admin_site.admin_view(self.verb_view)  # type: ignore[attr-defined]
        return [path("<path:object_id>/do/<slug:verb>/", view, name=self._name_of_verbs()), *urls]

    def verb_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        if verb not in self.verbs:
            raise Http404
        return self.verbs[verb].answer(self, request, object_id)

    def verb_buttons(self, request: HttpRequest, row: models.Model) -> Iterator[dict[str, Any]]:
        if self.has_change_permission(request, row):  # type: ignore[attr-defined]
            for name, page in self.verbs.items():
                if page.offered(row):
                    yield page.button(reverse(f"admin:{self._name_of_verbs()}", args=[row.pk, name]))

    def _name_of_verbs(self) -> str:
        meta = self.model._meta  # type: ignore[attr-defined]
        return f"{meta.app_label}_{meta.model_name}_do"
