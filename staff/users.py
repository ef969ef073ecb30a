"""Members of staff and their rights."""

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from common.actor import Actor
from common.errors import NotAllowed
from common.history import audit_context
from programs.models import Program
from staff.models import Role, StaffRight, User


def create_staff_user(
    username: str,
    *,
    password: str,
    actor: Actor,
    rights: Iterable[tuple[Role, Program | None]] = (),
    first_name: str = "",
    last_name: str = "",
    email: str = "",
) -> User:
    """Somebody who may log in at the desk. Raises NotAllowed, or ValidationError for a weak password."""
    _check(actor)
    user = User(username=username, first_name=first_name, last_name=last_name, email=email, is_staff=True)
    validate_password(password, user)
    user.set_password(password)
    with transaction.atomic():
        user.save()
        for role, program in rights:
            grant(user, role=role, program=program, actor=actor)
    return user


def grant(user: User, *, role: Role, program: Program | None, actor: Actor, reason: str = "") -> StaffRight:
    """Give the role in one program, or with None in all. Given already: nothing changes."""
    _check(actor)
    with transaction.atomic(), audit_context(actor, reason):
        right, _ = StaffRight.objects.get_or_create(user=user, role=role, program=program)
    return right


def withdraw(right: StaffRight, *, actor: Actor, reason: str = "") -> None:
    _check(actor)
    with transaction.atomic(), audit_context(actor, reason):
        right.delete()


def _check(actor: Actor) -> None:
    if not actor.may("staff:manage", None):
        raise NotAllowed("Only an admin of every program manages staff.")
