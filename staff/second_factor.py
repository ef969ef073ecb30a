"""Second factors of staff: enrolled by an admin, taken away by an admin, written down both times."""

import base64

from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice
from segno import make

from common.actor import Actor
from common.errors import NotAllowed
from staff.access import log_access
from staff.models import User

MANAGE = "staff:manage"


def enrol_device(user: User, *, name: str, actor: Actor) -> TOTPDevice:
    """A new device with a secret of its own; `secret_of` and `config_url` are to be shown once. Raises NotAllowed."""
    _check(actor)
    with transaction.atomic():
        device = TOTPDevice.objects.create(user=user, name=name, confirmed=True)
        _log(actor, "enrol_device", user)
    return device


def withdraw_device(device: TOTPDevice, *, actor: Actor) -> None:
    """For a lost phone: its codes are worth nothing from now on. Raises NotAllowed."""
    _check(actor)
    with transaction.atomic():
        _log(actor, "withdraw_device", device.user)
        device.delete()


def secret_of(device: TOTPDevice) -> str:
    """What an authenticator app takes when typed."""
    return base64.b32encode(device.bin_key).decode().rstrip("=")


def qr_of(device: TOTPDevice) -> str:
    """The same, and whose it is, as an authenticator app scans it: an SVG without scripts, as a data URI."""
    code = make(device.config_url, error="m", micro=False, boost_error=False)
    return str(code.svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def _log(actor: Actor, action: str, user: User) -> None:
    by = User.objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    log_access(by or user, action, user, facts={"by": actor.label})


def _check(actor: Actor) -> None:
    if not actor.may(MANAGE, None):
        raise NotAllowed("Only an admin of every program manages second factors.")
