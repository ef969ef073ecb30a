"""The root of every app's error tree: a refusal a person and a program can both understand."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypedDict


class FieldError(TypedDict):
    """One fault of the input: a JSON pointer to it, a stable code, a sentence."""

    pointer: str
    code: str
    detail: str


class LoyaltyError(Exception):
    """A rule said no. `message` names cause and cure, `facts` the numbers behind it."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "Refused by a rule"
    # Seconds after which the same request may succeed; told as Retry-After.
    retry_after: int | None = None

    def __init__(
        self,
        message: str = "",
        *,
        facts: Mapping[str, Any] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        self.message = message or self.title
        self.facts: dict[str, Any] = dict(facts or {})
        self.errors: list[FieldError] = list(errors)
        super().__init__(self.message)


class Conflict(LoyaltyError):
    code = "conflict"
    status = 409
    title = "In conflict with the present state"


class Busy(Conflict):
    """Another transaction was in the way."""

    code = "busy"
    title = "Busy"
    retry_after = 1


class NotFound(LoyaltyError):
    code = "not_found"
    status = 404
    title = "Not found"


class Malformed(LoyaltyError):
    code = "malformed"
    status = 400
    title = "Malformed request"


class NotAllowed(LoyaltyError):
    code = "not_allowed"
    status = 403
    title = "Not allowed"


class Stale(LoyaltyError):
    code = "stale"
    status = 412
    title = "Changed meanwhile"


class Refusal(NamedTuple):
    """What a broken constraint of the database means to a caller."""

    code: str
    message: str
    status: int


_constraints: dict[str, Refusal] = {}


def register_constraint(name: str, code: str, message: str, *, status: int = 409) -> None:
    """Say what an IntegrityError of this constraint is to be answered with."""
    _constraints[name] = Refusal(code, message, status)


def refusal_of(constraint: str | None) -> Refusal | None:
    """The registered refusal; a distributed database may have added `_<number>` to the name."""
    if not constraint:
        return None
    return _constraints.get(constraint) or _constraints.get(re.sub(r"_\d+$", "", constraint))
