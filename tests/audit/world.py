"""A small sound world with every type of membership and nearly every kind of posting, written row by row."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from activities.models import ActivityType, MemberActivity
from cards.models import Card, CardBatch, NumberRegistry
from common import clock
from customers.models import Address, Customer, CustomerNumber
from gateway.models import Channel, ChannelProgram, Event, EventHorizon, EventNumber
from memberships.models import CardHolding, Member, Membership, TierStanding
from points.models import (
    Adjustment,
    Hold,
    HoldLot,
    Lot,
    LotDateChange,
    PointAccount,
    PointAccountSet,
    Posting,
    Reversal,
)
from programs.models import PointType, Program, Tier, TierGroup

from . import ledger


def days(n: float) -> timedelta:
    return timedelta(days=n)


@dataclass
class World:
    now: datetime
    north: Program
    south: Program
    miles: PointType
    status: PointType
    spark: PointType
    till: Channel
    customers: dict[str, Customer] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    postings: dict[str, Posting] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)

    def account(self, name: str, point_type: PointType | None = None, *, pool: bool = False) -> PointAccount:
        membership = self.memberships[name]
        in_set = membership.pool if pool else membership.own_set
        return PointAccount.objects.get(account_set=in_set, point_type=point_type or self.miles)

    def member(self, name: str) -> Member:
        return Member.objects.get(customer=self.customers[name], ended_at=None)

    def card(self, name: str) -> Card:
        return CardHolding.objects.get(membership=self.memberships[name], held_until=None).card

    def customer(self, called: str, **more: Any) -> Customer:
        number = f"C{len(self.customers) + 1:05}"
        values = {"name": called, "customer_since": self.now.date(), "contact_changed_at": self.now}
        made = Customer.objects.create(number=number, created_at=self.now, **(values | more))
        CustomerNumber.objects.create(number=number, customer=made)
        self.customers[called] = made
        return made

    def open_set(self, *, is_pool: bool = False, closed: bool = False) -> PointAccountSet:
        made = PointAccountSet.objects.create(program=self.north, is_pool=is_pool)
        for point_type in (self.miles, self.status, self.spark):
            if not (is_pool and point_type.kind == "qualifying"):
                PointAccount.objects.create(
                    account_set=made,
                    point_type=point_type,
                    program=self.north,
                    closed=closed and point_type.kind == "redeemable",
                )
        return made

    def membership(self, name: str, *people: str, **more: Any) -> Membership:
        """A membership with its own set, its members and a main card for each."""
        own_set = more.pop("own_set", None) or self.open_set(closed=more.get("type") == "shared")
        made = Membership.objects.create(
            program=self.north,
            number=f"N{len(self.memberships) + 1:07}",
            own_set=own_set,
            enrolled_at=self.now - days(100),
            **({"status": "active"} | more),
        )
        self.memberships[name] = made
        for person in people:
            self.join(name, person)
        return made

    def join(self, name: str, person: str) -> Member:
        membership = self.memberships[name]
        made = Member.objects.create(
            membership=membership,
            program=self.north,
            customer=self.customers[person],
            current=membership.current,
            joined_at=self.now - days(100),
            ended_at=membership.ended_at,
        )
        self.hold_card(name, person)
        return made

    def hold_card(self, name: str, person: str | None, **card: Any) -> Card:
        membership = self.memberships[name]
        made = self.new_card(**({"status": "active" if membership.current else "cancelled"} | card))
        CardHolding.objects.create(
            card=made,
            program=self.north,
            membership=membership,
            customer=self.customers[person] if person else None,
            held_from=self.now - days(100),
            held_until=membership.ended_at,
        )
        return made

    def new_card(self, **more: Any) -> Card:
        registered = NumberRegistry.objects.create(
            number=f"{7_000_000 + NumberRegistry.objects.count()}", program=self.north
        )
        values = {"created_at": self.now - days(100), "activated_at": self.now - days(100)}
        if more.get("status") not in (None, "created", "active"):
            values["barred_from"] = self.now - days(5)
        return Card.objects.create(program=self.north, number=registered, **(values | more))

    def post(self, name: str, kind: str, at: datetime, *, of: str = "michael", **more: Any) -> Posting:
        """A posting for the membership `of`; earning and redeeming are caused by an activity."""
        membership = self.memberships[of]
        cause = more.pop("cause", ("membership", membership.pk))
        activity = self._activity(kind, membership, at) if kind in ("earn", "redeem") else None
        made = ledger.posting(
            kind,
            for_set=membership.own_set,
            channel=self.till,
            at=at,
            cause=("activity", activity.pk) if activity else cause,
            **more,
        )
        if activity:
            activity.posting = made
            activity.save()
        self.postings[name] = made
        return made

    def _activity(self, flow: str, membership: Membership, at: datetime) -> MemberActivity:
        return MemberActivity.objects.create(
            program=self.north,
            type=ActivityType.objects.get(program=self.north, code=flow),
            membership=membership,
            channel=self.till,
            status="processed",
            occurred_at=at,
            recorded_at=at,
        )

    def adjustment(self, name: str, points: int, account: PointAccount, *, of: str, at: datetime) -> Posting:
        row = Adjustment.objects.create(
            program=self.north,
            for_set=self.memberships[of].own_set,
            account=account,
            points=points,
            reason_code="goodwill",
            occurred_at=at,
            requested_at=at,
            requested_by_id=1,
            requested_channel=self.till,
        )
        made = self.post(name, "adjust", at, of=of, cause=("adjustment", row.pk), reason_code="goodwill")
        row.posting, row.status = made, "posted"
        row.save()
        return made

    def hold(self, name: str, lot: Lot, points: int, at: datetime, **more: Any) -> Hold:
        made = Hold.objects.create(
            program=self.north,
            for_set=self.memberships["michael"].own_set,
            account=lot.account,
            channel=self.till,
            points=points,
            occurred_at=at,
            **({"expires_at": self.now + days(1)} | more),
        )
        HoldLot.objects.create(hold=made, lot=lot, points=points)
        self.holds[name] = made
        return made


def build() -> World:
    world = _design()
    _people(world)
    _ledger(world)
    for number, event in enumerate(Event.objects.order_by("pk"), start=1):
        EventNumber.objects.create(number=number, event=event)
    EventHorizon.objects.update_or_create(id=1, defaults={"at": world.now})
    return world


def _design() -> World:
    north = Program.objects.create(code="north", name="North", status="released")
    south = Program.objects.create(code="south", name="South", status="released")
    till = Channel.objects.create(code="audit-till", name="Till")
    ChannelProgram.objects.create(channel=till, program=north)
    for flow in ("earn", "redeem"):
        ActivityType.objects.create(program=north, code=flow, name=flow, flow=flow)
    ladder = TierGroup.objects.create(program=north, code="ladder", name="Ladder", fed_by="rules")
    for rank, code in enumerate(("base", "silver")):
        Tier.objects.create(group=ladder, code=code, name=code, rank=rank)
    types = {
        "miles": {"kind": "redeemable", "is_default": True, "expiry_policy": "after_months", "expiry_length": 24},
        "status": {"kind": "qualifying"},
        "spark": {"kind": "redeemable", "expiry_policy": "inactivity", "expiry_length": 12},
    }
    made = {
        code: PointType.objects.create(program=north, code=code, name=code, **more)  # type: ignore[misc]
        for code, more in types.items()
    }
    return World(now=clock.now(), north=north, south=south, till=till, **made)


def _people(world: World) -> None:
    for name in ("michael", "katrin", "john", "jane", "moore", "emma", "ada"):
        world.customer(name)
    Address.objects.create(customer=world.customers["michael"], lines="1 Quay", city="Kiel", country="DE")
    world.customer("gone", name=None, status="erased", erased_at=world.now - days(1))
    world.membership("michael", "michael")
    world.membership("katrin", "katrin")
    pool = world.open_set(is_pool=True)
    pool.owner = world.customers["john"]
    pool.save()
    world.membership("john", "john", type="shared", pool=pool)
    world.membership("jane", "jane", type="shared", pool=pool)
    _group(world)
    world.membership("anonymous", type="anonymous")
    world.hold_card("anonymous", None, kind="temporary")
    batch = CardBatch.objects.create(
        program=world.north, name="fair", count=1, made=1, valid_months=12, status="ready",
        created_at=world.now - days(100), channel_id=world.till.pk,
    )  # fmt: skip
    world.new_card(kind="temporary", status="created", activated_at=None, batch=batch)
    ended = world.now - days(5)
    old = world.membership(
        "ada",
        "ada",
        status="expired",
        ended_at=ended,
        end_reason="terminated",
        superseded_by=None,
        rests_until=world.now + days(20),
    )
    old.superseded_by = world.memberships["michael"]
    old.save()
    ladder = TierGroup.objects.get(program=world.north)
    TierStanding.objects.create(
        membership=world.memberships["michael"],
        program=world.north,
        group=ladder,
        tier=ladder.tiers.get(code="base"),
        since=world.now - days(100),
        source="initial",
    )


def _group(world: World) -> None:
    """Its row needs a main member and that member a row: the key between them waits for the end."""
    world.membership("moore", type="standard")
    main = world.join("moore", "moore")
    world.join("moore", "emma")
    group = world.memberships["moore"]
    group.type, group.main_member = "group", main
    group.save()


def _ledger(world: World) -> None:
    now, miles = world.now, world.account("michael")
    key = b"k" * 32
    earn = world.post("earn", "earn", now - days(3), key_digest=key)
    world.lots["late"] = ledger.credit(earn, miles, 500, expires_at=now + days(200))
    world.lots["early"] = ledger.credit(
        world.post("earn more", "earn", now - days(2.9)), miles, 300, expires_at=now + days(100)
    )
    late, early = world.lots["late"], world.lots["early"]
    redeem = world.post("redeem", "redeem", now - days(2.8))
    ledger.debit(redeem, miles, [(early, 300), (late, 50)])
    transfer = world.post("transfer", "transfer", now - days(2.7))
    ledger.debit(transfer, miles, [(late, 100)])
    world.lots["child"] = ledger.credit(
        transfer,
        world.account("katrin"),
        100,
        expires_at=late.expires_at,
        parent=late,
        origin=late,
    )
    adjust = world.adjustment("adjust", 200, miles, of="michael", at=now - days(2.6))
    world.lots["extended"] = ledger.credit(adjust, miles, 200, expires_at=now + days(300))
    LotDateChange.objects.create(
        lot=world.lots["extended"],
        old_expires_at=now + days(20),
        new_expires_at=now + days(300),
        verb="extend",
        reason_code="goodwill",
        channel_id=world.till.pk,
        recorded_at=now - days(2.5),
    )
    taken_back = Reversal.objects.create(
        program=world.north, reverses=redeem, part=1, policy="negative", reason_code="returned", channel=world.till,
        recorded_at=now - days(2.4),
    )  # fmt: skip
    back = world.post("reverse", "reverse", now - days(2.4), cause=("reversal", taken_back.pk), reverses=redeem, part=1)
    ledger.give_back(back, miles, [(early, 100)])
    _holds(world, early, late)
    expire = world.post("expire", "expire", now - days(2.1))
    ledger.debit(expire, miles, [(early, 40)])
    ledger.credit(world.post("qualify", "earn", now - days(2)), world.account("michael", world.status), 70)
    _debt(world)
    opening = world.post("opening", "opening", now - days(50), of="ada")
    ledger.credit(opening, world.account("ada"), 25, expires_at=now + days(70))
    pooled = world.post("pooled", "earn", now - days(1.8), of="john")
    world.lots["pooled"] = ledger.credit(pooled, world.account("john", pool=True), 900, expires_at=now + days(50))


def _holds(world: World, early: Lot, late: Lot) -> None:
    placed = world.now - days(2.3)
    captured = world.hold("captured", early, 60, placed, captured=60, status="captured", ended_at=placed + days(0.1))
    capture = world.post("capture", "capture", placed + days(0.1), cause=("hold", captured.pk))
    ledger.debit(capture, early.account, [(early, 60)])
    captured.posting = capture
    captured.save()
    world.hold("open", late, 30, placed)


def _debt(world: World) -> None:
    spark = world.account("katrin", world.spark)
    owed = world.adjustment("owed", -80, spark, of="katrin", at=world.now - days(1.95))
    ledger.debit(owed, spark, [], debt=80)
    ledger.credit(world.post("repaid", "earn", world.now - days(1.9), of="katrin"), spark, 50)
