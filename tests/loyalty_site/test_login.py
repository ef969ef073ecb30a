"""How staff get in: name and password, a second factor where settings ask, and a lock after too many tries."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from common import clock
from common.actor import Actor
from staff.models import AccessLog, Role, StaffRight, User
from staff.second_factor import enrol_device, qr_of, secret_of
from staff.users import create_staff_user

pytestmark = pytest.mark.django_db
ADMIN = Actor("user", None, 1, "root", may=lambda action, program_id: True, programs=None)
PASSWORD = "a long pass phrase"
LOGIN = "/admin/login/"


@pytest.fixture
def katrin(db: None) -> User:
    return create_staff_user("katrin", password=PASSWORD, actor=ADMIN, rights=[(Role.AUDITOR, None)])


@pytest.fixture
def second_factors(settings: Any) -> None:
    settings.LOYALTY_TOTP = True


def log_in(client: Client, password: str = PASSWORD, **given: str) -> Any:
    return client.post(LOGIN, {"username": "katrin", "password": password, "next": "/desk/"} | given)


def code_of(device: TOTPDevice) -> str:
    return f"{TOTP(device.bin_key).token():06}"


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_password_is_enough_where_no_second_factor_is_asked_for(client: Client, katrin: User) -> None:
    response = log_in(client)
    assert (response.status_code, response["Location"]) == (302, "/desk/")
    assert is_in(client)
    assert "otp_token" not in Client().get(LOGIN).content.decode()


def test_the_second_factor_is_asked_for_with_the_password(client: Client, katrin: User, second_factors: None) -> None:
    device = enrol_device(katrin, name="phone", actor=ADMIN)
    page = client.get(LOGIN).content.decode()
    assert 'name="otp_token"' in page and 'name="otp_device"' not in page
    assert "Enter the code" in log_in(client).content.decode()
    assert not is_in(client)
    assert log_in(client, otp_token=code_of(device))["Location"] == "/desk/"
    assert is_in(client)


def test_a_wrong_code_and_a_used_one_open_nothing(client: Client, katrin: User, second_factors: None) -> None:
    device = enrol_device(katrin, name="phone", actor=ADMIN)
    code = code_of(device)
    page = log_in(client, otp_token=f"{(int(code) + 1) % 1_000_000:06}").content.decode()
    assert "This code is not valid" in page and PASSWORD not in page
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert log_in(client, otp_token=code).status_code == 302
    again = Client()
    assert "This code is not valid" in log_in(again, otp_token=code).content.decode()
    assert not is_in(again)


def test_the_code_of_somebody_else_is_none(client: Client, katrin: User, second_factors: None) -> None:
    enrol_device(katrin, name="phone", actor=ADMIN)
    other = create_staff_user("mia", password=PASSWORD, actor=ADMIN)
    theirs = enrol_device(other, name="phone", actor=ADMIN)
    log_in(client, otp_token=code_of(theirs), otp_device=theirs.persistent_id)
    assert not is_in(client)


def test_who_has_several_devices_chooses_one(client: Client, katrin: User, second_factors: None) -> None:
    devices = [enrol_device(katrin, name=name, actor=ADMIN) for name in ("phone", "key ring")]
    page = log_in(client, otp_token=code_of(devices[1])).content.decode()
    assert "Choose the device" in page and "key ring" in page
    assert log_in(client, otp_token=code_of(devices[1]), otp_device=devices[1].persistent_id).status_code == 302
    assert is_in(client)


def test_who_has_no_device_is_told_what_to_do(client: Client, katrin: User, second_factors: None) -> None:
    page = log_in(client, otp_token="123456").content.decode()
    assert "You have no second factor yet. Ask an admin to enrol your device" in page
    assert not is_in(client)


def test_a_login_from_before_opens_nothing_once_second_factors_are_on(
    client: Client, katrin: User, settings: Any
) -> None:
    log_in(client)
    settings.LOYALTY_TOTP = True
    response = client.get("/admin/")
    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/")
    assert "You are logged in, but may not open this page" in client.get(LOGIN).content.decode()


def test_a_withdrawn_device_ends_the_session_it_opened(client: Client, katrin: User, second_factors: None) -> None:
    device = enrol_device(katrin, name="phone", actor=ADMIN)
    log_in(client, otp_token=code_of(device))
    device.delete()
    assert not is_in(client)


def test_the_first_device_is_enrolled_by_a_command(katrin: User) -> None:
    told = StringIO()
    call_command("enrol_second_factor", "katrin", "--name", "desk phone", stdout=told)
    device = TOTPDevice.objects.get()
    assert (device.user, device.name, device.confirmed) == (katrin, "desk phone", True)
    assert device.config_url in told.getvalue()
    assert AccessLog.objects.get().action == "enrol_device"
    with pytest.raises(CommandError, match="no member of staff named otto"):
        call_command("enrol_second_factor", "otto")


def test_the_secret_is_shown_once_as_text_and_as_a_picture_to_scan(client: Client, katrin: User) -> None:
    root = User.objects.create_superuser(username="root", password=PASSWORD)
    client.post(LOGIN, {"username": "root", "password": PASSWORD})
    url = "/admin/otp_totp/totpdevice/"
    first = client.post(f"{url}add/", {"user": katrin.pk, "name": "phone"}, follow=True).content.decode()
    device = TOTPDevice.objects.get()
    picture = f'<img src="{qr_of(device)}" alt="The secret as a QR code" width="240">'
    assert (picture in first, secret_of(device) in first) == (True, True)
    again = client.get(url).content.decode()
    assert ("data:image/svg" in again, secret_of(device) in again) == (False, False)
    other = enrol_device(root, name="phone", actor=ADMIN)
    assert qr_of(other) != qr_of(device)
    assert qr_of(device).startswith("data:image/svg+xml")


def test_a_name_is_text_beside_the_picture(client: Client) -> None:
    root = User.objects.create_superuser(username="root", password=PASSWORD, first_name="<b>Bo</b>", last_name="B")
    User.objects.filter(pk=root.pk).update(username="<i>root</i>")
    client.force_login(User.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.post("/admin/otp_totp/totpdevice/add/", {"user": root.pk, "name": "phone"}, follow=True)
    assert "<i>root" not in page.content.decode()


def test_too_many_wrong_passwords_lock_the_login_and_say_what_to_do(client: Client, katrin: User) -> None:
    answers = [log_in(client, "wrong").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    locked = log_in(client)
    page = locked.content.decode()
    assert locked.status_code == 429
    assert "The login failed 5 times in a row." in page and "ask an admin" in page
    assert not is_in(client)


def test_the_lock_is_one_name_from_one_place(client: Client, katrin: User) -> None:
    create_staff_user("mia", password=PASSWORD, actor=ADMIN)
    for _ in range(5):
        log_in(client, "wrong")
    assert log_in(client, username="mia").status_code == 302
    assert (
        Client(REMOTE_ADDR="10.1.2.3")
        .post(LOGIN, {"username": "katrin", "password": PASSWORD, "next": "/desk/"})
        .status_code
        == 302
    )


def test_after_a_quarter_of_an_hour_the_lock_opens(client: Client, katrin: User) -> None:
    for _ in range(5):
        log_in(client, "wrong")
    AccessAttempt.objects.update(attempt_time=clock.now() - timedelta(minutes=16))
    assert log_in(client).status_code == 302


def test_an_admin_unlocks_by_deleting_the_attempt(client: Client, katrin: User) -> None:
    for _ in range(5):
        log_in(client, "wrong")
    admin = create_staff_user("ada", password=PASSWORD, actor=ADMIN, rights=[(Role.ADMIN, None)])
    desk = Client()
    desk.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    attempt = AccessAttempt.objects.get()
    assert "katrin" in desk.get("/admin/axes/accessattempt/").content.decode()
    assert desk.post(f"/admin/axes/accessattempt/{attempt.pk}/delete/", {"post": "yes"}).status_code == 302
    assert log_in(client).status_code == 302


def test_an_account_that_is_no_staff_does_not_get_in(client: Client) -> None:
    User.objects.create_user("katrin", password=PASSWORD)
    assert log_in(client).status_code == 200
    assert not is_in(client)


def test_who_was_made_inactive_is_out_at_once(client: Client, katrin: User) -> None:
    log_in(client)
    User.objects.filter(pk=katrin.pk).update(is_active=False)
    assert not is_in(client)
    assert not StaffRight.objects.filter(user=katrin).exclude(role=Role.AUDITOR).exists()
