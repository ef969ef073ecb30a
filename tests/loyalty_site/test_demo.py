"""The sample world: what it shows, that it is proved, harmless to load again, and that the README tells the truth."""

import json
import stat
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from waitress.server import create_server

from activities.models import (
    ActivityBatch,
    BulkAward,
    Campaign,
    Claim,
    MemberActivity,
    RewardOrder,
    RewardRule,
    Voucher,
)
from cards.models import Card
from common import clock
from customers.models import Customer, DuplicateCustomer, Message
from gateway.channels import all_scopes, system_actor
from gateway.models import Channel
from loyalty_site.auditing import audit
from loyalty_site.demo import access, world
from loyalty_site.wsgi import application
from memberships.changes.consent import missing
from memberships.changes.undoing import undo
from memberships.models import Membership, MembershipChange, TierStanding
from memberships.one_person import doubles
from memberships.registering import register
from points.models import Adjustment, Hold, Lot, PointAccount, Posting
from programs.expiry import add_months
from programs.models import Program, Run, TierBenefit
from staff.models import User
from tests.loyalty_site import readme

# What the use cases say: customer number, then program, member number, class, points.
DOCUMENT = {
    "50012": [
        ("urbanwear", "UW-89234", "Silver", 3_200),
        ("executive-style", "ES-12904", "Gold", 8_100),
        ("activelife", "AL-45678", "Bronze", 1_450),
    ],
    "78934": [("basic-access", "BASIC-782341", None, None), ("premium-plus", "PREMIUM-49201", None, 4_850)],
    "123456": [
        ("skyconnect", "SC8739201", "Platinum", 145_000),
        ("global-wings", "GWA-5629183", "Gold", 62_000),
    ],
    "445678": [
        ("year-round", "YRL-338291", "Silver", 8_900),
        ("summer-bonus", "SUM24-119283", "Participant", 3_200),
    ],
    "889012": [
        ("personal-banking", "PBR-4456721", "Premier", 12_400),
        ("business-banking", "BBR-2234981", "Business Plus", 28_900),
        ("credit-card", "CCR-7823401", "Gold Card", 56_700),
    ],
    "10001": [
        ("standard-rewards", "LOY-100234", "Gold", 5_430),
        ("vip-club", "VIP-2891", "Annual Subscriber", 1_200),
        ("partner-rewards", "PTR-5672", "Standard", 890),
    ],
}
URL = "http://127.0.0.1:8000/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `.local` of its own, so that nobody's real logins are touched."""
    here = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOYALTY_LOCAL", str(here / ".local"))
        yield here


@pytest.fixture(scope="module")
def logins(folder: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The world, loaded once and committed, as a server's threads must see it."""
    with django_db_blocker.unblock():
        try:
            yield world.prepare(URL)
        finally:
            world.reset()
            connection.close()


def account(number: str) -> PointAccount:
    owner = Membership.objects.get(number=number)
    return PointAccount.objects.get(account_set=owner.own_set_id, point_type__is_default=True)


@pytest.mark.parametrize("customer", DOCUMENT)
def test_the_customer_holds_the_memberships_of_the_document(logins: dict[str, Any], customer: str) -> None:
    found = Membership.objects.filter(members__customer__number=customer).order_by("pk")
    shown = []
    for membership in found:
        tier = TierStanding.objects.filter(membership=membership, ended_at__isnull=True).first()
        points = PointAccount.objects.filter(account_set=membership.own_set_id, point_type__is_default=True).first()
        names = tier.tier.name if tier else None, points.balance if points else None
        shown.append((membership.program.code, membership.number, *names))
    assert shown == DOCUMENT[customer]


def test_every_invariant_holds(logins: dict[str, Any]) -> None:
    assert audit() == []


def test_every_kind_of_posting_that_can_happen_so_far_happened(logins: dict[str, Any]) -> None:
    kinds = set(Posting.objects.values_list("kind", flat=True))
    assert {"earn", "redeem", "expire", "transfer", "adjust", "reverse"} <= kinds


def test_something_is_open_everywhere_one_would_look(logins: dict[str, Any]) -> None:
    rows = logins["stories"]["worth-a-look"]
    assert (Hold.objects.get(pk=rows["open_hold"]).status, account("AL-45678").balance) == ("open", 1_450)
    assert Adjustment.objects.get(pk=rows["waiting_adjustment"]).status == "waiting"
    assert Posting.objects.get(reverses=rows["reversed_posting"]).kind == "reverse"
    assert Membership.objects.get(pk=rows["suspended_membership"]).status == "suspended"
    pending = Lot.objects.get(account=account("SC8739201"), available_at__gt=clock.now())
    assert pending.remaining == 2_500


def test_claims_and_awards_stand_in_every_state_and_wait_for_a_second_person(logins: dict[str, Any]) -> None:
    rows = logins["stories"]["worth-a-look"]
    claims = Claim.objects.values_list("status", flat=True)
    assert {status: list(claims).count(status) for status in claims} == {"open": 3, "granted": 1, "refused": 1}
    awards = BulkAward.objects.order_by("pk").values_list("name", "status", "needs_approval")
    assert list(awards) == [
        ("Opening of the Mall shop", "posted", False),
        ("Flight 417: night at the airport", "waiting", True),
        ("Lounge closed in August", "posted", True),
        ("Summer thanks", "refused", True),
        ("Autumn run", "draft", False),
    ]
    assert BulkAward.objects.get(pk=rows["waiting_award"]).name == "Flight 417: night at the airport"
    agent = User.objects.get(username="agent")
    assert Claim.objects.get(pk=rows["open_claim"]).user_id == agent.pk


def test_marketing_and_partners_left_something_of_everything(logins: dict[str, Any]) -> None:
    (failed,) = MemberActivity.objects.filter(status="failed")
    assert (failed.attributes, failed.problem is not None) == ({"miles": "1,200"}, True)
    batch = ActivityBatch.objects.get()
    assert (batch.received, batch.refused, batch.complete) == (4, 1, True)
    campaigns = Campaign.objects.order_by("pk").values_list("eligibility", "status")
    assert set(campaigns) == {
        ("all", "running"), ("list", "running"), ("opt_in", "running"), ("all", "stopped"), ("all", "draft"),
    }  # fmt: skip
    assert Message.objects.filter(purpose="notice", status="waiting").exists()
    assert set(RewardRule.objects.values_list("status", flat=True)) == {"draft", "released", "retired"}
    assert set(Voucher.objects.values_list("status", flat=True)) == {"issued", "part_used", "used", "cancelled"}
    assert set(RewardOrder.objects.values_list("status", flat=True)) == {"ordered", "fulfilled", "cancelled"}


def test_the_year_went_by_as_it_would(logins: dict[str, Any]) -> None:
    """Recorded when it happened; every kind of notice went out, and every run was made."""
    months = Posting.objects.filter(kind="earn").dates("recorded_at", "month")
    today = clock.now().date()
    assert {add_months(today.replace(day=1), -n) for n in range(12)} <= set(months)
    notices = Message.objects.filter(purpose="notice").exclude(status="suppressed")
    assert set(notices.values_list("template", flat=True)) == {
        "tier_changed", "points_expire", "membership_expires", "statement",
    }  # fmt: skip
    runs = Run.objects.filter(problem="").values_list("kind", flat=True)
    assert set(runs) == {"renew_memberships", "review_tiers", "expire_points", "send_notices"}


def test_who_lost_gold_can_be_told_why(logins: dict[str, Any]) -> None:
    told = logins["stories"]["lowered"]["memberships"]["standard-rewards"]
    standings = TierStanding.objects.filter(membership=told).order_by("pk")
    assert list(standings.values_list("tier__name", "source")) == [
        ("Bronze", "initial"), ("Gold", "earned"), ("Silver", "review"),
    ]  # fmt: skip
    year = clock.now().year - 1
    assert standings[2].reason == f"540 of 2,000 Loyalty Status in {year}"


def test_one_premium_membership_lapsed_and_the_free_one_goes_on(logins: dict[str, Any]) -> None:
    went = Membership.objects.filter(members__customer__email="dev.banerjee@example.org").order_by("program__code")
    assert [(one.program.code, one.status, one.end_reason) for one in went] == [
        ("basic-access", "active", ""),
        ("premium-plus", "expired", "term_end"),
    ]
    stays = Membership.objects.get(members__customer__email="dev.abbott@example.org", program__code="premium-plus")
    assert [term.paid_at is not None for term in stays.terms.order_by("first_day")] == [True, True]


def test_friends_share_their_miles_and_keep_ladder_and_tier(logins: dict[str, Any]) -> None:
    pair = Membership.objects.filter(pk__in=logins["stories"]["shared-account"]["memberships"]).order_by("pk")
    assert [(one.number, one.type) for one in pair] == [("WF20417735", "shared"), ("WF10088214", "shared")]
    (pool_id,) = {one.pool_id for one in pair}
    assert PointAccount.objects.get(account_set=pool_id, point_type__is_default=True).balance == 76_500
    standings = TierStanding.objects.filter(membership__in=pair, ended_at__isnull=True)
    assert [(one.group.name, one.tier.name) for one in standings.order_by("membership_id", "group_id")] == [
        ("World Flyer Plus", "Silver"),
        ("Senator", "Candidate"),
        ("World Flyer Plus", "Traveller"),
        ("Senator", "Platinum"),
    ]


def test_who_stands_higher_has_what_the_tiers_below_give(logins: dict[str, Any]) -> None:
    rows = TierBenefit.objects.filter(program__code="skyconnect").order_by("tier__rank", "benefit__code")
    assert list(rows.values_list("tier__name", "benefit__code")) == [
        ("Gold", "lounge"), ("Platinum", "extra-bag"), ("Platinum", "lounge"),
    ]  # fmt: skip


def test_the_moores_are_one_group_with_one_main_member(logins: dict[str, Any]) -> None:
    told = logins["stories"]["family-group"]
    (group,) = Membership.objects.filter(pk__in=told["memberships"])
    members = group.members.filter(ended_at__isnull=True).order_by("customer_id")
    assert (group.type, [one.customer_id for one in members]) == ("group", told["customers"])
    assert group.main_member is not None and group.main_member.customer_id == told["customers"][0]
    assert [MembershipChange.objects.get(pk=pk).status for pk in told["changes"]] == ["carried_out"] * 2


def test_a_divorce_waits_for_one_consent_and_nobody_spends_meanwhile(logins: dict[str, Any]) -> None:
    told = logins["stories"]["divorce"]
    divorce = MembershipChange.objects.get(pk=told["changes"][-1])
    assert (divorce.kind, divorce.status, divorce.freezes) == ("split", "awaiting_consent", True)
    assert missing(divorce) == [told["customers"][1]]
    pool = Membership.objects.get(pk=told["memberships"][0]).pool
    frozen = PointAccount.objects.get(account_set=pool, point_type__is_default=True)
    assert frozen.frozen_until == divorce.expires_at
    assert Message.objects.filter(customer=told["customers"][1], purpose="link").count() == 1


def test_a_merge_by_mistake_can_be_undone_at_once(logins: dict[str, Any]) -> None:
    (merge,) = MembershipChange.objects.filter(pk__in=logins["stories"]["merged-by-mistake"]["changes"])
    with transaction.atomic():
        assert undo(merge, actor=system_actor(), reason="two people of the same name").status == "undone"
        transaction.set_rollback(True)
    merge.refresh_from_db()
    assert merge.status == "carried_out"


def test_one_person_has_two_records_whose_memberships_are_to_be_merged(logins: dict[str, Any]) -> None:
    told = logins["stories"]["one-person-twice"]
    (pair,) = DuplicateCustomer.objects.filter(customer__in=told["customers"])
    assert ([pair.customer_id, pair.duplicate_id], pair.status) == (told["customers"], "confirmed")
    (double,) = doubles(pair.customer, duplicate=pair.duplicate)
    assert [double.prime.pk, double.secondary.pk] == told["memberships"]


def test_acme_has_forty_employees_of_whom_one_left(logins: dict[str, Any]) -> None:
    told = logins["stories"]["organization"]
    umbrella = Membership.objects.get(pk=told["membership"])
    under = Membership.objects.filter(pk__in=told["memberships"])
    assert (umbrella.type, umbrella.organization_id) == ("organization", told["customer"])
    assert [(kind, under.filter(type=kind).count()) for kind in ("standard", "shared")] == [
        ("standard", 28),
        ("shared", 11),
    ]
    assert set(under.values_list("organization_membership", flat=True)) == {umbrella.pk}
    assert {one.pool_id for one in under.filter(type="shared")} == {umbrella.pool_id}
    (left,) = Membership.objects.filter(pk__in=told["left"])
    assert (left.type, left.organization_membership_id, left.pool_id) == ("standard", None, None)
    silver = TierStanding.objects.filter(membership__in=under, source="agreement", ended_at__isnull=True)
    assert {one.tier.name for one in silver} == {"Silver"} and silver.count() == 28


def test_a_batch_of_temporary_cards_waits_and_two_were_used(logins: dict[str, Any]) -> None:
    told = logins["stories"]["temporary-cards"]
    cards = Card.objects.filter(batch=told["batch"])
    assert [cards.filter(status=status).count() for status in ("created", "active")] == [498, 2]
    for name, points in (("unregistered", 240), ("must_absorb", 320)):
        home = Membership.objects.get(pk=told[name]["membership"])
        assert (home.type, account(home.number).balance) == ("anonymous", points)


def test_a_found_card_goes_into_the_membership_its_owner_has(logins: dict[str, Any]) -> None:
    told = logins["stories"]["temporary-cards"]["must_absorb"]
    emma = Customer.objects.get(pk=told["customer"])
    with transaction.atomic():
        registered = register(Card.objects.get(number=told["card"]), customer=emma, actor=system_actor())
        assert (registered.outcome, account("UW-89234").balance) == ("absorbed", 3_520)
        transaction.set_rollback(True)


def test_a_lost_card_has_a_successor_that_works(logins: dict[str, Any]) -> None:
    told = logins["stories"]["lost-card"]
    lost = Card.objects.get(number=told["card"])
    assert lost.successor is not None
    assert (lost.status, lost.successor.number_id, lost.successor.status) == ("replaced", told["successor"], "active")


def test_points_expire_on_several_dates(logins: dict[str, Any]) -> None:
    lots = Lot.objects.filter(account=account("SC8739201"), remaining__gt=0)
    assert lots.values("expires_at").distinct().count() >= 3


def test_premium_is_paid_and_the_season_goes_on(logins: dict[str, Any]) -> None:
    premium = Membership.objects.get(number="PREMIUM-49201")
    assert [(str(term.fee), term.paid_at is not None) for term in premium.terms.all()] == [("120.00", True)]
    season = Program.objects.get(code="summer-bonus")
    today = clock.now().date()
    assert season.valid_from < today < season.valid_until
    assert Membership.objects.get(number="SUM24-119283").expires_on == season.valid_until


def test_the_sandbox_alone_has_a_moved_clock_and_no_program_takes_old_events(logins: dict[str, Any]) -> None:
    moved = [program.code for program in Program.objects.all() if program.clock_offset]
    assert moved == ["sandbox"]
    assert {program.late_grace.days for program in Program.objects.all()} == {3}


def test_channels_have_the_scopes_and_programs_they_need(logins: dict[str, Any]) -> None:
    channels = {one["name"]: one for one in logins["channels"]}
    codes = sorted(Program.objects.values_list("code", flat=True))
    assert (channels["till"]["scopes"], channels["till"]["programs"]) == (
        ["activities:write", "points:earn", "points:redeem"],
        ["urbanwear"],
    )
    assert (channels["call-centre"]["scopes"], channels["call-centre"]["programs"]) == (sorted(all_scopes()), codes)
    plain = Program.objects.filter(status="released", point_types__is_default=True, point_types__pending_days=0)
    assert plain.count() >= 2


def test_the_file_of_logins_is_private_and_what_it_says_works(logins: dict[str, Any], rf: Any) -> None:
    file = access.file_of_logins()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == logins
    assert {one["role"] for one in logins["staff"]} == {
        "auditor", "support_agent", "supervisor", "program_manager", "card_manager", "admin",
    }  # fmt: skip
    for one in logins["staff"]:
        user = authenticate(rf.post("/"), username=one["username"], password=one["password"])
        assert user is not None and user.is_staff
    for one in logins["channels"]:
        assert check_password(one["client_secret"], Channel.objects.get(client_id=one["client_id"]).client_secret)


def test_the_admin_sees_every_part_of_the_back_office(logins: dict[str, Any], client: Any) -> None:
    client.force_login(User.objects.get(username="admin"), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/admin/").content.decode()
    for app in ("customers", "memberships", "cards", "programs", "gateway", "staff"):
        assert f'href="/admin/{app}/' in page, app
    client.logout()


def counts() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def test_loading_again_changes_nothing(logins: dict[str, Any]) -> None:
    before, file = counts(), access.file_of_logins().read_bytes()
    assert world.prepare(URL) == logins
    assert (counts(), access.file_of_logins().read_bytes()) == (before, file)


def test_the_command_prints_the_logins_and_changes_nothing(
    logins: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    before, file = counts(), access.file_of_logins().read_bytes()
    printed = StringIO()
    call_command("demo", "--no-serve", stdout=printed)
    wanted = [one["password"] for one in logins["staff"]] + [one["client_secret"] for one in logins["channels"]]
    assert [secret for secret in wanted if secret not in printed.getvalue()] == []
    assert (counts(), access.file_of_logins().read_bytes()) == (before, file)


def test_the_calls_of_the_readme_answer_what_it_shows(logins: dict[str, Any], folder: Path) -> None:
    server = create_server(application, host="127.0.0.1", port=0, threads=2)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    try:
        steps = readme.steps()
        answers = readme.run(steps, folder=folder, url=f"http://127.0.0.1:{server.effective_port}")
    finally:
        server.close()
    assert len([step for step in steps if step.answer]) == 14
    for step, answer in zip(steps, answers, strict=True):
        assert readme.comparable(answer) == readme.comparable(step.answer or ""), step.command


def test_lost_logins_are_replaced_and_nothing_else_changes(logins: dict[str, Any]) -> None:
    before = Posting.objects.count(), Membership.objects.count()
    access.file_of_logins().unlink()
    fresh = world.prepare(URL)
    assert (Posting.objects.count(), Membership.objects.count()) == before
    assert fresh["stories"] == logins["stories"]
    old = {one["client_secret"] for one in logins["channels"]}
    for one in fresh["channels"]:
        assert one["client_secret"] not in old
        assert check_password(one["client_secret"], Channel.objects.get(client_id=one["client_id"]).client_secret)


@pytest.mark.django_db
def test_a_database_with_programs_of_its_own_is_left_alone(folder: Path) -> None:
    Program.objects.create(code="urbanwear", name="Somebody's own")
    with pytest.raises(world.WorldWrong, match="urbanwear"):
        world.prepare(URL)
    assert Program.objects.count() == 1


def test_production_is_left_alone(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("demo", "--no-serve", "--reset")


@pytest.mark.django_db
def test_the_start_page_opens_every_door_and_runs_no_inline_code(client: Any) -> None:
    page = client.get("/")
    text = page.content.decode()
    assert page.status_code == 200
    for door in ("/admin/", "/api/docs", "/api/schema", "/readyz"):
        assert f'href="{door}"' in text
        assert client.get(door).status_code in (200, 302)
    assert "<script" not in text and "style=" not in text and " on" + "click" not in text
    assert client.post("/").status_code == 405
