"""A customer's memberships as staff see them: who is in it, on which tiers, with which cards, and what it may do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Case, F, OuterRef, Subquery, When
from django.db.models.functions import JSONObject

from cards.issuing import REPORTED
from cards.models import CardKind, CardStatus
from common.actor import Actor
from memberships.able import reason_against
from memberships.capabilities import CAPABILITIES
from memberships.card_offers import UNREGISTERED, can_be_lost
from memberships.models import (
    CardHolding,
    ChangeParty,
    InheritedAgreement,
    Member,
    Membership,
    MembershipStatus,
    StandingSource,
    TierStanding,
)
from memberships.types import type_of
from programs.design import Design

# Of a group of hundreds the page shows the first ones and says how many there are.
MOST_PEOPLE = 50
MOST_CARDS = 20


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str | None
    main: bool
    joined_at: datetime
    suspended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    tier_id: int
    group: str
    tier: str
    color: str
    since: datetime
    until: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class HeldCard:
    id: int
    number: str
    kind: str
    status: str
    valid_until: date | None
    barred_from: datetime | None
    customer_id: int | None

    @property
    def can_be_lost(self) -> bool:
        return can_be_lost(self.status)

    @property
    def can_be_registered(self) -> bool:
        """Whether somebody may bring it and make it theirs."""
        return self.kind == CardKind.TEMPORARY and self.status in UNREGISTERED

    @property
    def can_be_replaced(self) -> bool:
        """Whether nothing else is left to do about it."""
        return self.status in REPORTED

    @property
    def kind_label(self) -> str:
        return str(CardKind(self.kind).label)

    @property
    def status_label(self) -> str:
        return str(CardStatus(self.status).label)


@dataclass(frozen=True, slots=True)
class Ability:
    """`reason` says why not, and is empty where it may."""

    capability: str
    reason: str


@dataclass(frozen=True, slots=True)
class Under:
    """The organization a membership stands under; `newest` is the version the agreement has today."""

    membership_id: int
    number: str
    status: str
    organization_id: int | None
    organization: str | None
    agreement_id: int | None = None
    agreement: str = ""
    version: int = 0
    newest: int = 0
    form: str = ""

    @property
    def is_active(self) -> bool:
        return self.status == MembershipStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Participation:
    """A membership with what stands around it; `left_at` where the person asked about is no longer in it."""

    membership: Membership
    design: Design
    people: tuple[Person, ...]
    standings: tuple[Standing, ...]
    cards: tuple[HeldCard, ...]
    abilities: tuple[Ability, ...]
    left_at: datetime | None
    open_change_id: int | None
    under: Under | None

    @property
    def sets(self) -> list[int]:
        """The own set, then the pool while the membership uses one."""
        kind = type_of(self.membership.type)
        used = {kind.account_set_for(self.membership, one) for one in self.design.point_types.values()}
        return [self.membership.own_set_id, *sorted(used - {self.membership.own_set_id})]

    @property
    def current(self) -> bool:
        return bool(self.membership.current) and self.left_at is None


def participations_of(customer_id: int, actor: Actor, designs: Mapping[int, Design]) -> list[Participation]:
    """Every membership the person takes or took part in that the actor may see; the current ones first."""
    taking_part = Member.objects.filter(customer_id=customer_id).values("membership_id")
    found = _whole(Membership.objects.visible_to(actor).filter(pk__in=taking_part))
    shown = [_participation(one, designs[one.program_id], customer_id) for one in found]
    return sorted(shown, key=lambda one: (not one.current, one.design.program.name, -one.membership.pk))


def participation(membership_id: int, actor: Actor, designs: Mapping[int, Design]) -> Participation | None:
    """One membership by itself; None where there is none that the actor may see."""
    found = _whole(Membership.objects.visible_to(actor).filter(pk=membership_id)).first()
    return None if found is None else _participation(found, designs[found.program_id], None)


def _whole(memberships: Any) -> Any:
    """With its people, standings and cards, all in the one statement."""
    is_main = Case(When(pk=F("membership__main_member_id"), then=True), default=False, output_field=BooleanField())
    people = Member.objects.filter(membership=OuterRef("pk"))
    standings = TierStanding.objects.filter(membership=OuterRef("pk"), ended_at__isnull=True)
    holdings = CardHolding.objects.filter(membership=OuterRef("pk"), held_until__isnull=True)
    parties = ChangeParty.objects.filter(membership=OuterRef("pk"), is_open=True)
    inherited = InheritedAgreement.objects.filter(membership=OuterRef("pk"), ended_at__isnull=True)
    beside = ("pool", "organization", "organization_membership__organization")
    return memberships.select_related(*beside).order_by("pk").annotate(
        open_change_id=Subquery(parties.values("change_id")[:1]),
        inherited_found=ArraySubquery(
            inherited.values(
                found=JSONObject(
                    agreement_id="agreement_id", agreement="agreement__name", version="version",
                    newest="agreement__version", form="form",
                )
            )[:1]
        ),
        people_found=ArraySubquery(
            people.order_by(F("ended_at").asc(nulls_first=True), "pk").values(
                found=JSONObject(
                    id="pk", customer="customer_id", name="customer__name", main=is_main, joined_at="joined_at",
                    suspended_at="suspended_at", ended_at="ended_at",
                )
            )[:MOST_PEOPLE]
        ),
        standings_found=ArraySubquery(
            standings.order_by("group").values(
                found=JSONObject(
                    tier_id="tier_id", group="group__name", tier="tier__name", color="tier__color", since="since",
                    until="until", source="source",
                )
            )
        ),
        cards_found=ArraySubquery(
            holdings.order_by("-card_id").values(
                found=JSONObject(
                    id="card_id", number="card__number_id", kind="card__kind", status="card__status",
                    valid_until="card__valid_until", barred_from="card__barred_from", customer_id="customer_id",
                )
            )[:MOST_CARDS]
        ),
    )  # fmt: skip


def _participation(membership: Any, design: Design, customer_id: int | None) -> Participation:
    people = [one for one in membership.people_found if one["ended_at"] is None]
    mine = next((one for one in membership.people_found if one["customer"] == customer_id), None)
    # Of the membership as a whole: what its main or only member may, who acts where nobody is named.
    acting = mine or next((one for one in people if one["main"] or len(people) == 1), None)
    return Participation(
        membership=membership,
        design=design,
        people=tuple(_person(one) for one in people),
        standings=tuple(_standing(one) for one in membership.standings_found),
        cards=tuple(_card(one) for one in membership.cards_found),
        abilities=tuple(_abilities(membership, design, _member(acting))),
        left_at=_time(mine["ended_at"]) if mine else None,
        open_change_id=membership.open_change_id,
        under=_under(membership),
    )


def _under(membership: Any) -> Under | None:
    umbrella = membership.organization_membership
    if umbrella is None:
        return None
    inherited = membership.inherited_found[0] if membership.inherited_found else {}
    organization = umbrella.organization
    name = organization and (organization.name or organization.number)
    return Under(umbrella.pk, umbrella.number, umbrella.status, umbrella.organization_id, name, **inherited)


def _abilities(membership: Membership, design: Design, member: Member | None) -> Iterable[Ability]:
    for capability in CAPABILITIES:
        yield Ability(capability, reason_against(membership, capability, design, member=member))


def _member(found: Mapping[str, Any] | None) -> Member | None:
    """Just enough of the row to be asked about; never saved."""
    if found is None:
        return None
    return Member(pk=found["id"], customer_id=found["customer"], suspended_at=_time(found["suspended_at"]))


def _person(found: Mapping[str, Any]) -> Person:
    joined_at = datetime.fromisoformat(found["joined_at"])
    return Person(found["customer"], found["name"], found["main"], joined_at, _time(found["suspended_at"]))


def _card(found: Mapping[str, Any]) -> HeldCard:
    until = found["valid_until"]
    times = {"valid_until": until and date.fromisoformat(until), "barred_from": _time(found["barred_from"])}
    return HeldCard(**{**found, **times})


def _standing(found: Mapping[str, Any]) -> Standing:
    since, source = datetime.fromisoformat(found["since"]), str(StandingSource(found["source"]).label)
    tier_id, group = found["tier_id"], found["group"]
    return Standing(tier_id, group, found["tier"], found["color"], since, _time(found["until"]), source)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
