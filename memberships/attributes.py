"""The dynamic attributes of memberships: typed values that rules read and write (domain 1.7)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import NotAllowed
from common.history import audit_context, recording
from gateway.events import record_events
from memberships.errors import MembershipEnded, ReasonMissing
from memberships.locking import locked_memberships
from memberships.models import AttributeValue, Membership
from memberships.models.attribute import VALUES
from memberships.tiering import climb_many
from programs.attributes import Value, checked_value, default_of, definition_of, definitions_of
from programs.design import Design, design_of
from programs.models import AttributeDefinition, AttributeType

MANAGE = "memberships:manage"
COLUMN_OF = {
    AttributeType.NUMBER: "number",
    AttributeType.TEXT: "text",
    AttributeType.CHOICE: "text",
    AttributeType.FLAG: "flag",
    AttributeType.DATE: "day",
}

GIVEN = """given AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::text[], %s::boolean[], %s::date[])
        AS t(membership, definition, number, text, flag, day)
)"""
CHANGE = """changed AS (
    UPDATE memberships_attributevalue v
    SET number = t.number, text = t.text, flag = t.flag, day = t.day, changed_at = %s
    FROM given t
    WHERE v.membership_id = t.membership AND v.definition_id = t.definition
        AND (v.number, v.text, v.flag, v.day) IS DISTINCT FROM (t.number, t.text, t.flag, t.day)
    RETURNING v.*
)"""
MAKE = """changed AS (
    INSERT INTO memberships_attributevalue (membership_id, program_id, definition_id, number, text, flag, day,
        changed_at)
    SELECT t.membership, %s, t.definition, t.number, t.text, t.flag, t.day, %s FROM given t
    WHERE NOT EXISTS (SELECT 1 FROM memberships_attributevalue v
        WHERE v.membership_id = t.membership AND v.definition_id = t.definition)
    RETURNING *
)"""

Key = tuple[int, str]


def values_of(membership_ids: Collection[int], *, design: Design) -> dict[int, dict[str, Value]]:
    """Per membership the values by code, defaults filled in; what has neither is missing."""
    definitions = definitions_of(design)
    defaults = {code: value for code, one in definitions.items() if (value := default_of(one)) is not None}
    found: dict[int, dict[str, Value]] = {pk: dict(defaults) for pk in membership_ids}
    if definitions:
        codes = {one.pk: code for code, one in definitions.items()}
        for row in AttributeValue.objects.filter(membership__in=list(membership_ids)):
            if row.value is not None:
                found[row.membership_id][codes[row.definition_id]] = row.value
    return found


def set_many(values: Mapping[Key, object], *, design: Design, at: datetime, actor: Actor, reason: str = "") -> set[Key]:
    """Write the values, by membership and code; None takes the membership's own value away. Returns what changed.

    The memberships are locked by the caller. Raises AttributeRefused.
    """
    definitions = {code: definition_of(design, code) for _, code in values}
    given = {key: checked_value(definitions[key[1]], value) for key, value in values.items() if value is not None}
    with in_program(design.program), audit_context(actor, reason):
        changed = _written(given, definitions, design=design, at=at)
        changed |= _emptied([key for key, value in values.items() if value is None], definitions)
        _tell(changed, design)
    return changed


def set_attribute(membership: Membership, *, code: str, value: object, actor: Actor, reason: str) -> bool:
    """By hand, with a reason; a ladder the attribute feeds is climbed at once. Whether anything changed.

    Raises NotAllowed, ReasonMissing, MembershipEnded, AttributeRefused.
    """
    if actor.kind == "channel" or not actor.may(MANAGE, membership.program_id):
        raise NotAllowed("Staff with the right to manage memberships set attributes.", facts={"action": MANAGE})
    if not reason.strip():
        raise ReasonMissing("An attribute is set by hand with a reason.")
    with in_program(membership.program_id), audit_context(actor, reason):
        (membership,) = locked_memberships([membership.pk])
        if not membership.current:
            raise MembershipEnded(f"{membership.number} has ended.", facts={"membership": membership.pk})
        design = design_of(membership.program_id)
        at = program_now(design.program)
        changed = set_many({(membership.pk, code): value}, design=design, at=at, actor=actor, reason=reason)
        if changed:
            climb_many({membership.pk: at}, design=design, actor=actor)
        return bool(changed)


def _written(
    given: Mapping[Key, Value], definitions: Mapping[str, AttributeDefinition], *, design: Design, at: datetime
) -> set[Key]:
    if not given:
        return set()
    columns = _columns(given, definitions)
    codes = {one.pk: code for code, one in definitions.items()}
    done: set[Key] = set()
    # Those that are there first: what is made afterwards was not.
    for body, extra, kind in ((CHANGE, [at], "~"), (MAKE, [design.program.pk, at], "+")):
        told, origin = recording(AttributeValue, rows="changed", kind="~" if kind == "~" else "+")
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH {GIVEN}, {body}, told AS ({told}) SELECT membership_id, definition_id FROM changed",  # noqa: S608
                [*columns, *extra, *origin],
            )
            done |= {(membership, codes[definition]) for membership, definition in cursor.fetchall()}
    return done


def _columns(given: Mapping[Key, Value], definitions: Mapping[str, AttributeDefinition]) -> list[list[object]]:
    """Membership, definition and one column per kind of value."""
    rows: list[Sequence[object]] = []
    for (membership_id, code), value in given.items():
        definition = definitions[code]
        column = COLUMN_OF[AttributeType(definition.type)]
        rows.append((membership_id, definition.pk, *(value if name == column else None for name in VALUES)))
    return [list(column) for column in zip(*rows, strict=True)]


def _emptied(keys: Sequence[Key], definitions: Mapping[str, AttributeDefinition]) -> set[Key]:
    done = set()
    for membership_id, code in keys:
        for row in AttributeValue.objects.filter(membership=membership_id, definition=definitions[code]):
            row.delete()
            done.add((membership_id, code))
    return done


def _tell(changed: set[Key], design: Design) -> None:
    """Codes only: a text may say something about a person."""
    if not changed:
        return
    facts: dict[int, dict[str, list[str]]] = {}
    for membership_id, code in sorted(changed):
        facts.setdefault(membership_id, {"attributes": []})["attributes"].append(code)
    record_events("attribute.changed", program_id=design.program.pk, facts=facts)
