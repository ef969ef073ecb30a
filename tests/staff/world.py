"""Members of staff with one right, logged in."""

from django.test import Client

from programs.models import Program
from staff.models import Role, StaffRight, User


def staff_client(role: Role | None, program: Program | None = None, *, name: str = "") -> Client:
    """The session of a member of staff who holds the role there, or none at all."""
    user = User.objects.create_user(name or f"{role or 'nobody'}-{program or 'everywhere'}", is_staff=True)
    if role is not None:
        StaffRight.objects.create(user=user, role=role, program=program)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def user_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])
