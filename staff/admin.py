"""Members of staff, their rights, and what they looked at."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from common.admin import AT_DESK, AsksPasswordAgain, LoyaltyModelAdmin, PlainTabularInline, ReadOnlyAdmin, RightsMixin
from common.admin.filters import by_choice, by_flag, by_row
from common.history import desk_context
from staff.models import AccessLog, StaffRight, User
from staff.second_factor import MANAGE


class RightInline(PlainTabularInline):
    model = StaffRight
    extra = 0
    fields = ("role", "program")
    show_change_link = True


@admin.register(User)
class UserAdmin(AsksPasswordAgain, RightsMixin, DjangoUserAdmin, ModelAdmin):
    """What a user may do stands in the rights below; groups and permissions of Django count for nothing."""

    view_action = write_action = MANAGE
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "roles", "is_active", "last_login")
    list_filter = (by_flag("is_active"), by_choice("rights__role"), by_row("rights__program"))
    list_filter_submit = True
    search_help_text = _("User name, name or e-mail")
    inlines = (RightInline,)
    filter_horizontal = ()
    # Superusers are made by a command of the server, not by a form.
    readonly_fields = ("is_superuser", "last_login", "date_joined")
    fieldsets = (
        (_("User"), {"fields": (("username", "password"), ("first_name", "last_name"), "email")}),
        (
            _("Logging in"),
            {
                "fields": (("is_active", "is_staff"), "is_superuser", ("last_login", "date_joined")),
                "description": _("Who leaves is made inactive, never deleted: history names them."),
            },
        ),
    )
    add_fieldsets = ((None, {"fields": ("username", ("password1", "password2"))}),)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("rights__program")

    def get_inlines(self, request: HttpRequest, obj: models.Model | None) -> tuple[Any, ...]:
        return self.inlines if obj is not None else ()

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Who may change a superuser's password is one."""
        above = getattr(obj, "is_superuser", False) and not getattr(request.user, "is_superuser", False)
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_confirmation(request, super().user_change_password, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with desk_context(request.user.pk, AT_DESK):
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    @admin.display(description=_("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=_("rights"))
    def roles(self, user: User) -> str:
        if user.is_superuser:
            return str(_("everything"))
        held = (f"{right.get_role_display()} ({right.program or _('every program')})" for right in user.rights.all())
        return ", ".join(sorted(held))


@admin.register(StaffRight)
class StaffRightAdmin(AsksPasswordAgain, LoyaltyModelAdmin):
    """A right is given and taken away; history shows both."""

    view_action = write_action = MANAGE
    program_path = "program"
    list_display = ("user", "role", "program")
    list_display_links = ("user", "role")
    list_filter = (by_choice("role"), by_row("program"))
    list_select_related = ("user", "program")
    search_prefix = ("user__username",)
    search_help_text = _("User name")
    sortable_by = None
    may_delete = True
    help_texts = {"role": _("What each role may do stands in the documentation, and in one place of the code.")}
    fieldsets = ((_("Right"), {"fields": (("user", "role"), "program")}),)


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    view_action = MANAGE
    list_display = ("at", "user", "action", "subject_kind", "subject_id")
    list_filter = (by_row("user"),)
    list_select_related = ("user",)
    ordering = ("-pk",)
    window = 100_000
    served = ("user__id__exact",)
    actions = None
    search_exact = ("user__username",)
    search_help_text = _("User name")
    readonly_fields = ("told",)
    help_texts = {"subject_kind": _("What was looked at, with its id.")}
    fieldsets = ((_("Look"), {"fields": (("at", "user"), "action", ("subject_kind", "subject_id"), "told")}),)

    @admin.display(description=_("facts"))
    def told(self, entry: AccessLog) -> str:
        return json.dumps(entry.facts, ensure_ascii=False)
