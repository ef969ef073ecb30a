"""Members of staff, their rights, and what they looked at."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from common.admin import AsksPasswordAgain, LoyaltyModelAdmin, ReadOnlyAdmin, RightsMixin
from staff.models import AccessLog, StaffRight, User
from staff.second_factor import MANAGE


@admin.register(User)
class UserAdmin(AsksPasswordAgain, RightsMixin, DjangoUserAdmin, ModelAdmin):
    """What a member of staff may do stands in their rights; a user who left is made inactive, never deleted."""

    view_action = write_action = MANAGE
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    # Superusers are made by a command of the server, not by a form.
    readonly_fields = ("is_superuser", "last_login", "date_joined")
    filter_horizontal = ()

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Who may change a superuser's password is one."""
        above = getattr(obj, "is_superuser", False) and not getattr(request.user, "is_superuser", False)
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_confirmation(request, super().user_change_password, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)


@admin.register(StaffRight)
class StaffRightAdmin(AsksPasswordAgain, LoyaltyModelAdmin):
    """A right is given and taken away; history shows both."""

    view_action = write_action = MANAGE
    program_path = "program"
    list_display = ("user", "role", "program")
    list_filter = ("role", "program")
    list_select_related = ("user", "program")
    search_prefix = ("user__username",)
    may_delete = True


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    view_action = MANAGE
    list_display = ("at", "user", "action", "subject_kind", "subject_id")
    list_filter = ("action", "user")
    list_select_related = ("user",)
    search_exact = ("subject_id",)
