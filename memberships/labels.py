"""The labels on memberships: words that rules and campaigns ask for (domain 1.7)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import NotAllowed
from common.history import audit_context, recording
from gateway.events import record_events
from memberships.errors import LabelRefused, MembershipEnded, ReasonMissing
from memberships.locking import locked_memberships
from memberships.models import LabelSource, Membership, MembershipLabel
from programs.design import Design, design_of
from programs.models import Label

MANAGE = "memberships:manage"

GIVEN = """given AS (
    SELECT DISTINCT membership, label FROM unnest(%s::bigint[], %s::bigint[]) AS t(membership, label)
)"""
ADD = """changed AS (
    INSERT INTO memberships_membershiplabel (membership_id, program_id, label_id, source, since, reason)
    SELECT t.membership, %s, t.label, %s, %s, %s FROM given t
    WHERE NOT EXISTS (SELECT 1 FROM memberships_membershiplabel l
        WHERE l.membership_id = t.membership AND l.label_id = t.label AND l.ended_at IS NULL)
    ORDER BY 1, 3 RETURNING *
)"""
REMOVE = """changed AS (
    UPDATE memberships_membershiplabel l SET ended_at = GREATEST(%s, l.since) FROM given t
    WHERE l.membership_id = t.membership AND l.label_id = t.label AND l.ended_at IS NULL RETURNING l.*
)"""

# A membership and the code of a label.
Pair = tuple[int, str]


def labels_by_code(design: Design) -> dict[str, Label]:
    """Kept with the design's version."""
    found = design.derived.get("labels")
    if not isinstance(found, dict):
        labels = Label.objects.filter(program_id=design.program.pk).order_by("code")
        found = design.derived["labels"] = {one.code: one for one in labels}
    return found


def label_of(design: Design, code: str) -> Label:
    """Raises LabelRefused."""
    labels = labels_by_code(design)
    if code not in labels:
        raise LabelRefused(f"{design.program.name} has no label “{code}”.", facts={"labels": sorted(labels)})
    return labels[code]


def labels_of(membership_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The codes of the labels on them now, of every membership asked for."""
    rows = MembershipLabel.objects.filter(membership__in=list(membership_ids), ended_at__isnull=True)
    found: dict[int, set[str]] = {pk: set() for pk in membership_ids}
    for membership_id, code in rows.values_list("membership_id", "label__code"):
        found[membership_id].add(code)
    return {pk: frozenset(codes) for pk, codes in found.items()}


def add_many(
    pairs: Sequence[Pair],
    *,
    design: Design,
    at: datetime,
    actor: Actor,
    source: str = LabelSource.RULE,
    reason: str = "",
) -> set[Pair]:
    """Put the labels on, where they are not; those that were put on. The memberships are locked by the caller.

    Raises LabelRefused.
    """
    extra = [design.program.pk, str(source), at, reason[:120]]
    with in_program(design.program), audit_context(actor, reason):
        return _changed(ADD, pairs, extra, "+", design=design, event="label.added")


def remove_many(pairs: Sequence[Pair], *, design: Design, at: datetime, actor: Actor, reason: str = "") -> set[Pair]:
    """Take the labels off, where they are; those that were taken off. Raises LabelRefused."""
    with in_program(design.program), audit_context(actor, reason):
        return _changed(REMOVE, pairs, [at], "~", design=design, event="label.removed")


def add_label(membership: Membership, *, code: str, actor: Actor, reason: str) -> bool:
    """By hand, with a reason; whether it was not there. Raises NotAllowed, ReasonMissing, MembershipEnded,
    LabelRefused."""
    with in_program(membership.program_id), audit_context(actor, reason):
        design, at = _opened(membership, actor=actor, reason=reason)
        pairs = [(membership.pk, code)]
        return bool(add_many(pairs, design=design, at=at, actor=actor, source=LabelSource.MANUAL, reason=reason))


def remove_label(membership: Membership, *, code: str, actor: Actor, reason: str) -> bool:
    """By hand, with a reason; whether it was there. Raises as `add_label`."""
    with in_program(membership.program_id), audit_context(actor, reason):
        design, at = _opened(membership, actor=actor, reason=reason)
        return bool(remove_many([(membership.pk, code)], design=design, at=at, actor=actor, reason=reason))


def _opened(membership: Membership, *, actor: Actor, reason: str) -> tuple[Design, datetime]:
    if actor.kind == "channel" or not actor.may(MANAGE, membership.program_id):
        raise NotAllowed("Staff with the right to manage memberships give labels.", facts={"action": MANAGE})
    if not reason.strip():
        raise ReasonMissing("A label is put on and taken off by hand with a reason.")
    (locked,) = locked_memberships([membership.pk])
    if not locked.current:
        raise MembershipEnded(f"{locked.number} has ended.", facts={"membership": locked.pk})
    design = design_of(locked.program_id)
    return design, program_now(design.program)


def _changed(
    body: str, pairs: Sequence[Pair], extra: list[Any], kind: Literal["+", "~"], *, design: Design, event: str
) -> set[Pair]:
    if not pairs:
        return set()
    ids = {label_of(design, code).pk: code for _, code in pairs}
    by_code = {code: pk for pk, code in ids.items()}
    given = [[membership for membership, _ in pairs], [by_code[code] for _, code in pairs]]
    told, origin = recording(MembershipLabel, rows="changed", kind=kind)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {GIVEN}, {body}, told AS ({told}) SELECT membership_id, label_id FROM changed",  # noqa: S608
            [*given, *extra, *origin],
        )
        done = {(membership, ids[label]) for membership, label in cursor.fetchall()}
    _tell(event, done, design)
    return done


def _tell(event: str, done: set[Pair], design: Design) -> None:
    if not done:
        return
    facts: dict[int, dict[str, list[str]]] = {}
    for membership_id, code in sorted(done):
        facts.setdefault(membership_id, {"labels": []})["labels"].append(code)
    record_events(event, program_id=design.program.pk, facts=facts)
