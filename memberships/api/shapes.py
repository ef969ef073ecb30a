"""Memberships and cards as channels see them (interfaces 3.1)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from cards.models import Card
from common.actor import Actor
from common.api.dry_run import row_id
from customers.masking import masked_name
from customers.models import Customer
from memberships.capabilities import capabilities_of
from memberships.card_holding import last_holders
from memberships.models import CardHolding, Member, Membership, TierStanding
from memberships.types import type_of
from points.balances import balances_of
from points.models import PointAccount
from programs.design import Design, design_of

MEMBERS = Prefetch(
    "members",
    queryset=Member.objects.filter(ended_at__isnull=True).select_related("customer").order_by("pk"),
    to_attr="open_members",
)
STANDINGS = Prefetch(
    "standings",
    queryset=TierStanding.objects.filter(ended_at__isnull=True).select_related("group", "tier").order_by("group"),
    to_attr="open_standings",
)
# Queries that show a list load these once for all of it.
SHOWN = (MEMBERS, STANDINGS)


def shown_name(customer: Customer, actor: Actor) -> str | None:
    """Channels need the name; staff see it whole once they unmasked the customer."""
    return customer.name if actor.sees(customer.pk) else masked_name(customer.name)


def membership_shape(membership: Membership, actor: Actor) -> dict[str, Any]:
    return membership_shapes([membership.pk], actor)[0]


def membership_shapes(ids: Sequence[int], actor: Actor) -> list[dict[str, Any]]:
    """In the order of the ids; program by program, for nothing here joins two of them."""
    rows = (
        Membership.objects.filter(pk__in=ids).select_related("pool", "organization_membership").prefetch_related(*SHOWN)
    )
    found = {one.pk: one for one in rows}
    by_program: dict[int, list[Membership]] = {}
    for membership in found.values():
        by_program.setdefault(membership.program_id, []).append(membership)
    shapes: dict[int, dict[str, Any]] = {}
    for program_id, memberships in by_program.items():
        shapes |= _shapes_of_program(memberships, design_of(program_id), actor)
    return [shapes[pk] for pk in ids]


def tiers_of(membership: Membership) -> list[dict[str, Any]]:
    """`open_standings` is loaded with SHOWN."""
    return [
        {
            "group": standing.group.code,
            "tier": standing.tier.code,
            "since": standing.since,
            "until": standing.until,
            "reason": standing.reason or standing.source,
        }
        for standing in membership.open_standings  # type: ignore[attr-defined]
    ]


def card_shape(card: Card) -> dict[str, Any]:
    """The face of the card: whose membership it belongs to and the tier it stands on."""
    return card_shapes([card])[0]


def card_shapes(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """Of cards of one program, in their order."""
    holders = last_holders([card.pk for card in cards])
    tiers = _highest_tiers({holding.membership_id for holding in holders.values()})
    return [_card_shape(card, holders.get(card.pk), tiers) for card in cards]


def _highest_tiers(membership_ids: Collection[int]) -> dict[int, str]:
    """By membership the code of its highest rung on any ladder."""
    rows = TierStanding.objects.filter(membership__in=membership_ids, ended_at__isnull=True)
    ranked = rows.order_by("membership_id", "-tier__rank", "group").distinct("membership")
    ranked = rows.order_by("membership_id", "-tier__rank", "group_id").distinct("membership_id")
    return dict(ranked.values_list("membership_id", "tier__code"))


def _card_shape(card: Card, holding: CardHolding | None, tiers: Mapping[int, str]) -> dict[str, Any]:
    membership = holding.membership if holding is not None else None
    return {
        "number": card.number_id,
        "program": card.program.code,
        "type": card.kind,
        "status": card.status,
        "membership": row_id(Membership, membership.pk) if membership is not None else None,
        "member_number": membership.number if membership is not None else None,
        "tier": tiers.get(membership.pk) if membership is not None else None,
        "valid_until": card.valid_until,
        "successor": card.successor.number_id if card.successor is not None else None,
        "card_type": card.card_type.code if card.card_type is not None else None,
        "form": card.card_type.form if card.card_type is not None else None,
        "holder": holding.customer_id if holding is not None else None,
        "barred_from": card.barred_from,
    }


def _shapes_of_program(memberships: Iterable[Membership], design: Design, actor: Actor) -> dict[int, dict[str, Any]]:
    sets = {membership.pk: _sets_of(membership, design) for membership in memberships}
    everything = {set_id for ids in sets.values() for set_id in ids}
    balances = balances_of(everything, design=design)
    activity = _last_activities(everything)
    return {
        membership.pk: _shape(membership, design, actor)
        | {
            "balances": [balance for set_id in sets[membership.pk] for balance in balances[set_id]],
            "last_activity_at": max((activity[one] for one in sets[membership.pk] if one in activity), default=None),
        }
        for membership in memberships
    }


def _shape(membership: Membership, design: Design, actor: Actor) -> dict[str, Any]:
    return {
        "id": row_id(Membership, membership.pk),
        "number": membership.number,
        "program": design.program.code,
        "type": membership.type,
        "status": membership.status,
        "end_reason": membership.end_reason or None,
        "superseded_by": membership.superseded_by_id,
        "organization_membership": membership.organization_membership_id,
        "organization_membership_status": _status_above(membership),
        "members": [
            {
                "customer": member.customer_id,
                "name": shown_name(member.customer, actor),
                "main": member.pk == membership.main_member_id,
                "suspended": member.suspended_at is not None,
                "joined_at": member.joined_at,
            }
            for member in membership.open_members  # type: ignore[attr-defined]
        ],
        "tiers": tiers_of(membership),
        "capabilities": capabilities_of(membership, design),
        "enrolled_at": membership.enrolled_at,
        "expires_on": membership.expires_on,
        "rests_until": membership.rests_until,
    }


def _status_above(membership: Membership) -> str | None:
    """Anything but active flags the membership: it goes on, though its organization does not."""
    umbrella = membership.organization_membership
    return None if umbrella is None else str(umbrella.status)


def _sets_of(membership: Membership, design: Design) -> list[int]:
    """The pool while the membership uses one, for it holds the default type; then the own set."""
    kind = type_of(membership.type)
    used = {kind.account_set_for(membership, point_type) for point_type in design.point_types.values()}
    return [*sorted(used - {membership.own_set_id}), membership.own_set_id]


def _last_activities(set_ids: Iterable[int]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    rows = PointAccount.objects.filter(account_set_id__in=set_ids, last_activity_at__isnull=False)
    for set_id, at in rows.values_list("account_set_id", "last_activity_at"):
        if at is not None:
            found[set_id] = max(at, found.get(set_id, at))
    return found
