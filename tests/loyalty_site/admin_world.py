"""A row in every table the back office shows, made by the verbs where there are any."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.test import Client

from activities.adjusting import AdjustmentCall, adjust_points
from activities.award_lines import AwardLine
from activities.awarding import AwardCall, draft_award
from activities.calls import PointsCall
from activities.claims import ClaimCall, open_claim
from activities.earning import earn
from activities.holding import HoldCall, hold_points
from activities.redeeming import redeem
from activities.return_shares import AskedItem
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.reversing import reverse_posting
from activities.transaction_calls import ItemCall, TransactionCall
from activities.transactions import take_transaction
from activities.using_vouchers import use_voucher
from common import clock
from customers.details import replace_details
from customers.models import Customer, StaffCustomer
from gateway.channels import create_channel, system_actor
from gateway.models import Channel, DeliveryStatus, Event, WebhookDelivery
from gateway.webhooks import register_webhook
from memberships.models import Membership, MembershipTerm
from memberships.spending_codes import CodeCall, send_spending_code
from points.models import Lot, LotDateChange
from points.reversal_parts import Part
from programs.models import ConversionRate, NoticeTemplate, Partner, Program, Run, Tier, TierBenefit
from staff.access import log_access
from staff.models import Role, StaffRight, User
from tests.asking import reachable
from tests.factories import ACTOR, make_membership, make_program, make_terms, member_of
from tests.memberships.tracked import describe, give_elsewhere
from tests.organizations import make_benefit
from tests.points.world import STAFF
from tests.rewards import make_reward, make_voucher_reward, ordered
from tests.ruled import add_rules

DOCUMENT = {"kind": "passport", "country": "AT", "number": "P123456"}
HOME = {"kind": "home", "lines": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}


def login(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def busy_membership(program: Program, name: str = "Emma Stone") -> Membership:
    """Somebody who earned, spent, holds, was corrected, and has addresses."""
    membership = make_membership(program, name, accept_terms=True)
    person = Customer.objects.get(pk=member_of(membership))
    replace_details(person, {"identifications": [DOCUMENT], "addresses": [HOME], "preferences": {"email": True}})
    sale = PointsCall(membership_id=membership.pk, points=900, reference=f"sale-{membership.pk}")
    earned = earn(sale, actor=ACTOR)
    redeem(PointsCall(membership_id=membership.pk, points=100), actor=ACTOR)
    hold_points(HoldCall(membership_id=membership.pk, points=50), actor=ACTOR)
    adjust_points(AdjustmentCall(membership_id=membership.pk, points=20, reason_code="goodwill"), actor=STAFF)
    reverse_posting(earned["posting"]["id"], Part(reason_code="returned", points=10), actor=STAFF)
    buy(membership)
    lot = Lot.objects.filter(account__account_set=membership.own_set_id).earliest("pk")
    LotDateChange.objects.create(
        lot=lot,
        verb="extend",
        reason_code="goodwill",
        channel_id=1,
        recorded_at=clock.now(),
        new_expires_at=clock.now(),
    )
    MembershipTerm.objects.create(
        membership=membership,
        program=program,
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
        fee=10,
        currency="EUR",
    )
    return membership


def buy(membership: Membership) -> None:
    """A sale of two cups, one of which came back; a receipt that earned nothing; a list that gives points."""
    pk = membership.pk
    cups = (ItemCall(Decimal(20), Decimal(2), "cup"),)
    call = TransactionCall(f"T-{pk}", amount=Decimal(20), currency="EUR", membership_id=pk, items=cups)
    sale = take_transaction(call, actor=ACTOR)["id"]
    return_transaction(sale, ReturnCall(f"T-back-{pk}", (AskedItem(1, quantity=Decimal(1)),)), actor=ACTOR)
    lost = ClaimCall(f"T-lost-{pk}", clock.now(), Decimal(12), "EUR", membership_id=pk)
    open_claim(lost, actor=ACTOR)
    line = AwardLine(2, "member_number", membership.number, 7)
    draft_award(membership.program, AwardCall(f"list {pk}", "goodwill"), [line], actor=STAFF)


def given_up(channel: Channel) -> WebhookDelivery:
    """What a webhook of that channel did not get."""
    endpoint, _ = register_webhook(channel, url="https://example.com/hook", actor=system_actor())
    event = Event.objects.latest("pk")
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event=event, number=event.pk, status=DeliveryStatus.DEAD, tries=10
    )


def make_world(code: str = "sky") -> Membership:
    program = make_program(code)
    make_terms(program)
    membership = busy_membership(program)
    miles, status = program.point_types.order_by("code")
    ConversionRate.objects.create(
        program=program, from_type=status, to_type=miles, numerator=1, denominator=10, valid_from=clock.now()
    )
    gold = Tier.objects.get(group__program=program, code="gold")
    TierBenefit.objects.create(program=program, group=gold.group, tier=gold, benefit=make_benefit(program))
    give_elsewhere(make_benefit(program, "priority"), gold)
    describe(membership)
    reachable(membership)
    send_spending_code(CodeCall(membership.pk, 5), actor=ACTOR)
    NoticeTemplate.objects.create(program=program, code="welcome", subject="Hello", body="{{ customer }}")
    Run.objects.create(program=program, kind="send_notices", started_at=clock.now())
    Partner.objects.create(program=program, code="hotel", name="Hotel")
    till, _ = create_channel(
        f"till-{code}", name="Till", scopes=["points:earn"], programs=[program], actor=system_actor()
    )
    given_up(till)
    user = User.objects.create_user(f"ann-{code}", is_staff=True)
    StaffRight.objects.create(user=user, role=Role.SUPPORT_AGENT, program=program)
    person = Customer.objects.get(pk=member_of(membership))
    StaffCustomer.objects.create(user=user, customer=person)
    log_access(user, "unmask", person)
    add_rules(membership)
    make_reward(program, "cup", left=9)
    make_voucher_reward(program, price=10)
    use_voucher(ordered(membership, "ten-off").vouchers.get().code, amount=Decimal(1), currency="EUR", actor=ACTOR)
    ordered(membership, "cup")
    return membership


def address_of(model: Any) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
