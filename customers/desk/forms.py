"""What is asked about a customer at the desk; the verbs judge the values."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.desk.fields import NoteField, ReasonField
from customers.details import Details
from customers.models import CustomerKind, IdentificationKind, PreferenceChannel

NAMES = ("first_name", "last_name", "name", "birth_date", "email", "phone", "language", "notes")
ADDRESS = ("lines", "postal_code", "city", "country")
WISHES = [("", _("not said")), ("yes", _("yes")), ("no", _("no"))]


def text(label: Any, most: int, *, autocomplete: str = "off", **options: Any) -> forms.CharField:
    widget = options.pop("widget", None) or forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(**({"label": label, "max_length": most, "required": False, "widget": widget} | options))


class PersonForm(forms.Form):
    """Names and contact data. The browser is told not to fill in the agent's own."""

    POINTERS = {
        "/identifications/0/number": "document_number",
        "/identifications/0/country": "document_country",
        "/identifications/0/kind": "document_kind",
    }

    first_name = text(_("First name"), 80)
    last_name = text(_("Last name"), 80)
    name = text(_("Name of the organization"), 180, help_text=_("For an organization, instead of first and last name."))
    birth_date = forms.DateField(
        label=_("Birth date"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    email = text(_("E-mail"), 254, widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email"}))
    phone = text(_("Phone"), 32, widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}))
    lines = text(_("Street and number"), 200)
    postal_code = text(_("Postal code"), 20)
    city = text(_("City"), 80)
    country = text(_("Country"), 2, help_text=_("Two capital letters, as DE or AT."))
    language = text(_("Language"), 10, required=True, initial="en", help_text=_("As en or de-AT."))
    notes = NoteField(label=_("Notes"), max_length=10_000)

    def values(self) -> dict[str, Any]:
        """The columns of the customer as the verbs take them."""
        given = self.cleaned_data
        return {name: given[name] or None for name in NAMES if name in given}

    def address(self) -> dict[str, Any]:
        """The address given; empty without one. A country alone is none."""
        given = {name: self.cleaned_data.get(name) or None for name in ADDRESS}
        return {"kind": "home"} | given if any(given[name] for name in ("lines", "postal_code", "city")) else {}


class NewCustomerForm(PersonForm):
    kind = forms.ChoiceField(
        label=_("Kind"), choices=CustomerKind.choices, initial=CustomerKind.PERSON, widget=forms.RadioSelect
    )
    document_kind = forms.ChoiceField(
        label=_("Document"), choices=[("", _("none")), *IdentificationKind.choices], required=False
    )
    document_number = text(_("Document number"), 60)
    document_country = text(_("Issued in"), 2, help_text=_("Two capital letters, as DE or AT."))
    allow_duplicate = forms.BooleanField(label=_("None of these is the customer: make a new record"), required=False)
    field_order = ["kind"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("document_number") and not given.get("document_kind"):
            self.add_error("document_kind", _("Say what document this is."))
        return given

    def details(self) -> Details:
        given, found = self.cleaned_data, Details()
        if given["document_kind"]:
            document = {"kind": given["document_kind"], "number": given["document_number"]}
            found["identifications"] = [document | {"country": given["document_country"]}]
        if address := self.address():
            found["addresses"] = [address]
        return found


class EditForm(PersonForm):
    """Contact data of a known customer, with the version they were read in."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, without: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        for way, label in PreferenceChannel.choices:
            self.fields[f"may_{way}"] = forms.ChoiceField(
                label=_("May be contacted by %(way)s") % {"way": label}, choices=WISHES, required=False
            )
        self.fields["reason"] = ReasonField(suggestions=(_("The customer told us"), _("Mail came back")))
        for name in without:
            del self.fields[name]

    def details(self) -> Details:
        wishes = {way: self.cleaned_data[f"may_{way}"] for way in PreferenceChannel.values}
        found = Details(preferences={way: wish == "yes" for way, wish in wishes.items() if wish})
        if "lines" in self.fields:
            found["addresses"] = [self.address()] if self.address() else []
        return found


class DeceasedForm(forms.Form):
    reason = ReasonField(suggestions=(_("Death certificate shown"), _("Told by the family")))


class StatusForm(forms.Form):
    reason = ReasonField(suggestions=(_("At the customer's wish"), _("No contact for years")))
