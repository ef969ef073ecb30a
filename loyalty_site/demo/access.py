"""Who may enter the sample world: staff of each role, three channels, and the file that holds their secrets."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import check_password

from common.actor import Actor
from gateway.channels import all_scopes, create_channel, renew_secret
from gateway.models import Channel
from loyalty_site.postgres.places import local_folder
from programs.models import Program
from staff.models import Role, User
from staff.users import create_staff_user

STAFF = {
    "auditor": Role.AUDITOR,
    "agent": Role.SUPPORT_AGENT,
    "supervisor": Role.SUPERVISOR,
    "manager": Role.PROGRAM_MANAGER,
    "cards": Role.CARD_MANAGER,
    "admin": Role.ADMIN,
}


@dataclass(frozen=True)
class ChannelPlan:
    """`scopes` None: every scope; `programs` None: every program."""

    name: str
    scopes: tuple[str, ...] | None = None
    programs: tuple[str, ...] | None = None


CHANNELS = (
    ChannelPlan("till", ("points:earn", "points:redeem", "activities:write"), ("urbanwear",)),
    ChannelPlan(
        "web-shop",
        (
            "customers:read", "customers:write", "memberships:read", "memberships:manage", "points:earn",
            "points:redeem", "points:transfer", "activities:write", "cards:read",
        ),
        ("urbanwear", "executive-style", "activelife"),
    ),
    ChannelPlan("call-centre"),
)  # fmt: skip


def file_of_logins() -> Path:
    return local_folder() / "demo.json"


def read_logins() -> dict[str, Any]:
    """What an earlier run wrote; empty where there is nothing readable."""
    try:
        found = json.loads(file_of_logins().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_logins(logins: Mapping[str, Any]) -> None:
    """Replaces the file in one step; only its owner may read it."""
    file = file_of_logins()
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        json.dump(logins, stream, indent=2)
        stream.write("\n")
    draft.replace(file)


def open_staff(known: Mapping[str, Any], *, actor: Actor) -> list[dict[str, str]]:
    """Every role's user, made where missing; a password the file does not know is replaced."""
    passwords = {one["username"]: one["password"] for one in known.get("staff", ())}
    return [
        {"username": name, "password": _password(name, role, passwords.get(name, ""), actor), "role": str(role.value)}
        for name, role in STAFF.items()
    ]


def _password(name: str, role: Role, known: str, actor: Actor) -> str:
    user = User.objects.filter(username=name).first()
    if user is not None and known and check_password(known, user.password):
        return known
    fresh = secrets.token_urlsafe(12)
    if user is None:
        user = create_staff_user(name, password=fresh, actor=actor, rights=[(role, None)], first_name=name.capitalize())
        # The back office asks Django's permissions, of which the admin needs all.
        user.is_superuser = role == Role.ADMIN
    user.set_password(fresh)
    user.save(update_fields=["password", "is_superuser"])
    return fresh


def open_channels(known: Mapping[str, Any], *, actor: Actor) -> list[dict[str, Any]]:
    """Every channel, made where missing; a secret the file does not know is renewed."""
    known_secrets = {one["name"]: one["client_secret"] for one in known.get("channels", ())}
    return [_channel(plan, known_secrets.get(plan.name, ""), actor) for plan in CHANNELS]


def _channel(plan: ChannelPlan, known: str, actor: Actor) -> dict[str, Any]:
    programs = list(Program.objects.order_by("code"))
    served = [one for one in programs if plan.programs is None or one.code in plan.programs]
    channel = Channel.objects.filter(code=plan.name).first()
    if channel is None:
        channel, secret = create_channel(
            plan.name,
            name=plan.name,
            scopes=all_scopes() if plan.scopes is None else plan.scopes,
            actor=actor,
            programs=() if plan.programs is None else served,
            all_programs=plan.programs is None,
        )
    elif known and check_password(known, channel.client_secret):
        secret = known
    else:
        secret = renew_secret(channel, actor=actor)
    return {
        "name": plan.name,
        "client_id": channel.client_id,
        "client_secret": secret,
        "scopes": list(channel.scope_list),
        "programs": [one.code for one in served],
    }
