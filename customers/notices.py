"""Notices: what a program tells its members without being asked (domain 1.13), many of them at once.

The words come from the program's texts, in the customer's language; who did not allow e-mail gets none, and the row
says so. Like every message a notice is written in the transaction of what it speaks of, and sent by delivering.py.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext_noop

from common import clock
from common.arrays import array, texts
from common.db import in_program
from customers.models import Customer, Message, MessagePurpose, MessageStatus
from customers.outbox import LONGEST_SUBJECT, NO_ADDRESS, drawn, reasons_not_to_send
from customers.settled import addresses_of_many
from gateway.events import record_events
from programs.design import Design, design_of
from programs.models import Program
from programs.notice_texts import Text, Value, filled
from programs.notices import text_for

NO_TEXT = gettext_noop("the program has no text for it, or has switched it off")
INSERT = """
INSERT INTO customers_message (customer_id, program_id, channel, purpose, template, cause_kind, cause_id, once_key,
    address, subject, body, status, why_not, created_at, next_try_at, tries)
SELECT customer, %(program)s, 'email', 'notice', %(code)s, cause_kind, cause_id, once_key,
    address, subject, body, CASE WHEN why_not = '' THEN 'waiting' ELSE 'suppressed' END, why_not, %(now)s,
    CASE WHEN why_not = '' THEN %(now)s END, 0
FROM unnest(%(customers)s::bigint[], %(cause_kinds)s::text[], %(cause_ids)s::bigint[], %(once_keys)s::text[],
    %(addresses)s::text[], %(subjects)s::text[], %(bodies)s::text[], %(why_nots)s::text[])
    AS t(customer, cause_kind, cause_id, once_key, address, subject, body, why_not)
ON CONFLICT DO NOTHING RETURNING id, customer_id, status
"""

PERSON = ("pk", "merged_into_id", "name", "language", "status", "email", "email_key", "contact_changed_at")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person in one membership. `facts` are what the text may name (programs.notice_texts), days in the program's
    zone. With a `once_key` the person gets the notice for that key once, whenever and wherever it is raised again."""

    customer_id: int
    membership_id: int
    number: str
    facts: Mapping[str, Value] = field(default_factory=dict)
    once_key: str = ""
    cause: tuple[str, int] | None = None


class _Person(NamedTuple):
    """What a notice needs of the customer."""

    pk: int
    merged_into: int | None
    name: str | None
    language: str
    status: str
    email: str | None
    email_key: str | None
    contact_changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Row:
    recipient: Recipient
    customer: _Person
    address: str | None = None
    text: Text | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """A message that was written: waiting to be sent, or suppressed."""

    message_id: int
    customer_id: int
    membership_id: int
    status: MessageStatus


def raise_each(program: Program, code: str, recipients: Sequence[Recipient]) -> list[Raised]:
    """Write the notice for all of them by a handful of statements, in the caller's transaction; a thousand or two at a
    time. What was written; nothing for those who had it before."""
    with in_program(program):
        new = _not_yet_raised(program, code, recipients)
        if not new:
            return []
        rows = _rows(design_of(program.pk), code, new)
        memberships = {row.customer.pk: row.recipient.membership_id for row in rows}
        written = [
            Raised(pk, customer, memberships[customer], status) for pk, customer, status in _insert(program, code, rows)
        ]
        if written:
            record_events(
                "notice.raised", program_id=program.pk, facts={one.message_id: _told(one, code) for one in written}
            )
        return written


def raise_many(program: Program, code: str, recipients: Sequence[Recipient]) -> Counter[str]:
    """The same; how many messages are `waiting` to be sent and how many `suppressed`."""
    return Counter(one.status for one in raise_each(program, code, recipients))


def raise_notice(program: Program, code: str, recipient: Recipient) -> Counter[str]:
    """The same for one person."""
    return raise_many(program, code, [recipient])


def _told(one: Raised, code: str) -> dict[str, Any]:
    return {"notice": code, "customer": one.customer_id, "membership": one.membership_id, "status": one.status}


def _not_yet_raised(program: Program, code: str, recipients: Sequence[Recipient]) -> list[tuple[Recipient, _Person]]:
    """Each with the record that stands for the person, without those who had the notice under the same key: by
    another address counts too."""
    asked = _people({one.customer_id for one in recipients})
    living = _people({one.merged_into for one in asked.values() if one.merged_into is not None})
    people = {pk: one if one.merged_into is None else living[one.merged_into] for pk, one in asked.items()}
    keyed = {one.once_key for one in recipients if one.once_key}
    earlier = Message.objects.filter(
        customer__any_of={one.pk for one in people.values()}, program=program, template=code, once_key__any_of=keyed
    )
    had = set(earlier.values_list("customer_id", "once_key")) if keyed else set()
    found = ((one, people[one.customer_id]) for one in recipients)
    return [(one, person) for one, person in found if (person.pk, one.once_key) not in had]


def _people(ids: Collection[int]) -> dict[int, _Person]:
    """By their ids; none where none are asked for."""
    rows = Customer.objects.filter(pk__any_of=ids).values_list(*PERSON) if ids else ()
    return {row[0]: _Person._make(row) for row in rows}


def _rows(design: Design, code: str, recipients: Sequence[tuple[Recipient, _Person]]) -> list[_Row]:
    people = {customer.pk: customer for _, customer in recipients}
    reasons = reasons_not_to_send(people.values(), MessagePurpose.NOTICE)
    wanting = [one for pk, one in people.items() if not reasons[pk]]
    addresses = addresses_of_many(wanting, settled_days=design.program.settled_address_days)
    by_language = {one: text_for(design, code, one) for one in {person.language for person in people.values()}}
    rows: list[_Row] = []
    for recipient, customer in recipients:
        words = by_language[customer.language]
        why_not = reasons[customer.pk] or ("" if words else NO_TEXT) or ("" if addresses[customer.pk] else NO_ADDRESS)
        if why_not or words is None:
            rows.append(_Row(recipient, customer, why_not=why_not))
            continue
        text = written_for(design.program, customer.name or "", recipient, words)
        rows += [_Row(recipient, customer, address=one, text=text) for one in addresses[customer.pk]]
    return rows


def written_for(program: Program, name: str, recipient: Recipient, words: Text) -> Text:
    """What that person reads: greeting, the text with its values, program and membership."""
    facts = {**recipient.facts, "customer": name, "program": program.name, "membership": recipient.number}
    text = filled(words, facts)
    context = {"customer": {"name": name}, "program": program, "membership": recipient.number, "text": text.body}
    with translation.override(text.language):
        return Text(text.subject[:LONGEST_SUBJECT], drawn("messages/notice.txt", context).strip() + "\n", text.language)


def _insert(program: Program, code: str, rows: Sequence[_Row]) -> list[tuple[int, int, MessageStatus]]:
    causes = [row.recipient.cause or ("", None) for row in rows]
    given: dict[str, Any] = {
        "program": program.pk,
        "code": code,
        "now": clock.now(),
        "customers": array(row.customer.pk for row in rows),
        "cause_kinds": texts(kind for kind, _ in causes),
        "cause_ids": array(pk for _, pk in causes),
        "once_keys": texts(row.recipient.once_key for row in rows),
        "addresses": texts(row.address for row in rows),
        "subjects": texts(None if row.text is None else row.text.subject for row in rows),
        "bodies": texts(None if row.text is None else row.text.body for row in rows),
        "why_nots": texts(row.why_not for row in rows),
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT, given)
        return [(pk, customer, MessageStatus(status)) for pk, customer, status in cursor.fetchall()]
