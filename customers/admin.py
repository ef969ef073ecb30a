"""Customers in the back office: every change goes through its verb, every refusal becomes a message."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from common.admin import LoyaltyModelAdmin
from common.errors import LoyaltyError
from common.staff_actor import actor_of_request
from customers.creating import create_customer
from customers.exits import check_deletable, delete_customer
from customers.masking import MASKS
from customers.models import Customer
from customers.record import FIELDS
from customers.updating import update_customer
from programs.admin import AT_DESK


@admin.register(Customer)
class CustomerAdmin(LoyaltyModelAdmin):
    view_action = "customers:read"
    write_action = "customers:write"
    customer_path = "pk"
    masks = MASKS
    list_display = ("number", "name", "kind", "status", "customer_since")
    list_filter = ("status", "kind")
    search_exact = ("number", "email_key", "phone_key")
    search_prefix = ("name",)
    ordering = ("-pk",)
    rule_owned = ("number", "status", "customer_since", "contact_changed_at", "merged_into", "erased_at")
    may_delete = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        columns = [field.name for field in Customer._meta.fields if field.name in FIELDS]
        return [*columns, *(name for name in self.rule_owned if obj is not None and name not in columns)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["kind"] if obj is not None else [])]

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        actor = actor_of_request(request)
        given = {name: form.cleaned_data[name] for name in form.changed_data if name in FIELDS}
        if change:
            update_customer(Customer.objects.get(pk=obj.pk), actor=actor, reason=AT_DESK, **given)
        else:
            given["kind"] = form.cleaned_data["kind"]
            obj.pk = create_customer(actor=actor, reason=AT_DESK, **given).pk
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Customer) -> None:
        delete_customer(obj, actor=actor_of_request(request), reason=AT_DESK)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, dict[str, int], set[str], list[str]]:
        """What hinders is the verb's to say, and history goes by its rules."""
        return [str(one) for one in objs], {}, set(), []

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_message(request, lambda: super(CustomerAdmin, self).changeform_view(request, *args, **kwargs))

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        def view() -> HttpResponse:
            customer = self.get_object(request, object_id)
            if customer is not None and self.has_delete_permission(request, customer):
                check_deletable(customer)
            return super(CustomerAdmin, self).delete_view(request, object_id, *args, **kwargs)

        return self._or_message(request, view, back=reverse("admin:customers_customer_change", args=[object_id]))

    def _or_message(self, request: HttpRequest, view: Callable[[], HttpResponse], back: str = "") -> HttpResponse:
        try:
            return view()
        except LoyaltyError as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(back or request.path)
