"""The API's <transaction>: just taken, or read again (interfaces 3.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activities.general import posting_shape
from activities.models import MemberActivity, RuleEffect, Transaction, TransactionItem
from activities.reading import balances
from activities.rules.shown import effects_of
from activities.rules.wave import Processed
from activities.transaction_rows import Line
from common.actor import Actor
from common.errors import NotFound
from points.balances import iso
from points.drafts import Posted
from points.models import Entry, Posting
from programs.design import Design, design_of

NOWHERE_TOLD = {
    "not_a_member": "The customer takes part in the program no longer or not yet: recorded, and nothing was earned.",
    "no_program_named": "No program was named: recorded for the customer, and nothing was earned.",
    "nobody_named": "Neither customer nor membership was named: recorded, and nothing was earned.",
}
NO_TRANSACTION = "There is no such transaction that you can see."


@dataclass(frozen=True, slots=True)
class Told:
    """An activity of the transaction with what came of it, as the API shows it."""

    activity: MemberActivity
    postings: Sequence[dict[str, Any]]
    effects: Sequence[dict[str, Any]] = ()


def told_of_processed(done: Processed, design: Design) -> Told:
    return Told(done.activity, _of_rules(done, design), done.effects)


def told_of_posting(activity: MemberActivity, posted: Posted, ruled: Processed | None, design: Design) -> Told:
    """What was posted by figures, and what rules made of it."""
    first = posting_shape(posted, design)
    if ruled is None:
        return Told(activity, [first])
    return Told(activity, [first, *_of_rules(ruled, design)], ruled.effects)


def _of_rules(done: Processed, design: Design) -> list[dict[str, Any]]:
    return [posting_shape(one, design) for one in (done.posted, done.spent) if one is not None]


def visible_transaction(actor: Actor, pk: int) -> Transaction:
    """NotFound where it does not exist or belongs to a program the actor has no part in; one outside of programs is
    the channel's that sent it, and that of whoever sees all programs."""
    row: Transaction | None = Transaction.objects.filter(pk=pk).first()
    if row is None or not sees(actor, row):
        raise NotFound(NO_TRANSACTION)
    return row


def sees(actor: Actor, row: Transaction) -> bool:
    if actor.programs is None:
        return True
    if row.program_id is None:
        return row.channel_id == actor.channel_id or actor.is_staff
    return row.program_id in actor.programs


def shown(row: Transaction, actor: Actor) -> dict[str, Any]:
    """The <transaction> as it stands now; activities in programs the actor has no part in are left out."""
    rows = MemberActivity.objects.filter(transaction=row).select_related("type").order_by("pk")
    activities = [one for one in rows if actor.programs is None or one.program_id in actor.programs]
    return answer_of(row, told_again(activities))


def told_again(activities: Sequence[MemberActivity]) -> list[Told]:
    """What came of these activities, read from the ledger and the effects' rows."""
    effects = effects_of([one.pk for one in activities])
    postings = postings_of(activities)
    return [Told(one, postings.get(one.pk, ()), effects.get(one.pk, ())) for one in activities]


def postings_of(activities: Iterable[MemberActivity]) -> dict[int, list[dict[str, Any]]]:
    """By activity the <posting>s it caused: that of its own, and what rules spent."""
    wanted = {one.pk: one for one in activities}
    ids = posting_ids_of(wanted)
    entries: dict[int, list[Entry]] = {}
    for entry in Entry.objects.filter(posting__in=ids).select_related("account").order_by("pk"):
        entries.setdefault(entry.posting_id, []).append(entry)
    found: dict[int, list[dict[str, Any]]] = {}
    for posting in Posting.objects.filter(pk__in=ids).order_by("pk"):
        found.setdefault(ids[posting.pk], []).append(_stored(posting, entries.get(posting.pk, ())))
    return found


def posting_ids_of(activities: Mapping[int, MemberActivity]) -> dict[int, int]:
    """The activity of each posting: its own, and what only its effects name."""
    effects = RuleEffect.objects.filter(activity__in=list(activities), posting__isnull=False)
    found = dict(effects.values_list("posting_id", "activity_id"))
    return found | {one.posting_id: pk for pk, one in activities.items() if one.posting_id is not None}


def _stored(posting: Posting, entries: Iterable[Entry]) -> dict[str, Any]:
    codes = design_of(posting.program_id).point_types
    return {
        "id": posting.pk,
        "kind": posting.kind,
        "occurred_at": iso(posting.occurred_at),
        "recorded_at": iso(posting.recorded_at),
        "reason": posting.reason_code,
        "reverses": posting.reverses_id,
        "entries": [
            {
                "point_type": codes[one.account.point_type_id].code,
                "amount": one.amount,
                "balance_after": one.balance_after,
            }
            for one in entries
        ],
    }


def answer_of(row: Transaction, told: Sequence[Told], *, nowhere: str = "") -> dict[str, Any]:
    """The API's <transaction> of a row and what came of it."""
    return shape_of(row, _items(row), told, balances=_balances(told), nowhere=nowhere)


def shape_of(
    row: Transaction,
    items: Iterable[TransactionItem | Line],
    told: Sequence[Told],
    *,
    balances: Sequence[Mapping[str, Any]],
    nowhere: str = "",
) -> dict[str, Any]:
    """The same of what is at hand."""
    return {
        "id": row.pk,
        "reference": row.reference,
        "type": str(row.type),
        "program": None if row.program_id is None else design_of(row.program_id).program.code,
        "business_unit": row.business_unit,
        "customer": row.customer_id,
        "amount": None if row.amount is None else f"{row.amount:.2f}",
        "currency": row.currency,
        "location": row.location,
        "return_of": row.original_id,
        "occurred_at": iso(row.occurred_at),
        "recorded_at": iso(row.recorded_at),
        "items": [_item_shape(one) for one in items],
        "activities": [_activity_shape(one) for one in told],
        "effects": [effect for one in told for effect in one.effects],
        "balances": list(balances),
        "memberships": sorted({one.activity.membership_id for one in told}),
        "unattributed": {"code": nowhere, "detail": NOWHERE_TOLD[nowhere]} if nowhere else None,
    }


def _items(row: Transaction) -> Iterable[TransactionItem]:
    return row.items.select_related("returns").order_by("line")


def _item_shape(item: TransactionItem | Line) -> dict[str, Any]:
    return {
        "line": item.line,
        "sku": item.sku,
        "category": item.category,
        "quantity": f"{item.quantity.normalize():f}",
        "amount": f"{item.amount:.2f}",
        "returns_line": item.returns.line if item.returns else None,
    }


def _activity_shape(one: Told) -> dict[str, Any]:
    activity = one.activity
    return {
        "id": activity.pk,
        "type": activity.type.code,
        "status": str(activity.status),
        "membership": activity.membership_id,
        "member": activity.customer_id,
        "redirected_from": activity.redirected_from,
        "problem": activity.problem,
        "postings": list(one.postings),
        "effects": list(one.effects),
    }


def _balances(told: Sequence[Told]) -> list[dict[str, Any]]:
    """Of every membership touched; each says whose it is."""
    found = []
    for pk, membership in sorted({one.activity.membership_id: one.activity.membership for one in told}.items()):
        found += [{"membership": pk, **balance} for balance in balances(membership)]
    return found
