"""What a sale with its credits writes, as statements of one round trip, in the order in which rows name each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from activities import transaction_statements as statements
from activities.calls import AnswerKey
from activities.finishing import event_facts as activity_facts
from activities.models import MemberActivity, Transaction
from activities.rules.applying import effect_columns, use_columns
from activities.rules.deciding import Decision
from activities.rules.posting import credit_of, places_of
from activities.rules.wave import Decided, Postings, Processed
from activities.transaction_answers import SALE_FORM
from activities.transaction_calls import TransactionCall
from activities.transaction_rows import Line, event_facts, lines_of, transaction_columns
from activities.transaction_shown import shape_of, told_of_processed
from common.actor import Actor
from common.arrays import array, texts
from common.db import next_ids
from common.partial import partial_row
from common.pipeline import Filled
from memberships.models import Membership
from points.crediting_many import DraftedCredits, draft_credits
from points.drafts import Account
from points.models import PostingKind
from programs.design import Design

encoded = DjangoJSONEncoder().encode
NOT_POSTED = Postings()


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as it was decided, under the locks of the membership and of its `accounts` (by set and point type)."""

    call: TransactionCall
    design: Design
    actor: Actor
    now: datetime
    activity: MemberActivity
    membership: Membership
    decision: Decision
    accounts: Mapping[tuple[int, int], Account]

    @property
    def decided(self) -> Decided:
        return Decided(self.activity, self.activity.type, self.membership, self.decision)


def written(sale: Sale, key: AnswerKey | None) -> list[Filled] | None:
    """The last one answers. None where an account is closed, missing or owes points."""
    drafted = _credited(sale, key)
    if drafted is None:
        return None
    postings = Postings(drafted.written()[0]) if drafted.done else NOT_POSTED
    if postings.earned is not None:
        sale.activity.posting_id = postings.earned.id
    columns = transaction_columns(
        sale.call,
        program_id=sale.design.program.pk,
        business_unit=sale.design.program.business_unit,
        customer_id=sale.activity.customer_id,
        at=sale.activity.occurred_at,
        recorded_at=sale.now,
        actor=sale.actor,
    )
    return list(_statements(sale, partial_row(Transaction, **columns), drafted, postings, key))


def _credited(sale: Sale, key: AnswerKey | None) -> DraftedCredits | None:
    design, decided = sale.design, sale.decided
    found = {code: sale.accounts.get(place) for code, place in places_of(decided, design).items()}
    plain = {code: one.id for code, one in found.items() if one is not None and not one.closed and not one.debt}
    if len(plain) < len(found):
        return None
    credit = credit_of(decided, plain, design)
    accounts = {one.id: one for one in sale.accounts.values()}
    return draft_credits(
        [] if credit is None else [credit],
        accounts,
        PostingKind.EARN,
        program_id=design.program.pk,
        actor=sale.actor,
        key=None if key is None else key.digest,
    )


def _statements(
    sale: Sale, row: Transaction, drafted: DraftedCredits, postings: Postings, key: AnswerKey | None
) -> Iterator[Filled]:
    design, activity, items = sale.design, sale.activity, lines_of(sale.call)
    done = Processed(activity, design, sale.decision.effects, postings)
    if drafted.done:
        yield statements.CREDIT.filled(drafted.parameters)
    yield statements.SALE.filled(
        {
            **effect_columns([sale.decided], {activity.pk: postings}, design),
            **use_columns(sale.decision.uses),
            **_item_columns(items),
            **_columns(row, activity),
            **_events(row, done),
        }
    )
    membership = sale.membership
    yield statements.ANSWER.filled(
        {
            "program": design.program.pk,
            "channel": row.channel_id,
            "posting": activity.posting_id,
            "now": sale.now,
            "sets": [one for one in (membership.pool_id, membership.own_set_id) if one is not None],
            "context": encoded(shape_of(row, items, [told_of_processed(done, design)], balances=())),
            "form": SALE_FORM,
            "record": next_ids("gateway_idempotencyrecord_id_seq")[0],
            "key": key and key.digest,
            "request": key and key.request,
        }
    )


def _columns(row: Transaction, activity: MemberActivity) -> dict[str, Any]:
    """Of the transaction (t_) and of the activity (v_), and what both have."""
    return {
        "program": row.program_id,
        "channel": row.channel_id,
        "user": row.user_id,
        "customer": row.customer_id,
        "membership": activity.membership_id,
        "type": activity.type_id,
        "at": row.occurred_at,
        "recorded_at": row.recorded_at,
        "reference": row.reference,
        "location": row.location,
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "business_unit": row.business_unit,
        "posting": activity.posting_id,
        "partner": activity.partner_id,
        "t_id": str(row.pk),
        "t_type": str(row.type),
        "v_activity": str(activity.pk),
        "v_status": str(activity.status),
        "v_currency": activity.currency,
        "v_attributes": activity.attributes and encoded(activity.attributes),
    }


def _item_columns(items: Sequence[Line]) -> dict[str, str]:
    return {
        "i_line": array(one.line for one in items),
        "i_sku": texts(one.sku for one in items),
        "i_category": texts(one.category for one in items),
        "i_quantity": array(one.quantity for one in items),
        "i_amount": array(one.amount for one in items),
    }


def _events(row: Transaction, done: Processed) -> dict[str, Any]:
    activity = done.activity
    facts = [activity_facts(done, done.design), event_facts(row, [activity.membership_id])]
    return {
        "n_kind": array([f"activity.{activity.status}", "transaction.taken"]),
        "n_subject": array([activity.pk, row.pk]),
        "n_facts": encoded(facts),
    }
