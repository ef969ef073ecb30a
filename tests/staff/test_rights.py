"""Who on the staff may do what, where; and what is written down about it."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from programs.models import Program
from staff.access import log_access
from staff.models import AccessLog, Role, StaffRight, User
from staff.rights import ALL_ACTIONS, ROLE_ACTIONS, may, programs_of
from staff.users import create_staff_user, grant, withdraw

pytestmark = pytest.mark.django_db
ADMIN = Actor("user", 42, 1, "root", may=lambda action, program_id: True, programs=None)
AGENT = Actor("user", 43, 1, "agent", may=lambda action, program_id: False, programs=None)


@pytest.fixture
def city_air() -> Program:
    return Program.objects.create(code="city-air", name="City Air")


@pytest.fixture
def other() -> Program:
    return Program.objects.create(code="other", name="Other")


def somebody(*rights: tuple[Role, Program | None]) -> User:
    return create_staff_user("katrin", password="a long pass phrase", actor=ADMIN, rights=rights)


def test_every_role_has_its_actions() -> None:
    assert set(ROLE_ACTIONS) == set(Role.values)
    assert ROLE_ACTIONS[Role.ADMIN] == ALL_ACTIONS


@pytest.mark.parametrize(
    ("role", "can", "cannot"),
    [
        (Role.AUDITOR, "customers:read", "customers:write"),
        (Role.AUDITOR, "reports:read", "personal:unmask"),
        (Role.SUPPORT_AGENT, "points:adjust", "points:approve"),
        (Role.SUPPORT_AGENT, "personal:unmask", "customers:erase"),
        (Role.SUPERVISOR, "points:approve", "programs:design"),
        (Role.PROGRAM_MANAGER, "programs:design", "points:adjust"),
        (Role.CARD_MANAGER, "cards:manage", "memberships:manage"),
        (Role.ADMIN, "staff:manage", "no:such-action"),
    ],
)
def test_a_role_may_what_its_row_says(role: Role, can: str, cannot: str) -> None:
    user = somebody((role, None))
    assert may(user, can)
    assert not may(user, cannot)


def test_a_right_in_one_program_ends_there(city_air: Program, other: Program) -> None:
    user = somebody((Role.SUPERVISOR, city_air), (Role.AUDITOR, other))
    assert may(user, "points:approve", city_air.pk)
    assert not may(user, "points:approve", other.pk)
    assert may(user, "memberships:read", other.pk)
    assert may(user, "points:approve", None)
    assert programs_of(user) == {city_air.pk, other.pk}


def test_a_right_without_program_holds_in_all(city_air: Program) -> None:
    user = somebody((Role.AUDITOR, None), (Role.CARD_MANAGER, city_air))
    assert programs_of(user) is None
    assert may(user, "reports:read", city_air.pk) and may(user, "cards:manage", city_air.pk)
    assert not may(user, "cards:manage", city_air.pk + 1000)


def test_an_admin_of_one_program_manages_no_staff(city_air: Program) -> None:
    user = somebody((Role.ADMIN, city_air))
    assert may(user, "programs:design", city_air.pk)
    assert not may(user, "staff:manage", None)
    assert not may(user, "staff:manage", city_air.pk)


def test_without_rights_or_inactive_or_unknown_nothing_is_allowed() -> None:
    user = somebody()
    assert not any(may(user, action) for action in ALL_ACTIONS)
    assert programs_of(user) == frozenset()
    inactive = User(username="gone", is_active=False, is_superuser=True)
    assert not may(inactive, "customers:read")
    assert not may(AnonymousUser(), "customers:read")


def test_a_superuser_may_everything_everywhere() -> None:
    user = User.objects.create_superuser("root")
    assert all(may(user, action, 7) for action in ALL_ACTIONS)
    assert programs_of(user) is None


def test_rights_are_read_once_per_user_object(city_air: Program) -> None:
    user = User.objects.get(pk=somebody((Role.AUDITOR, city_air)).pk)
    with CaptureQueriesContext(connection) as queries:
        may(user, "customers:read")
        may(user, "cards:read", city_air.pk)
        programs_of(user)
    assert len(queries) == 1


def test_a_new_member_of_staff_logs_in_and_has_a_recorded_right(city_air: Program) -> None:
    user = somebody((Role.SUPPORT_AGENT, city_air))
    assert user.is_staff and user.check_password("a long pass phrase")
    row = StaffRight.history.get()
    assert (row.user_id, row.role, row.program_id, row.history_user_id) == (
        user.pk,
        "support_agent",
        city_air.pk,
        42,
    )


def test_a_weak_password_makes_nobody() -> None:
    with pytest.raises(ValidationError):
        create_staff_user("katrin", password="12345", actor=ADMIN)
    assert not User.objects.exists()


def test_only_a_manager_of_staff_makes_users_and_gives_rights(city_air: Program) -> None:
    user = somebody()
    with pytest.raises(NotAllowed):
        create_staff_user("second", password="a long pass phrase", actor=AGENT)
    with pytest.raises(NotAllowed):
        grant(user, role=Role.ADMIN, program=None, actor=AGENT)
    right = grant(user, role=Role.AUDITOR, program=city_air, actor=ADMIN)
    with pytest.raises(NotAllowed):
        withdraw(right, actor=AGENT)
    assert (User.objects.count(), StaffRight.objects.count()) == (1, 1)


def test_giving_a_right_twice_changes_nothing_and_withdrawing_is_recorded(city_air: Program) -> None:
    user = somebody()
    first = grant(user, role=Role.AUDITOR, program=None, actor=ADMIN, reason="year end")
    assert grant(user, role=Role.AUDITOR, program=None, actor=ADMIN).pk == first.pk
    assert StaffRight.history.count() == 1
    withdraw(first, actor=ADMIN, reason="done")
    assert not may(User.objects.get(pk=user.pk), "reports:read")
    assert list(StaffRight.history.order_by("history_id").values_list("history_type", "history_change_reason")) == [
        ("+", "year end"),
        ("-", "done"),
    ]


def test_a_look_is_written_down_and_stays(city_air: Program) -> None:
    user = somebody()
    with clock.frozen(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        log_access(user, "unmask", city_air, facts={"field": "email"})
        log_access(user, "export", "liability report")
    kept = AccessLog.objects.order_by("id").values_list("user", "action", "subject_kind", "subject_id", "facts", "at")
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert list(kept) == [
        (user.pk, "unmask", "programs.program", city_air.pk, {"field": "email"}, at),
        (user.pk, "export", "liability report", None, {}, at),
    ]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AccessLog.objects.all().delete()
