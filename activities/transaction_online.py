"""A sale in two round trips, for the plain case: rules that only credit points, on a membership named by its id.

The first one locks and reads what the rules ask, as they are asked for a wave (activities.processing); the second one
writes everything and the answer. What is not plain - a refusal, a debt to repay, a rung to climb, points to pay with -
writes nothing here and answers None; the caller then takes the general form, which handles or explains it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from activities import transaction_statements as statements
from activities.calls import AnswerKey
from activities.claimed import turn_of
from activities.models import ActivityStatus, MemberActivity
from activities.online import EPOCH, RACES, Sent
from activities.partners import active_partner
from activities.rules.compiled import CompiledRule, Needs, needs, rules_for
from activities.rules.deciding import Decision, Effect, decide, points_of
from activities.rules.errors import RuleFailed
from activities.rules.facts import ItemFacts, Use, UseKey
from activities.rules.loading import Shared, facts_of_one, state_of, state_parts
from activities.rules.vocabulary import vocabulary_of
from activities.timing import event_time
from activities.transaction_calls import TAKE, TransactionCall
from activities.transaction_writing import Sale, written
from activities.types import activity_type
from common.actor import Actor
from common.arrays import array
from common.clock import program_now
from common.db import next_ids, sqlstate
from common.errors import LoyaltyError
from common.partial import partial_row
from common.pipeline import Conversation, Filled, Row, converse
from memberships.capabilities import able_states
from memberships.figures import points_question
from memberships.ladders import Ladder, ladders_of, reviewed_states
from memberships.models import Member, Membership
from memberships.programs import program_for
from points.drafts import Account
from programs.design import Design, design_of
from programs.models import ExpiryPolicy, PointType, TierPeriod
from programs.tiers import Period

PAYLOADS = ("tier", "attribute", "benefit", "label", "reward", "notice")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that may be plain, with what its rules want to know."""

    call: TransactionCall
    membership_id: int
    design: Design
    actor: Actor
    at: datetime
    now: datetime
    partner_id: int | None
    rules: tuple[CompiledRule, ...]
    needs: Needs
    # Those that points feed, with the period that decides now.
    ladders: tuple[tuple[Ladder, PointType, Period], ...]


def take_online(call: TransactionCall, *, actor: Actor, key: AnswerKey | None = None) -> Sent | None:
    """The facts of the answer; None where it is not the plain case, or stands under its key already."""
    database = connections[DEFAULT_DB_ALIAS]
    asked = None if database.in_atomic_block else _asked(call, actor)
    if asked is None:
        return None
    database.ensure_connection()
    try:
        with database.wrap_database_errors:
            answer = converse(database.connection, lambda talk: _answered(asked, key, talk))
    except DatabaseError as error:
        if sqlstate(error) in RACES:
            return None
        raise
    return list(json.loads(answer[0] or b"")) if answer else None


def _answered(asked: Asked, key: AnswerKey | None, talk: Conversation) -> Row:
    sale = _decided(asked, talk.ask(_questions(asked)))
    writing = sale and written(sale, key)
    return talk.finish(writing)[-1] if writing else None


def _asked(call: TransactionCall, actor: Actor) -> Asked | None:
    if call.membership_id is None or call.redeem is not None:
        return None
    program_id = program_for(actor, call.membership_id)
    if program_id is None or not actor.may(TAKE, program_id):
        return None
    design = design_of(program_id)
    try:
        at = event_time(call.occurred_at, design)
        rules = rules_for(design, at, activity_type(design, call.type).code)
        partner_id = None if call.partner is None else active_partner(design, call.partner).pk
    except LoyaltyError:
        return None
    # The names in the answer are read now: while the two round trips last nothing else can be asked.
    vocabulary_of(design)
    wanted, now = needs(rules), program_now(design.program)
    if not _is_plain(design) or wanted.program_uses or wanted.budgets:
        return None
    ladders = tuple(
        (one, one.point_type, one.period(at=now, enrolled_at=at, zone=design.zone))
        for one in ladders_of(design)
        if one.point_type is not None
    )
    return Asked(call, call.membership_id, design, actor, at, now, partner_id, rules, wanted, ladders)


def _is_plain(design: Design) -> bool:
    """Where points live from activity, a sale moves the end of all of them; and which period of an anniversary decides
    is known only with the membership."""
    kept = design.derived.get("plain_sales")
    if not isinstance(kept, bool):
        resting = any(one.expiry_policy == ExpiryPolicy.INACTIVITY for one in design.point_types.values())
        own = any(one.group.period == TierPeriod.ANNIVERSARY for one in ladders_of(design))
        kept = design.derived["plain_sales"] = not resting and not own
    return kept


def _questions(asked: Asked) -> list[Filled]:
    """Locks first; then, with a younger snapshot, the membership, the figures of its ladders, the uses of caps."""
    design, program = asked.design, asked.design.program
    given = {
        "program": program.pk,
        "membership": asked.membership_id,
        "member": asked.call.member,
        "design": design.version,
        "states": able_states(design, "earn"),
        "pooled": True,
        "reference": asked.call.reference,
        "turn": turn_of(asked.call.reference, program.pk),
        "at": asked.at,
        "now": asked.now,
        "types": [design.by_code[code].pk for code in sorted(asked.needs.points)],
        "campaigns": sorted(asked.needs.campaigns),
    }
    home = statements.home(tuple(state_parts(asked.needs)))
    found = [one.filled(given) for one in (statements.LOCK_MEMBERSHIP, statements.LOCK_ACCOUNTS, home)]
    for ladder, point_type, period in asked.ladders:
        expired, parameters = points_question({asked.membership_id: period}, ladder, point_type, at=asked.now)
        found.append(statements.figure(expired).filled(parameters))
    if asked.needs.uses:
        capped = [one.rule_id for one in asked.rules if one.definition and one.definition.caps]
        day = asked.at.astimezone(design.zone).date()
        uses = {"rules": sorted(capped), "memberships": [asked.membership_id], "days": array([day])}
        found.append(statements.USES.filled(uses))
    return found


def _decided(asked: Asked, rows: Sequence[Row]) -> Sale | None:
    """What the rules make of it; None where that is more than points, or what a general form must look at."""
    _, _, home, *others = rows
    if home is None:
        return None
    known = _json(home)
    if known["claimed"]:
        return None
    figures, uses = others[: len(asked.ladders)], others[len(asked.ladders) :]
    membership = _membership(asked, known)
    activity = _activity(asked, membership, known["person"])
    shared = Shared(_uses(_json(uses[0])) if uses else {}, {})
    decision = _decision(asked, activity, membership, _of_rules(known["asked"]), shared)
    if decision is None or _climbs(asked, membership, known["standings"] or (), figures, decision):
        return None
    accounts = {(set_id, type_id): _account(pk, type_id, *rest) for set_id, pk, type_id, *rest in known["accounts"]}
    return Sale(asked.call, asked.design, asked.actor, asked.now, activity, membership, decision, accounts)


def _decision(
    asked: Asked, activity: MemberActivity, membership: Membership, found: Mapping[str, Any], shared: Shared
) -> Decision | None:
    state = state_of(activity, membership, found, design=asked.design, shared=shared)
    items = tuple(ItemFacts(one.sku, one.category, one.quantity, one.amount) for one in asked.call.items)
    try:
        decision = decide(state, facts_of_one(activity, items, design=asked.design), asked.rules)
    except RuleFailed:
        return None
    return decision if all(_only_credits(one) for one in decision.effects) else None


def _only_credits(effect: Effect) -> bool:
    return (effect.points or 0) > 0 and not any(getattr(effect, name) for name in PAYLOADS)


def _climbs(
    asked: Asked, membership: Membership, standings: Sequence[int], figures: Sequence[Row], decision: Decision
) -> bool:
    """Whether it may reach a rung or change a period that is over, as far as points credited can tell."""
    if (membership.status, membership.type) not in reviewed_states(asked.design):
        return False
    given = points_of(decision.effects)
    for (ladder, point_type, period), row in zip(asked.ladders, figures, strict=True):
        if point_type.code in given:
            if ladder.ends and period.start is not None and asked.at < period.start:
                return True
            before = sum(one["points"] for one in _json(row))
            stood = next((tier for tier in ladder.tiers if tier.pk in standings), None)
            if stood is None or ladder.reached(before + given[point_type.code]).rank > stood.rank:
                return True
    return False


def _json(row: Row) -> Any:
    return json.loads(row[0] or b"") if row else None


def _uses(rows: Sequence[Mapping[str, Any]]) -> dict[UseKey, Use]:
    return {
        UseKey(one["rule_id"], one["membership_id"], one["day"] and date.fromisoformat(one["day"])): Use(
            one["times"], one["points"]
        )
        for one in rows
    }


def _of_rules(found: dict[str, Any]) -> dict[str, Any]:
    """Dates are text in JSON."""
    born = found.get("birth_date")
    return found | {"birth_date": date.fromisoformat(born)} if born else found


def _membership(asked: Asked, known: Mapping[str, Any]) -> Membership:
    """As far as rules and points ask for it."""
    main = known["main"]
    return partial_row(
        Membership,
        None if main is None else {"main_member": Member(pk=main, customer_id=known["main_customer"])},
        id=asked.membership_id,
        program_id=asked.design.program.pk,
        type=known["type"],
        status=known["status"],
        own_set_id=known["own_set"],
        pool_id=known["pool"],
        main_member_id=main,
        enrolled_at=EPOCH + timedelta(microseconds=known["enrolled_at"]),
    )


def _activity(asked: Asked, membership: Membership, person_id: int) -> MemberActivity:
    call = asked.call
    return partial_row(
        MemberActivity,
        {"type": activity_type(asked.design, call.type), "membership": membership},
        id=next_ids("activities_memberactivity_id_seq")[0],
        program_id=asked.design.program.pk,
        customer_id=person_id,
        channel_id=asked.actor.channel_id,
        user_id=asked.actor.user_id,
        status=ActivityStatus.PROCESSED,
        points=None,
        reference=call.reference,
        location=call.location,
        occurred_at=asked.at,
        recorded_at=asked.now,
        posting_id=None,
        partner_id=asked.partner_id,
        amount=call.total,
        currency=call.currency if call.total is not None else None,
        attributes=dict(call.attributes) or None,
        redirected_from=None,
        problem=None,
    )


def _account(pk: int, type_id: int, *figures: Any) -> Account:
    balance, entry_count, debt, earned, redeemed, closed = figures
    return Account(pk, type_id, balance, entry_count, debt, earned, redeemed, closed, None, None)
