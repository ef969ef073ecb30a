"""The actor and the reason that history rows written here and now will name."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from common.actor import Actor


@dataclass(frozen=True)
class Origin:
    user_id: int | None = None
    channel: str = ""
    reason: str = ""


_NOBODY = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_NOBODY)


def current_origin() -> Origin:
    return _origin.get()


def current_channel() -> str:
    """The default of `history_channel`; migrations name this function."""
    return _origin.get().channel


@contextmanager
def _speaking(origin: Origin) -> Iterator[None]:
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


@contextmanager
def audit_context(actor: Actor, reason: str = "") -> Iterator[None]:
    """History rows inside name the actor's user, channel and the reason (or the surrounding reason)."""
    channel = {"user": "desk", "system": "system"}.get(actor.kind, actor.label)
    with _speaking(Origin(actor.user_id, channel, reason or current_origin().reason)):
        yield


@contextmanager
def desk_context(user_id: int | None, reason: str = "") -> Iterator[None]:
    """The same for a form of the admin, where staff act without a verb."""
    with _speaking(Origin(user_id, "desk", reason or current_origin().reason)):
        yield
