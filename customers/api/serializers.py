"""How customers travel: the answer, and what may be given."""

from typing import Any

from rest_framework import serializers

from common.api.fields import IdField, StrictBooleanField, StrictCharField
from common.api.serializers import StrictModelSerializer, StrictSerializer
from customers.details import MOST, Details
from customers.masking import MASKS
from customers.models import Address, Customer, CustomerKind, Identification

LISTS = ("identifications", "addresses", "preferences")


class MoneyField(serializers.DecimalField):
    """A decimal in a string, so that no reader makes a float of it."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def text(most: int, **options: Any) -> StrictCharField:
    """An optional text that null or "" takes away."""
    return StrictCharField(
        **({"max_length": most, "required": False, "allow_null": True, "allow_blank": True} | options)
    )


def money(**options: Any) -> MoneyField:
    return MoneyField(**({"max_digits": 14, "decimal_places": 2, "required": False} | options))


class IdentificationSerializer(StrictModelSerializer):
    number = StrictCharField(max_length=60)

    class Meta:
        model = Identification
        fields = ("kind", "country", "number", "valid_until")


class AddressSerializer(StrictModelSerializer):
    lines = StrictCharField(max_length=200)
    city = StrictCharField(max_length=80)

    class Meta:
        model = Address
        fields = ("kind", "lines", "postal_code", "city", "country")


class PreferencesSerializer(StrictSerializer):
    """Ways not named: only for what the contract needs."""

    email = StrictBooleanField(required=False)
    sms = StrictBooleanField(required=False)
    phone = StrictBooleanField(required=False)
    post = StrictBooleanField(required=False)


class CustomerSerializer(StrictModelSerializer):
    """The customer in answers; id and number are null where a dry run kept no row."""

    id = IdField(read_only=True, allow_null=True)
    number = StrictCharField(read_only=True, allow_null=True)
    identifications = IdentificationSerializer(many=True, read_only=True)
    addresses = AddressSerializer(many=True, read_only=True)
    preferences = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = (
            "id", "number", "kind", "first_name", "last_name", "name", "birth_date", "email", "phone", "language",
            "status", "customer_since", "credit_limit", "outstanding_balance", "currency", "payment_terms", "notes",
            "contact_changed_at", "merged_into", "identifications", "addresses", "preferences",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, customer: Customer) -> dict[str, Any]:
        """Masked for staff who have not unmasked the customer; channels get what they ask for."""
        shown: dict[str, Any] = super().to_representation(customer)
        return shown if self.context["view"].actor.sees(customer.pk) else _masked(shown)

    def get_preferences(self, customer: Customer) -> dict[str, bool]:
        wishes = sorted(customer.contact_preferences.all(), key=lambda wish: wish.channel)
        return {wish.channel: wish.allowed for wish in wishes}


def _masked(shown: dict[str, Any]) -> dict[str, Any]:
    """A birth date, which has no masked form that is a date, is left out."""
    for part, names in ((shown, Customer.PERSONAL), *_details(shown)):
        part.update({name: MASKS[name](part[name]) for name in names if name in part})
    return shown | {"birth_date": None}


def _details(shown: dict[str, Any]) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    documents = [(one, Identification.PERSONAL) for one in shown["identifications"]]
    return [*documents, *((one, Address.PERSONAL) for one in shown["addresses"])]


class CustomerChangeSerializer(StrictSerializer):
    """What PATCH takes. A list replaces the one before; ways of contact not named stay as they are."""

    kind = serializers.ChoiceField(CustomerKind.choices, required=False)
    first_name = text(80)
    last_name = text(80)
    name = text(180, help_text="Of an organization, or of a person with one name; else it follows from the two.")
    birth_date = serializers.DateField(required=False, allow_null=True)
    email = text(254)
    phone = text(32)
    language = text(10, allow_null=False, allow_blank=False)
    customer_since = serializers.DateField(required=False)
    credit_limit = money(allow_null=True)
    outstanding_balance = money()
    currency = text(3, allow_null=False, allow_blank=False)
    payment_terms = text(80)
    notes = text(10_000)
    identifications = IdentificationSerializer(many=True, required=False, max_length=MOST)  # type: ignore[call-arg]
    addresses = AddressSerializer(many=True, required=False, max_length=MOST)  # type: ignore[call-arg]
    preferences = PreferencesSerializer(required=False)

    def split(self) -> tuple[dict[str, Any], Details]:
        """The columns given, and the lists given."""
        values = dict(self.validated_data)
        details: Any = {name: values.pop(name) for name in LISTS if name in values}
        return values, details


class NewCustomerSerializer(CustomerChangeSerializer):
    """What POST takes."""

    allow_duplicate = StrictBooleanField(
        required=False, help_text="Make the record even if a customer looks like the same one."
    )
