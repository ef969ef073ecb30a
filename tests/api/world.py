"""Two programs side by side with a row of every kind in each, and callers who see one of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client

from activities.adjusting import AdjustmentCall, adjust_points
from activities.award_lines import AwardLine
from activities.awarding import AwardCall, draft_award
from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.holding import HoldCall, hold_points
from activities.models import ActivityStatus, BulkAward
from activities.transaction_calls import TransactionCall
from activities.transactions import take_transaction
from cards.issuing import issue_card
from cards.models import CardKind
from common.actor import Actor
from gateway import numbering
from gateway.channels import all_scopes, create_channel, system_actor
from gateway.events import record_event
from gateway.models import Channel, DeliveryStatus, EventNumber, WebhookDelivery
from gateway.webhooks import register_webhook
from memberships.card_holding import cards_in_hand
from memberships.changes.documents import record_document
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.enrolment import enrol
from memberships.models import ChangeKind, Membership, MembershipType
from points.models import Lot
from programs.models import Program
from staff.models import Role, StaffRight, User
from tests.activities.ruling import waiting as waits
from tests.factories import ACTOR, account_of, make_customer, make_program, member_of
from tests.rewards import make_reward, make_voucher_reward, ordered

CSRF = "a" * 32
UNLIMITED = 1_000_000_000
Ids = dict[str, Any]


@dataclass(frozen=True)
class Side:
    """A program and what it holds; the ids stand in paths and bodies."""

    program: Program
    ids: Ids


def make_side(code: str) -> Side:
    """A program with four members, points, a hold, a posting, a lot, a card, an adjustment and a change that wait."""
    program = make_program(code, adjustment_limit=100)
    first, second, third, fourth = (
        enrol(make_customer(f"{name} {code}", email=f"{name}@{code}.example"), program=program, actor=ACTOR)
        for name in ("anna", "bert", "cora", "dirk")
    )
    earned = earn_in_general(PointsCall(first.pk, 1000), actor=ACTOR)
    hold = hold_points(HoldCall(first.pk, 10), actor=ACTOR)
    _, waiting = adjust_points(AdjustmentCall(first.pk, 5000, reason_code="goodwill"), actor=ACTOR)
    merge = Proposal(ChangeKind.MERGE, third.pk, fourth.pk, result_type=MembershipType.SHARED)
    change = propose(merge, actor=ACTOR)
    record_document(change, customer_id=member_of(fourth), actor=ACTOR, evidence="letter")
    delivery = given_up(make_channel(f"erp-{code}", program), earned["posting"]["id"])
    make_reward(program, "cup", left=9)
    make_voucher_reward(program)
    order, vouchers = ordered(first, "cup"), ordered(first, "ten-off")
    sold = TransactionCall(f"S-{code}", amount=Decimal(50), currency="EUR", membership_id=first.pk)
    ids = {
        "program": code,
        "award": _award(first).pk,
        "order": order.pk,
        "voucher": vouchers.vouchers.get().code,
        "voucher_id": vouchers.vouchers.get().pk,
        "membership": first.pk,
        "other_membership": second.pk,
        "customer": member_of(first),
        "hold": hold["id"],
        "transaction": take_transaction(sold, actor=ACTOR)["id"],
        "posting": earned["posting"]["id"],
        "lot": Lot.objects.get(account=account_of(first)).pk,
        "card": cards_in_hand(first).order_by("pk")[0].number_id,
        "temporary_card": issue_card(program, actor=ACTOR, kind=CardKind.TEMPORARY).number_id,
        "stranger": make_customer(f"eve {code}").pk,
        "change": change.pk,
        "customer_asked": member_of(third),
        "customer_on_paper": member_of(fourth),
        "adjustment": waiting["adjustment"]["id"],
        "webhook": delivery.endpoint_id,
        "delivery": delivery.pk,
        "failed_activity": waits(first, status=ActivityStatus.FAILED, problem={"code": "x", "detail": "y"}).pk,
    }
    return Side(program, ids)


def given_up(channel: Channel, subject_id: int) -> WebhookDelivery:
    """What a webhook of that channel did not get."""
    endpoint, _ = register_webhook(channel, url="https://example.com/hook", actor=system_actor())
    event = record_event("points.earned", program_id=None, subject_id=subject_id, facts={})
    with connection.cursor() as cursor:
        # As the feed does, which asks for a transaction of its own.
        cursor.execute(numbering.NUMBER, [numbering.LONG_AGO, numbering.BATCH])
    endpoint.after = EventNumber.objects.get(event=event.pk).number
    endpoint.save()
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=event.pk, number=endpoint.after, status=DeliveryStatus.DEAD, tries=10
    )


def _award(membership: Membership) -> BulkAward:
    """A draft of one line."""
    asker = User.objects.create_user(f"asker-{membership.program.code}", is_staff=True)
    actor = Actor("user", asker.pk, 1, "asker", lambda action, program_id: True, None)
    line = AwardLine(2, "member_number", membership.number, 7)
    return draft_award(membership.program, AwardCall("spring", "goodwill"), [line], actor=actor)


def make_channel(code: str, *programs: Program, scopes: Iterable[str] | None = None) -> Channel:
    """With every scope unless told which; never throttled."""
    wanted = all_scopes() if scopes is None else scopes
    channel, _ = create_channel(
        code,
        name=code,
        scopes=wanted,
        actor=system_actor(),
        programs=programs,
        all_programs=not programs,
        requests_per_minute=UNLIMITED,
    )
    return channel


def make_staff(name: str, role: Role | str, program: Program | None = None) -> User:
    user = User.objects.create_user(name, is_staff=True)
    StaffRight.objects.create(user=user, role=role, program=program)
    return user


def session_of(user: User) -> Client:
    """Logged in, as a browser: it has the CSRF cookie, the header is up to the caller."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["csrftoken"] = CSRF
    return client


def headers_of(client: Client) -> dict[str, str]:
    """The session for a client of another kind."""
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return {"Cookie": cookies, "X-CSRFToken": CSRF}
