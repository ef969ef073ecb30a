"""What was changed about a customer and their memberships: old and new values, who, when, why.

History rows are whole copies; what changed is where a copy differs from the one before it of the same row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import DateTimeField
from django.utils.formats import date_format

from cards.models import Card
from common.history import AuditedModel
from customers.models import Address, ContactPreference, Customer, Identification
from memberships.models import CardHolding, Member, Membership, TierStanding
from staff.models import User

# Per model: the column that leads to the customer or the membership, and what names the row `h` to a reader.
OF_CUSTOMER: tuple[tuple[type[AuditedModel], str, str], ...] = (
    (Customer, "id", "''"),
    (Address, "customer_id", "''"),
    (Identification, "customer_id", "''"),
    (ContactPreference, "customer_id", "h.channel"),
)
OF_MEMBERSHIP: tuple[tuple[type[AuditedModel], str, str], ...] = (
    (Membership, "id", "h.number"),
    (Member, "membership_id", "''"),
    (TierStanding, "membership_id", "(SELECT t.name FROM programs_tier t WHERE t.id = h.tier_id)"),
    (CardHolding, "membership_id", "(SELECT c.number FROM cards_card c WHERE c.id = h.card_id)"),
)
OF_CARD: tuple[tuple[type[AuditedModel], str, str], ...] = (
    (Card, "id", "h.number"),
    (CardHolding, "card_id", "(SELECT m.number FROM memberships_membership m WHERE m.id = h.membership_id)"),
)
MODELS = {model._meta.label_lower: model for model, *_ in (*OF_CUSTOMER, *OF_MEMBERSHIP, *OF_CARD)}
# Columns that say nothing to a reader.
DULL = frozenset(
    {"version", "email_key", "phone_key", "name_key", "number_key", "contact_changed_at", "program", "id", "successor"}
)
MOST = 40


@dataclass(frozen=True, slots=True)
class Difference:
    """`personal` values are shown only to who may see them."""

    field: str
    old: str
    new: str
    personal: bool


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` and `about` say what it was about; `verb`: "+" made, "~" changed, "-" removed."""

    kind: str
    about: str
    verb: str
    at: datetime
    who: str
    channel: str
    why: str
    differences: tuple[Difference, ...]


def changes_of(customer_id: int | None, membership_ids: Sequence[int], *, most: int = MOST) -> list[Change]:
    """The latest changes first. Each row is compared with the one before it, so `most` + the row before are read."""
    return _read([(OF_CUSTOMER, [customer_id] if customer_id else []), (OF_MEMBERSHIP, list(membership_ids))], most)


def changes_of_card(card_id: int, *, most: int = MOST) -> list[Change]:
    """What was done about a card, and whose hand it came into; the latest first."""
    return _read([(OF_CARD, [card_id])], most)


def _read(wanted: Iterable[tuple[Iterable[tuple[type[AuditedModel], str, str]], list[int]]], most: int) -> list[Change]:
    parts: list[str] = []
    parameters: list[Any] = []
    for models, ids in wanted:
        for model, column, about in models if ids else ():
            parts.append(_part(model, column, about))
            parameters += [ids, most]
    if not parts:
        return []
    union = " UNION ALL ".join(f"({part})" for part in parts)
    # The names of tables and columns are those of our own models.
    statement = f"""
        SELECT h.*, COALESCE(u.username, '') FROM ({union}) h
        LEFT JOIN {User._meta.db_table} u ON u.id = h.user_id ORDER BY h.at DESC, h.history_id DESC LIMIT %s
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, most])
        found = [_change(*row) for row in cursor.fetchall()]
    return [one for one in found if one.verb != "~" or one.differences]


def _part(model: type[AuditedModel], column: str, about: str) -> str:
    history = model.history.model._meta.db_table
    return f"""
        SELECT '{model._meta.label_lower}' AS kind, {about} AS about, h.history_id,
            h.history_type AS verb, h.history_date AS at, h.history_user_id AS user_id, h.history_channel AS channel,
            COALESCE(h.history_change_reason, '') AS why, to_json(h) AS new,
            (SELECT to_json(b) FROM {history} b WHERE b.id = h.id AND b.history_id < h.history_id
             ORDER BY b.history_id DESC LIMIT 1) AS old
        FROM {history} h WHERE h.{column} = ANY(%s) ORDER BY h.history_date DESC, h.history_id DESC LIMIT %s
    """  # noqa: S608


def _change(
    kind: str, about: str | None, _: int, verb: str, at: datetime, user_id: int | None, channel: str, why: str,
    new: Mapping[str, Any], old: Mapping[str, Any] | None, who: str,
) -> Change:  # fmt: skip
    model = MODELS[kind]
    told = tuple(_differences(model, old or {}, new)) if verb == "~" else ()
    name = str(model._meta.verbose_name)
    return Change(name, about or "", verb, at, who or (f"#{user_id}" if user_id else ""), channel, why, told)


def _differences(model: type[AuditedModel], old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[Difference]:
    for field in model._meta.concrete_fields:
        before, after = old.get(str(field.column)), new.get(str(field.column))
        if field.name in DULL or field.column not in new or before == after:
            continue
        yield Difference(
            str(field.verbose_name), _shown(field, before), _shown(field, after), field.name in model.PERSONAL
        )


def _shown(field: Any, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(field, DateTimeField):
        return date_format(datetime.fromisoformat(value), "j M Y, H:i")
    return str(dict(field.flatchoices).get(value, value))
