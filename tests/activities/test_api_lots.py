"""POST /api/lots/{id}/extend: staff with the right, never a channel."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common import clock
from memberships.models import Membership
from points.models import Lot, LotDateChange
from staff.models import Role, StaffRight, User

from .conftest import earned

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot(michael_adams: Membership) -> Lot:
    earned(michael_adams, 300)
    Lot.objects.update(expires_at=clock.now() + timedelta(days=5))
    return Lot.objects.get()


def staff(role: Role) -> APIClient:
    user = User.objects.create_user(f"someone-{role}", is_staff=True)
    StaffRight.objects.create(user=user, role=role, program=None)
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def extend(client: APIClient, lot: Lot, **body: str) -> object:
    asked = {"last_day": "2099-12-31", "reason": "goodwill"} | body
    return client.post(f"/api/lots/{lot.pk}/extend", asked, format="json", headers={"Idempotency-Key": "one"})


def test_a_supervisor_extends_a_lot(lot: Lot, settings) -> None:
    settings.LOYALTY_TOTP = False
    answer = extend(staff(Role.SUPERVISOR), lot)
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["new_expires_at"], answer.json()["points"]) == ("2100-01-01T00:00:00Z", 300)
    assert LotDateChange.objects.get().user_id is not None


def test_a_channel_and_an_auditor_do_not(lot: Lot, caller, settings) -> None:
    settings.LOYALTY_TOTP = False
    body = {"last_day": "2099-12-31", "reason": "goodwill"}
    assert caller("points:extend").post(f"lots/{lot.pk}/extend", body).status_code == 403
    assert extend(staff(Role.AUDITOR), lot).status_code == 403
    assert LotDateChange.objects.count() == 0
