"""The dynamic attributes a program defines: their types, defaults and which values they take (domain 1.7)."""

from datetime import date
from decimal import Decimal, InvalidOperation

from programs.design import Design
from programs.errors import AttributeRefused
from programs.models import AttributeDefinition, AttributeType

Value = Decimal | str | bool | date
MOST = Decimal(10) ** 15
PLACES = Decimal("0.0001")
LONGEST = 80
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def definitions_of(design: Design) -> dict[str, AttributeDefinition]:
    """By code; kept with the design's version."""
    found = design.derived.get("attributes")
    if not isinstance(found, dict):
        defined = AttributeDefinition.objects.filter(program_id=design.program.pk).order_by("code")
        found = design.derived["attributes"] = {one.code: one for one in defined}
    return found


def definition_of(design: Design, code: str) -> AttributeDefinition:
    """Raises AttributeRefused."""
    definitions = definitions_of(design)
    if code not in definitions:
        raise AttributeRefused(
            f"{design.program.name} has no attribute “{code}”.", facts={"attributes": sorted(definitions)}
        )
    return definitions[code]


def default_of(definition: AttributeDefinition) -> Value | None:
    """None where a membership without a value has none."""
    return read_value(definition, definition.default) if definition.default else None


def read_value(definition: AttributeDefinition, text: str) -> Value:
    """The value as it is written in forms, lists and defaults: 1.5, yes, 2026-12-31. Raises AttributeRefused."""
    text = text.strip()
    if definition.type == AttributeType.FLAG:
        if text.lower() not in WORDS:
            raise _refused(definition, text, "write yes or no")
        return WORDS[text.lower()]
    if definition.type == AttributeType.DATE:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise _refused(definition, text, "write a date as 2026-12-31") from None
    return checked_value(definition, text)


def checked_value(definition: AttributeDefinition, value: object) -> Value:
    """The value as one of the definition's type, at most four places. Raises AttributeRefused."""
    match AttributeType(definition.type):
        case AttributeType.NUMBER:
            return _number(definition, value)
        case AttributeType.FLAG:
            if isinstance(value, bool):
                return value
            raise _refused(definition, value, "it is yes or no")
        case AttributeType.DATE:
            if type(value) is date:
                return value
            raise _refused(definition, value, "it is a date")
        case AttributeType.CHOICE:
            if value in definition.choices:
                return str(value)
            raise _refused(definition, value, f"it is one of {', '.join(map(str, definition.choices))}")
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise _refused(definition, value, f"it is a text of 1 to {LONGEST} characters")
    return value


def written(value: Value | None) -> str:
    """As forms, lists and pages show it: 1.5, yes, 2026-12-31; read_value reads it again."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
    return value


def _number(definition: AttributeDefinition, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _refused(definition, value, "it is a number")
    try:
        # By its shortest decimal form: 0.1 of a float means 0.1.
        number = Decimal(str(value))
    except InvalidOperation:
        raise _refused(definition, value, "it is a number") from None
    if not number.is_finite() or abs(number) > MOST:
        raise _refused(definition, value, f"it lies between -{MOST:,} and {MOST:,}")
    return number.quantize(PLACES)


def _refused(definition: AttributeDefinition, value: object, cure: str) -> AttributeRefused:
    return AttributeRefused(
        f"{definition.name} does not take “{str(value)[:LONGEST]}”: {cure}.",
        facts={"attribute": definition.code, "type": str(definition.type)},
    )
