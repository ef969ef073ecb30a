"""What was exported says the same when it is imported again, and shows no more than its reader may see."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from activities.calls import PointsCall
from activities.earning import earn
from activities.exporting import NAMES, lot_rows
from activities.importing import MembershipImport
from activities.opening import GivenLot
from activities.redeeming import redeem
from common import clock
from common.sheets import write_csv
from common.sheets.importing import check_file, import_file
from memberships.enrolment import enrol
from memberships.exporting import column_names, membership_rows
from memberships.lifecycle import suspend
from memberships.models import Membership
from memberships.standings import set_standing
from points.balances import balances_of
from points.models import Lot
from programs.design import design_of
from programs.models import Program, Tier
from staff.access import logged_export
from staff.models import AccessLog, Role, StaffRight, User
from tests.activities.test_opening import take_over
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_customer, make_program

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def world(db: None) -> Program:
    """Emma earned and spent, John brought lots and a tier along and is suspended, Aisha owes, Zoe has nothing."""
    sky = make_program("sky", member_number_prefix="SK-", late_grace=timedelta(days=900))
    with clock.frozen(NOW - timedelta(days=400)):
        emma, john, aisha, _ = (
            enrol(make_customer(name, number=f"K{n}"), program=sky, actor=ACTOR, number=f"SK-{n}")
            for n, name in enumerate(["Emma Stone", "=John Chen", "Aisha Osman", "Zoe Ray"])
        )
    with clock.frozen(NOW - timedelta(days=1)):
        earn(PointsCall(emma.pk, 500, occurred_at=NOW - timedelta(days=300)), actor=ACTOR)
        earn(PointsCall(emma.pk, 90, occurred_at=NOW - timedelta(days=20), point_type="status"), actor=ACTOR)
        redeem(PointsCall(emma.pk, 120), actor=ACTOR)
        gold = Tier.objects.get(code="gold")
        set_standing(john, tier=gold, reason="x", until=datetime(2027, 1, 1, tzinfo=UTC), actor=ACTOR)
    take_over(john, GivenLot(300, expires_on=date(2027, 12, 31)), GivenLot(7, earned_at=NOW - timedelta(days=9)))
    take_over(aisha, GivenLot(-40))
    with clock.frozen(NOW):
        suspend(john, actor=ACTOR, reason="x")
    return sky


def figures_of(program: Program) -> dict[str, Any]:
    """By customer number: status, tier, balances as the API shows them, lots."""
    design = design_of(program.pk, fresh=True)
    found = {}
    with clock.frozen(NOW):
        for one in Membership.objects.filter(program=program):
            (customer,) = one.members.values_list("customer__number", flat=True)
            balances = balances_of([one.own_set_id], design=design)[one.own_set_id]
            for balance in balances:
                # What was earned and redeemed elsewhere is not known here.
                del balance["lifetime_earned"], balance["lifetime_redeemed"]
            lots = Lot.objects.filter(account__account_set=one.own_set_id, remaining__gt=0)
            tier = one.standings.get(ended_at=None)
            found[customer] = (
                one.status, one.enrolled_at, tier.tier.code, tier.until, balances,
                sorted(map(str, lots.values_list("remaining", "earned_at", "expires_at"))),
            )  # fmt: skip
    return found


def test_lots_exported_and_imported_into_an_empty_program_give_the_same_figures(world: Program) -> None:
    with clock.frozen(NOW):
        file = BytesIO(b"".join(write_csv(NAMES, lot_rows(world))))
    wind = make_program("wind", member_number_prefix="SK-")
    with clock.frozen(NOW):
        importer = MembershipImport(wind, actor=ACTOR)
        assert check_file(file, importer) == 6
        counts = import_file(file, importer)
    assert list(counts.records.values()) == [4, 0, 0, 0]
    expected = figures_of(world)
    assert expected["K1"][0] == "suspended"
    assert [one["balance"] for one in expected["K0"][4]] == [380, 90]
    assert [one["debt"] for one in expected["K2"][4]] == [40, 0]
    assert figures_of(wind) == expected
    assert_audit_clean()


def test_its_own_export_changes_nothing_in_the_program(world: Program) -> None:
    with clock.frozen(NOW):
        rows = [row for row in lot_rows(world) if row[0] == "K1"]
        file = BytesIO(b"".join(write_csv(NAMES, rows)))
        importer = MembershipImport(world, actor=ACTOR)
        counts = import_file(file, importer)
    assert list(counts.records.values()) == [0, 0, 1, 0]


def test_a_membership_has_one_line_with_its_balances(world: Program) -> None:
    with clock.frozen(NOW):
        rows = [dict(zip(column_names(world), row, strict=True)) for row in membership_rows(world, unmasked=False)]
    assert [row["member_number"] for row in rows] == ["SK-0", "SK-1", "SK-2", "SK-3"]
    emma, john, aisha, zoe = rows
    assert (emma["miles_balance"], emma["miles_available"], emma["status_balance"], emma["members"]) == (
        380,
        380,
        90,
        1,
    )
    assert (emma["miles_lifetime_earned"], emma["miles_lifetime_redeemed"]) == (500, 120)
    assert (john["miles_balance"], john["miles_expiring"], john["miles_expiring_at"]) == (
        307, 300, "2028-01-01T00:00:00Z",
    )  # fmt: skip
    assert (aisha["miles_balance"], aisha["miles_debt"], zoe["miles_balance"]) == (-40, 40, 0)
    assert (john["status"], john["tiers"], john["customer_number"]) == ("suspended", "ladder/gold", "K1")
    assert (emma["name"], john["name"]) == ("E*** S***", "=*** C***")


def test_a_file_holds_more_than_one_page(world: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.sheets.paging.pages.__kwdefaults__", {"size": 2})
    assert [row[0] for row in membership_rows(world, unmasked=True)] == ["SK-0", "SK-1", "SK-2", "SK-3"]
    assert [row[0] for row in lot_rows(world)] == ["K0", "K0", "K1", "K1", "K2", "K3"]


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create(username="ann", is_staff=True)


def exported(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_the_command_writes_the_file_in_somebodys_name(
    world: Program, ann: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    StaffRight.objects.create(user=ann, role=Role.AUDITOR, program=world)
    path = tmp_path / "memberships.csv"
    call_command("export_memberships", "sky", str(path), as_user="ann")
    assert capsys.readouterr().out == "4 rows.\n"
    assert exported(path)[1]["name"] == "'=*** C***"
    first, last = AccessLog.objects.order_by("pk")
    assert (first.user, first.action, first.subject_kind, first.subject_id) == (
        ann,
        "export",
        "programs.program",
        world.pk,
    )
    facts = {"program": "sky", "what": "memberships", "unmasked": False, "reason": ""}
    assert (first.facts, last.action, last.facts) == (facts, "exported", facts | {"rows": 4, "whole": True})


def test_the_command_refuses_what_its_user_may_not(world: Program, ann: User, tmp_path: Path) -> None:
    other = make_program("other")
    StaffRight.objects.create(user=ann, role=Role.AUDITOR, program=other)
    StaffRight.objects.create(user=ann, role=Role.AUDITOR, program=world)
    path = tmp_path / "memberships.csv"
    for program, options in (("sky", {"unmasked": True}), ("none", {}), ("sky", {"as_user": "nobody"})):
        with pytest.raises(CommandError) as refused:
            call_command("export_memberships", program, str(path), **({"as_user": "ann"} | options))
        assert refused.value.returncode == 2
    assert not path.exists()
    assert AccessLog.objects.count() == 0


def test_a_reader_who_goes_away_is_written_down(world: Program, ann: User) -> None:
    rows = logged_export(membership_rows(world, unmasked=False), ann.pk, world, facts={})
    next(rows)
    rows.close()
    assert AccessLog.objects.latest("pk").facts == {"rows": 1, "whole": False}
