"""Members of staff, their rights, and what they looked at."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, RightsMixin
from staff.models import AccessLog, StaffRight, User


@admin.register(User)
class UserAdmin(RightsMixin, DjangoUserAdmin, ModelAdmin):
    view_action = write_action = "staff:manage"
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(StaffRight)
class StaffRightAdmin(LoyaltyModelAdmin):
    view_action = write_action = "staff:manage"
    program_path = "program"
    list_display = ("user", "role", "program")
    list_filter = ("role", "program")
    list_select_related = ("user", "program")
    search_prefix = ("user__username",)
    may_delete = True


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    view_action = "staff:manage"
    list_display = ("at", "user", "action", "subject_kind", "subject_id")
    list_filter = ("action", "user")
    list_select_related = ("user",)
    search_exact = ("subject_id",)
