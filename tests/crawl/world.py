"""Two programs with a row of every kind, and everybody who may come by: built once, every request undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from axes.models import AccessAttempt, AccessFailureLog
from axes.models import AccessLog as LoginLog
from django.apps import apps
from django.db import models
from django.test import Client
from oauth2_provider.models import get_access_token_model

from activities.calls import PointsCall
from activities.campaigns import create_campaign
from activities.models import Claim, MemberActivity, TransactionItem
from activities.redeeming import redeem_in_general
from activities.reversing import reverse_posting
from activities.rules.groups import create_group
from activities.rules.releasing import create_rule, release_rule
from cards.batches import ask_for_batch, make_batch
from cards.models import CardKind, CardType
from common import clock
from customers.details import replace_details
from customers.merging import dismiss_pair
from customers.models import Customer, MessagePurpose, StaffCustomer
from customers.outbox import put_message
from memberships.changes.consent import decide
from memberships.changes.documents import record_document
from memberships.changes.inviting import ask
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.lifecycle import suspend
from memberships.models import Membership
from memberships.registering import register
from memberships.spending_codes import CodeCall, send_spending_code
from points.models import Debt, Entry, LotDateChange
from points.reversal_parts import Part
from programs.models import ConversionRate, NoticeTemplate, Partner, PointKind, PointType, Program, Run
from staff.access import log_access
from staff.models import Role, StaffRight, User
from staff.rights import ROLE_ACTIONS
from staff.second_factor import enrol_device
from tests.api.world import Ids, Side, make_channel, make_side
from tests.crawl.back_office import Rows
from tests.crawl.organizations import open_an_organization
from tests.factories import ACTOR, make_customer, make_membership, make_terms, member_of
from tests.memberships.tracked import describe, give_elsewhere
from tests.organizations import make_benefit
from tests.registering import found_card
from tests.ruled import add_rules
from tests.staff.world import staff_client


@dataclass(frozen=True)
class Caller:
    """`rights`: role, and where it is held: in `ours`, in `theirs`, in `all` programs."""

    name: str
    rights: tuple[tuple[Role, str], ...]
    client: Client

    def may(self, action: str, side: str) -> bool:
        """In `ours`, in `theirs`, or in `all` programs."""
        return any(action in ROLE_ACTIONS[role] and where in (side, "all") for role, where in self.rights)

    def may_somewhere(self, action: str) -> bool:
        return any(
            action in ROLE_ACTIONS[role] and (where == "all" or action != "staff:manage") for role, where in self.rights
        )

    def sees(self, side: str) -> bool:
        """Any right there."""
        return any(where in (side, "all") for _, where in self.rights)


@dataclass(frozen=True)
class World:
    ours: Side
    theirs: Side
    callers: Mapping[str, Caller]

    def row(self, label: str, rows: Rows, side: Side) -> models.Model | None:
        """The newest row of that table in the program of the side."""
        found = apps.get_model(label)._default_manager.all()
        if rows.program is not None:
            found = found.filter(**{rows.program: side.program.pk})
        return found.order_by("-pk").first()


def build() -> World:
    ours, theirs = (furnish(make_side(code)) for code in ("miles", "stars"))
    add_what_belongs_to_no_program(ours)
    return World(ours, theirs, {caller.name: caller for caller in callers(ours.program, theirs.program)})


def furnish(side: Side) -> Side:
    """What the API's world leaves out."""
    program = side.program
    terms = make_terms(program, must_accept=False)
    bonus = PointType.objects.create(program=program, code="bonus", name="Bonus", kind=PointKind.REDEEMABLE)
    miles = PointType.objects.get(program=program, code="miles")
    ConversionRate.objects.create(program=program, from_type=bonus, to_type=miles, numerator=1, denominator=2,
                                  valid_from=clock.now())  # fmt: skip
    membership = apps.get_model("memberships.membership").objects.get(pk=side.ids["membership"])
    apps.get_model("memberships.termsacceptance").objects.create(
        membership=membership, program=program, customer_id=side.ids["customer"], terms=terms,
        accepted_at=clock.now(), channel_id=ACTOR.channel_id,
    )  # fmt: skip
    apps.get_model("memberships.membershipterm").objects.create(
        membership=membership, program=program, first_day="2026-01-01", last_day="2026-12-31", fee=10, currency="EUR",
    )  # fmt: skip
    describe(membership)
    gold = apps.get_model("programs.tier").objects.filter(group__program=program).order_by("-rank").first()
    give_elsewhere(make_benefit(program, "priority"), gold)
    CardType.objects.create(program=program, code="gift", name="Gift card", kind=CardKind.ADDITIONAL)
    add_rules(membership)
    move_points(side)
    claim = Claim.objects.create(
        program=program, membership=membership, customer_id=side.ids["customer"], receipt=f"R-{program.code}",
        occurred_at=clock.now(), received_at=clock.now(), amount=12, currency="EUR", channel_id=ACTOR.channel_id,
    )  # fmt: skip
    side.ids.update(claim=claim.pk)
    TransactionItem.objects.create(transaction_id=side.ids["transaction"], line=1, sku="cup", amount=50)
    propose_a_change(side)
    batch = make_batch(ask_for_batch(program, name="fair", count=3, valid_months=12, actor=ACTOR))
    side.ids.update(batch=batch.pk, notice="welcome", language="en")
    NoticeTemplate.objects.create(program=program, code="welcome", subject="Hello", body="{{ customer }}")
    Run.objects.create(program=program, kind="send_notices", started_at=clock.now())
    Partner.objects.create(program=program, code="hotel", name="Hotel")
    register_a_card(side)
    open_an_organization(side)
    put_message(
        Customer.objects.get(pk=side.ids["customer"]), purpose=MessagePurpose.NOTICE, template="none", program=program,
        context={"membership": membership.number},
    )  # fmt: skip
    write_a_rule(side)
    send_spending_code(CodeCall(membership.pk, 5), actor=ACTOR)
    return side


def write_a_rule(side: Side) -> None:
    """Released, in a group of its own; a campaign; and an activity to look at."""
    group = create_group(side.program, code="base", name="Base", mode="additive", rank=0, actor=ACTOR)
    definition = {"activity_types": ["purchase"], "actions": [{"do": "credit", "points": 5}]}
    rule = create_rule(side.program, code="basic", name="Basic", group=group, definition=definition, actor=ACTOR)
    release_rule(rule, actor=ACTOR, why="agreed")
    activity = MemberActivity.objects.filter(program=side.program).latest("pk")
    campaign = create_campaign(
        side.program, code="spring", name="Spring", valid_from=date(2026, 1, 1), valid_until=date(2027, 12, 31),
        eligibility="list", actor=ACTOR,
    )  # fmt: skip
    side.ids.update(rule=rule.pk, rule_group=group.pk, activity=activity.pk, campaign=campaign.pk)


def register_a_card(side: Side) -> None:
    """It waits, for its person's membership is suspended."""
    membership = make_membership(side.program, "Erik")
    suspend(membership, actor=ACTOR, reason="in doubt")
    person = Customer.objects.get(pk=member_of(membership))
    side.ids["registration"] = register(found_card(side.program, 5), customer=person, actor=ACTOR).pk


def propose_a_change(side: Side) -> None:
    """One was asked by a code and agreed in person, of the other a paper waits."""
    prime, secondary = side.ids["membership"], side.ids["other_membership"]
    change = propose(Proposal("merge", prime, secondary, result_type="shared"), actor=ACTOR)
    first, second = change.consents.order_by("pk").values_list("customer_id", flat=True)
    ask(change, customer_id=first, method="code", actor=ACTOR)
    decide(change, customer_id=first, decision="given", method="in_person", actor=ACTOR, evidence="at the desk")
    paper = record_document(change, customer_id=second, actor=ACTOR, evidence="a letter")
    side.ids.update(change=change.pk, consent_document=paper.pk)


def move_points(side: Side) -> None:
    """A redemption taken back, a debt, a lot with another date; the last two as no rule would leave them."""
    membership = side.ids["membership"]
    spent = redeem_in_general(PointsCall(membership, 40), actor=ACTOR)
    redeem_in_general(PointsCall(membership, 30), actor=ACTOR)
    reverse_posting(spent["posting"]["id"], Part("mistake"), actor=ACTOR)
    entry = Entry.objects.filter(
        account__account_set__in=Membership.objects.filter(pk=membership).values("own_set"), amount__lt=0
    ).latest("pk")
    Debt.objects.create(entry=entry, account=entry.account, person_id=side.ids["customer"], amount=9, remaining=0)
    LotDateChange.objects.create(lot_id=side.ids["lot"], verb="extend", reason_code="goodwill",
                                 channel_id=ACTOR.channel_id, recorded_at=clock.now())  # fmt: skip


def add_what_belongs_to_no_program(side: Side) -> None:
    customer = Customer.objects.get(pk=side.ids["customer"])
    replace_details(
        customer,
        {
            "identifications": [{"kind": "passport", "country": "DE", "number": "L01X00T47"}],
            "addresses": [{"kind": "home", "lines": "5 Elm Street", "city": "Ulm", "country": "DE"}],
        },
    )
    replace_details(customer, {"preferences": {"email": True}})
    user = User.objects.create_user("someone", is_staff=True)
    StaffCustomer.objects.create(user=user, customer=customer)
    another = make_customer("Anna Bell")
    dismiss_pair(customer, duplicate=another, actor=ACTOR, reason="father and daughter")
    side.ids.update(user=user.pk, upload="0" * 32, another=another.pk)
    channel = make_channel("shop", side.program)
    get_access_token_model().objects.create(application=channel, token="made up", expires=clock.now(), scope="")
    now = clock.now()
    tried: Ids = {
        "username": "someone",
        "ip_address": "10.0.0.1",
        "user_agent": "browser",
        "path_info": "/admin/login/",
    }
    AccessAttempt.objects.create(attempt_time=now, failures_since_start=1, get_data="", post_data="", **tried)
    AccessFailureLog.objects.create(attempt_time=now, **tried)
    LoginLog.objects.create(attempt_time=now, **tried)
    enrol_device(user, name="phone", actor=ACTOR)
    log_access(user, "unmask", customer, facts={"reason": "legal"})


def callers(ours: Program, theirs: Program) -> list[Caller]:
    """Every role here, an admin of all, an admin of the other program, both at once, nobody, and no login."""
    found = [Caller(role.value, ((role, "ours"),), staff_client(role, ours)) for role in Role]
    found.append(Caller("admin of all", ((Role.ADMIN, "all"),), staff_client(Role.ADMIN)))
    found.append(Caller("admin elsewhere", ((Role.ADMIN, "theirs"),), staff_client(Role.ADMIN, theirs)))
    both = staff_client(Role.ADMIN, theirs, name="both")
    StaffRight.objects.create(user=User.objects.get(username="both"), role=Role.AUDITOR, program=ours)
    found.append(Caller("admin elsewhere, auditor here", ((Role.ADMIN, "theirs"), (Role.AUDITOR, "ours")), both))
    found.append(Caller("without a right", (), staff_client(None)))
    found.append(Caller("anonymous", (), Client()))
    return found
