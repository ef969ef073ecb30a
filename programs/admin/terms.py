"""Versions of terms: written here, released by their verb, then fixed."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.actor import Actor
from common.admin import AT_DESK, LoyaltyModelAdmin, VerbPage
from common.admin.filters import by_row
from common.staff_actor import actor_of_request
from programs import life
from programs.models import ProgramTerms


def release(terms: ProgramTerms, actor: Actor, form: Any) -> None:
    life.release_terms(terms, actor=actor, reason=form.cleaned_data["reason"])


@admin.register(ProgramTerms)
class ProgramTermsAdmin(LoyaltyModelAdmin):
    """Released terms never change: members accepted their words."""

    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("title", "program", "version", "must_accept", "state", "released_at")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    sortable_by = None
    rule_owned = ("version", "released_at")
    fieldsets = ((_("Terms"), {"fields": (("program", "version"), "title", "text", ("must_accept", "released_at"))}),)
    help_texts = {
        "version": _("Given in order; the released version with the highest number is in force."),
        "must_accept": _("Enrolling is refused without accepting them."),
        "released_at": _("In force from then on; UTC. Released terms are never changed: write a new version."),
    }
    verbs = {
        "release": VerbPage(
            _("Release"),
            _("New members accept this version from now on, and its words are fixed. Others stay bound to theirs."),
            release,
            offered=lambda terms: terms.released_at is None,
            icon="play_arrow",
        )
    }

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return getattr(obj, "released_at", None) is None and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["program"] if obj is not None else [])]

    @display(description=_("state"), label={"draft": "info", "released": "success"})
    def state(self, terms: ProgramTerms) -> tuple[str, Any]:
        return ("released", _("released")) if terms.released_at else ("draft", _("draft"))

    def save_model(self, request: HttpRequest, obj: ProgramTerms, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = life.write_terms(
            obj.program,
            actor=actor_of_request(request),
            title=obj.title,
            text=obj.text,
            must_accept=obj.must_accept,
            reason=AT_DESK,
        )
        obj.pk, obj.version = made.pk, made.version
