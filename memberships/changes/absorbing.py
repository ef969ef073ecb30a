"""An anonymous membership is taken in by the registered one of the person who has its card (domain 1.9, 1.10)."""

from cards.models import CardKind
from cards.types import type_for
from memberships.changes.accounts import later_clock, unite_accounts
from memberships.changes.attributes import carry_attributes
from memberships.changes.benefits import carry_benefits
from memberships.changes.merging import into_home
from memberships.changes.moving import end_into, move_cards, stand_highest
from memberships.changes.plan import Work
from memberships.registrations import settle
from memberships.standings import refresh_exemption
from points.models import PostingKind


def absorb(work: Work) -> None:
    """Its points, debts, holds and higher tier go along; the temporary card becomes an additional one."""
    target, source, registrant_id = work.plan.prime, work.plan.secondary, work.plan.receiver_id
    assert source is not None  # noqa: S101 - a row with two sides
    moving = into_home(work, source, target, contributor_id=registrant_id)
    end_into(work, source, target)
    for holding in move_cards(work, source, target, customer_id=None, to_customer_id=registrant_id):
        if holding.card.kind == CardKind.TEMPORARY:
            card_type = type_for(work.plan.design.program, kind=CardKind.ADDITIONAL)
            work.record.alter(holding.card, kind=CardKind.ADDITIONAL, valid_until=None, card_type=card_type)
    carry_benefits(work, source, {registrant_id: target} if registrant_id is not None else {})
    stand_highest(work, target, [source])
    carry_attributes(work, target, [source])
    refresh_exemption(target)
    unite_accounts(work, moving, kind=PostingKind.MERGE)
    later_clock(work, [source.own_set_id], target.own_set)
    settle(source, work.change, receiver_id=registrant_id, at=work.at)
    work.change.result = target
