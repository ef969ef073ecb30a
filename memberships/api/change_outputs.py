"""The shapes of changes for the documentation (interfaces 3.1); `change_shapes` makes them."""

from rest_framework import serializers

from memberships.models import ChangeBasis, ChangeKind, ChangeStatus, ConsentMethod, ConsentStatus, MembershipType
from programs.models import SplitPolicy


class ConsentOutput(serializers.Serializer):
    customer = serializers.IntegerField()
    membership = serializers.IntegerField()
    status = serializers.ChoiceField(ConsentStatus.choices)
    method = serializers.ChoiceField(ConsentMethod.choices, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    asked_until = serializers.DateTimeField(
        allow_null=True, help_text="How long the code or link that was sent last can be used."
    )
    awaits_confirmation = serializers.BooleanField(
        help_text="A document was recorded; a second member of staff has to confirm it."
    )


class ChangeOutput(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    program = serializers.CharField()
    kind = serializers.ChoiceField(ChangeKind.choices)
    status = serializers.ChoiceField(ChangeStatus.choices)
    prime = serializers.IntegerField()
    secondary = serializers.IntegerField(allow_null=True)
    leaver = serializers.IntegerField(allow_null=True)
    main = serializers.IntegerField(allow_null=True)
    result_type = serializers.ChoiceField(MembershipType.choices, allow_null=True)
    policy = serializers.ChoiceField(SplitPolicy.choices, allow_null=True)
    ratio = serializers.CharField(allow_null=True, help_text="The leaver's share in percent.")
    shares = serializers.DictField(child=serializers.IntegerField())
    freeze = serializers.BooleanField()
    terms = serializers.DictField(help_text="What is consented to: everything that follows but the balances.")
    digest = serializers.CharField(help_text="SHA-256 of the canonical terms.")
    consents = ConsentOutput(many=True)
    missing = serializers.ListField(
        child=serializers.IntegerField(), help_text="Customers whose consent is still needed."
    )
    proposed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    carried_out_at = serializers.DateTimeField(allow_null=True)
    basis = serializers.ChoiceField(ChangeBasis.choices, allow_null=True, help_text="On what it was carried out.")
    result = serializers.IntegerField(allow_null=True, help_text="The membership that came of it.")
    posting = serializers.IntegerField(allow_null=True)
    undoes = serializers.IntegerField(allow_null=True)
    undone_by = serializers.IntegerField(allow_null=True)
    replaces = serializers.IntegerField(allow_null=True)
