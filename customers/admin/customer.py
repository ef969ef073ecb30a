"""The customer's page: contact data by form, everything else by links and the desk's tasks."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import AT_DESK, LoyaltyModelAdmin, tasks
from common.admin.base import REASON
from common.admin.filters import by_choice
from common.admin.looks import link, rows_link, several
from common.errors import LoyaltyError
from common.staff_actor import actor_of_request
from customers.admin.details import AddressInline, IdentificationInline, PreferenceInline
from customers.creating import create_customer
from customers.details import Details
from customers.keys import document_key, email_key, name_key, phone_key
from customers.masking import MASKS
from customers.models import Address, ContactPreference, Customer, Identification
from customers.record import FIELDS
from customers.updating import update_customer

STATUS_LABELS = {
    "active": "success",
    "inactive": "warning",
    "deceased": "danger",
    "closed": "danger",
    "erased": "danger",
}
OWNED = ("number", "status", "customer_since", "contact_changed_at", "merged_into", "erased_at", "rows")
COVERED = _("Covered until the customer is unmasked at the desk, for a reason that is written down.")
NAME_AND_CONTACT = (("first_name", "last_name"), ("name", "birth_date"), ("email", "phone"), "language")
BUSINESS = (("credit_limit", "outstanding_balance"), ("payment_terms", "currency"), "notes")


def long_enough(term: str) -> str | None:
    """A part of a name: shorter ones are in every other name, and no index finds them."""
    key = name_key(term)
    return key if key and len(key) >= 3 else None


@admin.register(Customer)
class CustomerAdmin(LoyaltyModelAdmin):
    view_action = "customers:read"
    write_action = "customers:write"
    customer_path = "pk"
    masks = MASKS
    reason_needed = False
    list_display = ("number", "name", "email", "phone", "kind", "shown_status", "customer_since")
    list_display_links = ("number", "name")
    list_filter = (by_choice("status"), by_choice("kind"))
    ordering = ("-pk",)
    search_exact = ("number", "numbers__number")
    search_prefix = ("number",)
    search_keys = {
        "email_key": email_key,
        "phone_key": phone_key,
        "identifications__number_key": document_key,
        "name_key": name_key,
        "name_key__startswith": name_key,
        "name_key__contains": long_enough,
    }
    search_help_text = _("Number, name or a part of it, e-mail, phone or document number")
    inlines = (IdentificationInline, AddressInline, PreferenceInline)
    rule_owned = OWNED
    help_texts = {
        "name": _("Of a person it follows from first and last name."),
        "phone": _("With the country in front, as +43 ...; or as written in the country of the first address."),
        "language": _("For messages, as en or de-AT."),
        "customer_since": _("First day of dealing with the customer."),
        "credit_limit": _("In the currency below; empty: none."),
        "outstanding_balance": _("What the customer owes the business now."),
        "notes": _("For staff only. Erased with the customer."),
        "contact_changed_at": _("Codes go only to an address that is older."),
    }
    history_silent = ("version", "email_key", "phone_key", "name_key")

    fieldsets = (
        (
            _("Customer"),
            {
                "fields": (
                    ("number", "kind"),
                    ("status", "customer_since"),
                    ("contact_changed_at", "erased_at"),
                    "merged_into",
                    "rows",
                )
            },
        ),
        (_("Name and contact"), {"fields": NAME_AND_CONTACT, "description": COVERED}),
        (_("Business"), {"fields": BUSINESS}),
    )
    add_fieldsets = (
        (_("Customer"), {"fields": ("kind",)}),
        (_("Name and contact"), {"fields": NAME_AND_CONTACT}),
        (_("Business"), {"fields": BUSINESS}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), "kind"] if obj is not None else []

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """While masked, rows are only shown: what is posted of them counts for nothing."""
        if request.method == "POST" and obj is not None and not actor_of_request(request).sees(obj.pk):
            return []
        return list(super().get_inline_instances(request, obj))

    def task_buttons(self, request: HttpRequest, row: Customer) -> Iterable[dict[str, Any] | None]:
        desk = tasks.Desk(request)
        yield desk.button(tasks.CUSTOMER, row.pk)
        yield desk.menu(_("Tasks"), tasks.OF_CUSTOMER, row.pk)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, customer: Customer) -> tuple[str, str]:
        return customer.status, customer.get_status_display()

    @admin.display(description=_("of this customer"))
    def rows(self, customer: Customer) -> str | SafeString:
        lists = {
            "memberships.Member": _("Memberships"),
            "memberships.CardHolding": _("Cards held"),
            "memberships.TermsAcceptance": _("Accepted terms"),
        }
        shown = [rows_link(label, str(text), customer__id__exact=customer.pk) for label, text in lists.items()]
        if customer.merged_into_id:
            shown.append(link(customer.merged_into))
        return several(shown)

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        """Columns and rows are saved by one verb, in save_related."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        actor = actor_of_request(request)
        given = {name: form.cleaned_data[name] for name in form.changed_data if name in FIELDS}
        reason = form.cleaned_data.get(REASON) or AT_DESK
        for formset in formsets:
            formset.save(commit=False)
        if not change:
            given["kind"] = form.cleaned_data["kind"]
            form.instance.pk = create_customer(actor=actor, reason=reason, details=details_of(formsets), **given).pk
        else:
            stored = Customer.objects.get(pk=form.instance.pk)
            update_customer(stored, actor=actor, reason=reason, details=details_of(formsets), **given)
        form.instance.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_message(request, lambda: super(CustomerAdmin, self).changeform_view(request, *args, **kwargs))

    def _or_message(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return view()
        except LoyaltyError as error:
            faults = [f"{fault['pointer'].strip('/')}: {fault['detail']}" for fault in error.errors]
            self.message_user(request, " ".join(faults) or error.message, messages.ERROR)
            return HttpResponseRedirect(request.path)


def details_of(formsets: Iterable[Any]) -> Details:
    """The lists as the form has them now."""
    found = Details()
    for formset in formsets:
        rows = [
            form.cleaned_data for form in formset.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        if formset.model is Identification:
            found["identifications"] = [_only(row, "kind", "country", "number", "valid_until") for row in rows]
        elif formset.model is Address:
            found["addresses"] = [_only(row, "kind", "lines", "postal_code", "city", "country") for row in rows]
        elif formset.model is ContactPreference:
            found["preferences"] = {row["channel"]: bool(row["allowed"]) for row in rows}
    return found


def _only(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}
