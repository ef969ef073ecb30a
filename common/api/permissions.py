"""Default deny: a view says which scope each method needs, or nobody gets in.

`request.auth` is what the authentication made: `may(scope, program_id)`, with None meaning "in any program at
all", and `actor()`.
"""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

Scopes = tuple[str, ...]


def required_scopes(view: Any, method: str) -> Scopes | None:
    """The scopes of which one is needed, by action or by method; None where nothing is declared."""
    declared: dict[str, str | Scopes] = getattr(view, "required_scopes", {})
    reading = "GET" if method in ("HEAD", "OPTIONS") else method
    needed = declared.get(getattr(view, "action", None) or "", declared.get(reading))
    if not needed:
        return None
    return (needed,) if isinstance(needed, str) else tuple(needed)


class DefaultDeny(BasePermission):
    """`required_scopes = {"GET": "customers:read", "earn_points": "points:earn"}` on the view.

    A key is an action or a method, a tuple of scopes means any one of them.
    """

    message = "The scope for this call is missing."

    def has_permission(self, request: Request, view: Any) -> bool:
        if getattr(view, str(request.method).lower(), None) is None:
            # The framework answers 405 only after the permissions.
            return True
        return self._may(request, view, None)

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return self._may(request, view, getattr(obj, "program_id", None))

    @staticmethod
    def _may(request: Request, view: Any, program_id: int | None) -> bool:
        needed = required_scopes(view, str(request.method))
        auth: Any = request.auth
        if needed is None or auth is None:
            return False
        return any(auth.may(scope, program_id) for scope in needed)


class StaffOnly(BasePermission):
    """In addition to DefaultDeny: no channel, whatever its scopes."""

    message = "Only staff may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        auth: Any = request.auth
        return auth is not None and bool(auth.actor().is_staff)
