"""Staff in the browser: the session, with CSRF, speaks through the channel `desk`."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from common.actor import Actor
from customers.unmasking import UNMASK, Session, unmasked_in
from gateway.channels import built_in_channel_id
from staff.models import User
from staff.rights import may, programs_for, programs_of

STAFF_REQUESTS_PER_MINUTE = 600


def actor_of_user(user: User, session: Session = None) -> Actor:
    """The actor of everything a member of staff does, in the API, the admin and on the pages of the desk.

    With the session of the request it knows whose personal values were unmasked.
    """
    return Actor(
        kind="user",
        user_id=user.pk,
        channel_id=built_in_channel_id("desk"),
        label=user.get_username(),
        may=partial(may, user),
        programs=programs_of(user),
        unmasked=unmasked_in(session) if may(user, UNMASK) else frozenset(),
        where=partial(programs_for, user),
    )


@dataclass(frozen=True)
class StaffAuth:
    """`request.auth` of a member of staff."""

    user: User
    session: Session = None

    requests_per_minute = STAFF_REQUESTS_PER_MINUTE

    @property
    def channel_id(self) -> int:
        return built_in_channel_id("desk")

    @property
    def key_owner(self) -> str:
        return f"user:{self.user.pk}"

    @property
    def throttle_subject(self) -> str:
        return f"user:{self.user.pk}"

    @property
    def programs(self) -> frozenset[int] | None:
        return programs_of(self.user)

    def may(self, action: str, program_id: int | None = None) -> bool:
        return may(self.user, action, program_id)

    def actor(self) -> Actor:
        return actor_of_user(self.user, self.session)


class StaffSessionAuthentication(SessionAuthentication):
    """The session of a member of staff; where second factors are on, only after the second one."""

    def authenticate(self, request: Request) -> tuple[User, StaffAuth] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user: Any = found[0]
        if not user.is_staff:
            raise AuthenticationFailed("This account is not one of staff.")
        if settings.LOYALTY_TOTP and not user.is_verified():
            raise AuthenticationFailed("Log in with your second factor first.")
        return user, StaffAuth(user, getattr(request, "session", None))
