"""What the calls about changes take (interfaces 3.1): one form per kind, each with the fields that mean something."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from common.api.fields import IdField, PointsField, StrictBooleanField, StrictCharField
from common.api.serializers import StrictSerializer
from memberships.models import ChangeKind, ConsentMethod, ConsentStatus, InvitationKind, MembershipType
from programs.models import SplitPolicy

MOST_PERCENT = 100
MOST_TYPES = 100
# What a person may answer, and how it may be passed on.
DECISIONS = (ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN)
METHODS = (ConsentMethod.IN_PERSON, ConsentMethod.CODE, ConsentMethod.DOCUMENT)
RESULTS = (MembershipType.SHARED, MembershipType.GROUP, MembershipType.STANDARD)
JOINED = (MembershipType.STANDARD, MembershipType.SHARED)


@extend_schema_field({"oneOf": [{"type": "string", "pattern": r"^\d{1,3}(\.\d{1,4})?$"}, {"type": "number"}]})
class PercentField(serializers.DecimalField):
    """From 0 to 100 with up to four decimals, as a JSON number or, exactly, as a string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=7, decimal_places=4, min_value=0, max_value=MOST_PERCENT, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in (int, float, str):
            self.fail("invalid")
        value: Decimal = super().to_internal_value(data)
        return value


def kind_field(kind: ChangeKind) -> serializers.Field:
    """Names the form itself."""
    return serializers.RegexField(f"^{kind}$")


class AnyChangeInput(StrictSerializer):
    """What every kind takes."""

    replaces = IdField(required=False, help_text="The refused or lapsed change that this one takes up again.")
    freeze = StrictBooleanField(
        required=False, help_text="Nobody spends from the shared account until the change is carried out or over."
    )
    reason = StrictCharField(max_length=200, required=False, allow_blank=True)


class MergeInput(AnyChangeInput):
    kind = kind_field(ChangeKind.MERGE)
    prime = IdField(help_text="The membership that stays; for a change of form the group, or a member of the pool.")
    secondary = IdField(allow_null=True, help_text="The other one; null: `prime` changes its form.")
    result_type = serializers.ChoiceField(RESULTS, required=False)
    main = IdField(required=False, help_text="The customer who becomes main member of the group.")
    policy = serializers.ChoiceField(
        SplitPolicy.choices, required=False, help_text="How a group's qualifying points are divided among a pool."
    )


class AbsorbInput(AnyChangeInput):
    kind = kind_field(ChangeKind.ABSORB)
    prime = IdField(help_text="The registered membership.")
    secondary = IdField(help_text="The anonymous one, which goes into it.")
    main = IdField(required=False, help_text="In a group: the member who registers.")


class JoinInput(AnyChangeInput):
    kind = kind_field(ChangeKind.JOIN)
    membership = IdField(help_text="The person's standard membership.")
    organization_membership = IdField(help_text="The membership of the organization, which the person joins.")
    result_type = serializers.ChoiceField(
        JOINED,
        required=False,
        help_text="Default: as the agreement says. Points of one's own, `standard`, are always possible.",
    )


class SplitInput(AnyChangeInput):
    kind = kind_field(ChangeKind.SPLIT)
    membership = IdField(help_text="The group, or a membership of the pool.")
    leaver = IdField(help_text="The customer who leaves.")
    policy = serializers.ChoiceField(SplitPolicy.choices, required=False, help_text="Default: the program's.")
    ratio = PercentField(required=False, help_text="The leaver's share in percent, for the policy `ratio`.")
    shares = serializers.DictField(
        child=PointsField(min_value=0),
        required=False,
        help_text='The leaver\'s points per type, as {"miles": 300}, for the policy `manual`.',
    )
    new_main = IdField(required=False, help_text="The customer who follows a leaving main member or pool owner.")

    def validate_shares(self, value: dict[str, int]) -> dict[str, int]:
        if len(value) > MOST_TYPES:
            raise ValidationError(f"At most {MOST_TYPES} point types.")
        return value


FORMS: dict[str, type[AnyChangeInput]] = {
    ChangeKind.MERGE.value: MergeInput,
    ChangeKind.ABSORB.value: AbsorbInput,
    ChangeKind.SPLIT.value: SplitInput,
    ChangeKind.JOIN.value: JoinInput,
}


def change_asked(data: Any) -> dict[str, Any]:
    """The validated body, in the form its kind names."""
    kind = data.get("kind") if isinstance(data, Mapping) else None
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        _refuse_kind(data, kind)
    asked = form(data=data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _refuse_kind(data: Any, kind: Any) -> NoReturn:
    if not isinstance(data, Mapping):
        # The framework's own words for a body that is no object.
        AnyChangeInput(data=data).is_valid(raise_exception=True)
    code = "required" if kind is None else "invalid_choice"
    raise ValidationError({"kind": [ErrorDetail(f"One of {', '.join(FORMS)}.", code=code)]})


class AskInput(StrictSerializer):
    customer = IdField()
    method = serializers.ChoiceField(InvitationKind.choices, help_text="Goes to the registered address only.")


class ConsentInput(StrictSerializer):
    customer = IdField()
    decision = serializers.ChoiceField([(one.value, one.label) for one in DECISIONS])
    method = serializers.ChoiceField([(one.value, one.label) for one in METHODS])
    evidence = StrictCharField(
        max_length=300, required=False, allow_blank=True, help_text="What was shown or signed, and where it is kept."
    )
    code = StrictCharField(max_length=20, required=False, help_text="The code the person was sent.")
    digest = StrictCharField(
        max_length=64, required=False, help_text="The terms the person saw; refused where they changed since."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["method"] == ConsentMethod.CODE) != ("code" in attrs):
            raise ValidationError({"code": "Goes with the method “code”, which needs it."})
        if attrs["method"] == ConsentMethod.DOCUMENT and attrs["decision"] != ConsentStatus.GIVEN:
            raise ValidationError({"decision": "A document records that consent was given."})
        return attrs


class WhyInput(StrictSerializer):
    reason = StrictCharField(max_length=200)
