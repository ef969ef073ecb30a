"""Change what is known about a customer, only by who may see it in clear."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day
from common.errors import Stale
from customers.desk.forms import ADDRESS, NAMES, EditForm
from customers.desk.tasks import CustomerTask, customer_page
from customers.models import Customer, CustomerKind, CustomerStatus
from customers.unmasking import UNMASK, UnmaskReason
from customers.updating import update_customer

LABELS = {
    "first_name": gettext_lazy("first name"), "last_name": gettext_lazy("last name"), "name": gettext_lazy("name"),
    "birth_date": gettext_lazy("birth date"), "email": gettext_lazy("e-mail"), "phone": gettext_lazy("phone"),
    "language": gettext_lazy("language"), "notes": gettext_lazy("notes"), "addresses": gettext_lazy("address"),
    "preferences": gettext_lazy("wishes about being contacted"),
}  # fmt: skip


class Edit(CustomerTask):
    action = "customers:write"
    title = gettext_lazy("Change contact data")
    what = gettext_lazy("Changes names, contact data and wishes. Contact data stands here once, for all memberships.")
    confirm = gettext_lazy("Save")
    dense = True
    form_class = EditForm
    about_template = "desk/parts/unmask.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.changed: list[str] = []

    def obstacles(self) -> Sequence[str]:
        if self.customer.status == CustomerStatus.ERASED:
            return [_("The customer was erased; nothing about the person can be kept.")]
        if not self.actor.sees(self.customer.pk):
            return [_("The contact data are masked. Show them first; that is written down with your reason.")]
        return ()

    def form_options(self) -> dict[str, Any]:
        row = self.customer
        without: tuple[str, ...] = ()
        if row.kind == CustomerKind.ORGANIZATION:
            without = ("first_name", "last_name", "birth_date")
        elif row.first_name or row.last_name:
            without = ("name",)
        if row.addresses.count() > 1:
            # A list of addresses is changed as a whole, which this form can't show.
            without += ADDRESS
        return {"without": without}

    def context(self) -> dict[str, Any]:
        """For the form that shows the personal values; see templates/desk/parts/unmask.html."""
        return {
            **super().context(),
            "customer_id": self.customer.pk,
            "unmasked": self.actor.sees(self.customer.pk),
            "may_unmask": self.may(UNMASK) and self.customer.status != CustomerStatus.ERASED,
            "reasons": UnmaskReason.choices,
        }

    def initial(self) -> dict[str, Any]:
        row = self.customer
        address = row.addresses.order_by("pk").first()
        wishes = {f"may_{one.channel}": "yes" if one.allowed else "no" for one in row.contact_preferences.all()}
        return {
            **{name: getattr(row, name) for name in NAMES},
            **({name: getattr(address, name) for name in ADDRESS} if address else {}),
            **wishes,
            "version": row.version,
        }

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        form = self.make_form(self.request.POST)
        form.is_valid()

        def as_it_was_read(row: Customer) -> None:
            if row.version != given["version"]:
                raise Stale(_("Somebody else changed this customer since you opened the form. Open it again."))

        before = self._values()
        update_customer(
            self.customer,
            actor=self.actor,
            reason=given["reason"],
            details=form.details(),
            check=as_it_was_read,
            **form.values(),
        )
        after = self._values()
        changed = [str(LABELS[name]) for name in LABELS if before[name] != after[name]]
        says = [_("Changes: %(fields)s.") % {"fields": ", ".join(changed)}] if changed else [_("Nothing changes.")]
        return Outcome(says, {"customer": self.customer.pk})

    def figures(self) -> Sequence[Figure]:
        return ()

    def shown_figures(self) -> Sequence[Figure]:
        return [
            Figure(name, str(LABELS[name]).capitalize(), value, always=False) for name, value in self._values().items()
        ]

    def _values(self) -> dict[str, str]:
        row = Customer.objects.prefetch_related("addresses", "contact_preferences").get(pk=self.customer.pk)
        address = "; ".join(
            f"{one.lines}, {one.postal_code or ''} {one.city}, {one.country}" for one in row.addresses.all()
        )
        wishes = sorted(str(one) for one in row.contact_preferences.all())
        born = day(row.birth_date) if row.birth_date else ""
        columns = {name: str(getattr(row, name) or "") for name in NAMES}
        return columns | {"birth_date": born, "addresses": address, "preferences": "; ".join(wishes)}

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [customer_page(facts["customer"], main=True)]
