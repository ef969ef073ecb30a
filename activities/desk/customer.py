"""The customer page: everything of a person on one screen."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from activities.customer_overview import MembershipView, customer_view
from activities.desk.seen import doors, name_for
from activities.effects import EffectLine
from activities.orders import USE
from activities.reward_overview import open_rewards_of
from activities.transaction_history import latest_transactions
from common.actor import Actor
from common.desk.pages import DeskPage
from customers.affiliations import today
from customers.masking import masked_document
from customers.models import (
    Address,
    ContactPreference,
    Customer,
    CustomerKind,
    CustomerStatus,
    Identification,
    Message,
)
from customers.shown import ShownMessage, shown_address, shown_customer, shown_document, shown_message
from customers.unmasking import UNMASK, UnmaskReason
from memberships.able import VERBS
from memberships.card_overview import card_named
from memberships.overview import HeldCard
from memberships.types import type_of
from points.overview import Latest

RETIRED = re.compile(r"[\w-]{1,40}\Z")


class CustomerPage(DeskPage):
    action = "customers:read"
    template = "desk/customer.html"
    section = "customers"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        view = customer_view(pk, self.actor)
        if view is None:
            raise Http404
        customer = view.customer
        retired = request.GET.get("retired", "")
        return self.draw(
            view=view,
            customer=customer,
            contact=shown_customer(customer, unmasked=self.actor.sees(pk)),
            facts=_facts(customer, self.actor),
            messages_sent=_messages(customer, self.actor),
            current=[membership_card(one, self.actor, of=pk) for one in view.current],
            former=[membership_card(one, self.actor, of=pk) for one in view.former],
            doors=doors(view.offers, pk),
            sales=latest_transactions(pk, self.actor),
            rewards=open_rewards_of(pk, self.actor),
            may_use_vouchers=self.may(USE),
            affiliations=_affiliations(customer, self.actor),
            may_affiliate=_may_affiliate(customer, self.actor),
            may_unmask=self.may(UNMASK),
            reasons=UnmaskReason.choices,
            retired=retired if RETIRED.match(retired) else "",
            asked_card=card_named(request.GET.get("card", ""), self.actor),
        )


def _affiliations(customer: Customer, actor: Actor) -> list[dict[str, Any]]:
    """Where the person belongs or belonged; the personnel number as far as the viewer sees personal values."""
    day, rows = today(), []
    for found in cast(Any, customer).affiliations_found:
        ends = {name: found[name] and date.fromisoformat(found[name]) for name in ("valid_from", "valid_until")}
        number = found["personnel_number"]
        told = {
            "organization_name": found["name"] or found["number"],
            "personnel_number": number if actor.sees(customer.pk) else masked_document(number),
            "over": ends["valid_until"] is not None and ends["valid_until"] < day,
            "ahead": ends["valid_from"] > day,
        }
        rows.append(found | ends | told)
    return rows


def _may_affiliate(customer: Customer, actor: Actor) -> bool:
    active = customer.status == CustomerStatus.ACTIVE and customer.merged_into_id is None
    return active and customer.kind == CustomerKind.PERSON and actor.may("customers:write", None)


def membership_card(one: MembershipView, actor: Actor, *, of: int | None = None) -> dict[str, Any]:
    """What the card of a membership shows beside the rows themselves; `of` is the customer whose page it stands on."""
    participation = one.participation
    membership = participation.membership
    ways = doors(one.offers, membership.pk)
    return {
        "membership": membership,
        "anonymous": type_of(membership.type).takes_exception,
        "program": participation.design.program,
        "zone": participation.design.zone,
        "participation": participation,
        "climbs": one.climbs,
        "people": [(person, name_for(actor, person.id, person.name)) for person in participation.people],
        "accounts": one.accounts,
        "main": next((account for account in one.accounts if account.point_type.is_default), None),
        "ending": [(account, ending) for account in one.accounts for ending in account.soon],
        "rested": [account for account in one.accounts if account.rested_at],
        "exempt": next((account.exempt_until for account in one.accounts if account.exempt_until), None),
        "frozen": _frozen(one),
        "may_release": actor.may("points:redeem", membership.program_id),
        "holds": [(account, hold) for account in one.accounts for hold in account.holds],
        "waiting": [(account, waiting) for account in one.accounts for waiting in account.waiting],
        "latest": [_posted(entry, one) for entry in one.latest],
        "cards": cards_shown(one, actor, of),
        "may_manage_cards": actor.may("cards:manage", membership.program_id),
        "abilities": abilities(one),
        "open_change": one.open_change,
        "missing": [(person.pk, name_for(actor, person.pk, person.name)) for person in _missing(one)],
        "doors": [door for door in ways if not door.reason],
        "closed_doors": [door for door in ways if door.reason],
    }


def cards_shown(one: MembershipView, actor: Actor, of: int | None) -> list[tuple[HeldCard, str]]:
    """The cards in hand; where several people have some, whose each is, those of the customer `of` first."""
    participation = one.participation
    names = {person.id: name_for(actor, person.id, person.name) or "" for person in participation.people}
    if of is not None:
        names[of] = _("of this customer")
    several = len({card.customer_id for card in participation.cards}) > 1
    own_first = sorted(participation.cards, key=lambda card: card.customer_id != of)
    return [(card, names.get(card.customer_id or 0, "") if several else "") for card in own_first]


def _frozen(one: MembershipView) -> tuple[datetime, int | None] | None:
    """Until when nothing is spent, and which change of the membership is being decided."""
    until = max((account.frozen_until for account in one.accounts if account.frozen_until), default=None)
    if until is None:
        return None
    return until, one.open_change.change.pk if one.open_change else None


def _missing(one: MembershipView) -> Sequence[Customer]:
    """Whose consent its open change waits for."""
    return () if one.open_change is None else one.open_change.missing


def abilities(one: MembershipView) -> dict[str, Any]:
    """What it may, and what it may not for which reason: one line a reason."""
    found = one.participation.abilities
    against: dict[str, list[str]] = {}
    for ability in found:
        if ability.reason:
            against.setdefault(ability.reason, []).append(_(VERBS[ability.capability]))
    return {
        "may": [_(VERBS[ability.capability]) for ability in found if not ability.reason],
        "against": [(reason, verbs) for reason, verbs in against.items()],
        "everything": not against,
    }


def _posted(entry: Latest, one: MembershipView) -> tuple[Latest, Any, Sequence[EffectLine]]:
    """With its point type and what the rules say."""
    point_type = _type_of(entry.account_id, one)
    return entry, point_type, one.why.get((entry.posting_id, point_type.pk), ())


def _type_of(account_id: int, one: MembershipView) -> Any:
    return next(account.point_type for account in one.accounts if account.account_id == account_id)


def _facts(customer: Customer, actor: Actor) -> list[tuple[str, Any]]:
    """What stands beside name and contact, masked as they are."""
    whole, rows = actor.sees(customer.pk), cast(Any, customer)
    facts: list[tuple[str, Any]] = [
        (_("Language"), customer.language),
        (_("Other numbers"), ", ".join(number for number in rows.all_numbers if number != customer.number)),
    ]
    for found in rows.addresses_found:
        address = shown_address(Address(**found), unmasked=whole)
        town = " ".join(filter(None, (address.postal_code, address.city)))
        facts.append((address.kind.capitalize(), ", ".join(filter(None, (address.lines, town, address.country)))))
    for found in rows.documents_found:
        document = shown_document(Identification(**found), unmasked=whole)
        facts.append((document.kind.capitalize(), document.number))
    if rows.preferences_found:
        told = (ContactPreference(**found) for found in rows.preferences_found)
        facts.append((_("May be contacted by"), ", ".join(str(one) for one in told)))
    return facts


def _messages(customer: Customer, actor: Actor) -> list[ShownMessage]:
    """The latest first, as the database's JSON tells them."""
    found = []
    for told in cast(Any, customer).messages_found:
        program, at = told.pop("program"), datetime.fromisoformat(told.pop("at"))
        row = Message(customer=customer, **told)
        found.append(shown_message(row, program=program, at=at, unmasked=actor.sees(customer.pk)))
    return found
