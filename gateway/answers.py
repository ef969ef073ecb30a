"""Stored answers without their SQL: digests of keys and requests, and how an answer is sent again."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.http import HttpResponse

from common.errors import Conflict, LoyaltyError, Malformed

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
REPLAYED = "Idempotent-Replayed"
MAX_KEY = 255
RETRY_AFTER_SECONDS = 1
# Of SHA-256 so many bytes are kept: two keys of one channel meet once in 2**64 of them.
DIGEST = 16
# Passing states of the caller or the server: the same request may have another answer next time.
NEVER_STORED = frozenset({401, 403, 409, 429})

Renderer = Callable[[bytes], bytes]


class KeyMissing(LoyaltyError):
    code: ClassVar[str] = "idempotency_key_missing"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "Idempotency-Key is missing"


class KeyReused(LoyaltyError):
    code: ClassVar[str] = "key_reused"
    title: ClassVar[str] = "Idempotency-Key was used for another request"


class KeyInProgress(Conflict):
    code: ClassVar[str] = "key_in_progress"
    title: ClassVar[str] = "The first request with this key is still running"


class KeyUsed(Conflict):
    code: ClassVar[str] = "key_used"
    title: ClassVar[str] = "Idempotency-Key was used long ago"


class AnswerErased(LoyaltyError):
    code: ClassVar[str] = "erased"
    status: ClassVar[int] = 410
    title: ClassVar[str] = "The stored answer was erased"


@dataclass(frozen=True)
class StoredAnswer:
    """A row of IdempotencyRecord; `status` None: the request has not ended yet."""

    request_digest: bytes
    status: int | None
    form: str
    body: bytes
    erased: bool
    created_at: datetime


def checked_key(given: str | None) -> str | None:
    """The header as it came, None if there is none; Malformed unless it is 1-255 printable ASCII characters."""
    if given is None:
        return None
    if not (1 <= len(given) <= MAX_KEY and given.isascii() and given.isprintable()):
        raise Malformed(f"Idempotency-Key must be 1 to {MAX_KEY} printable characters.")
    return given


def key_digest(key: str, owner: str = "") -> bytes:
    """DIGEST bytes. `owner` keeps apart the keys of those who share one channel: staff share `desk`."""
    return hashlib.sha256(f"{owner}\n{key}".encode() if owner else key.encode()).digest()[:DIGEST]


def request_digest(method: str, path: str, raw_body: bytes) -> bytes:
    """DIGEST bytes over what the caller asked for, the body as it was sent."""
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), raw_body])).digest()[:DIGEST]


def lock_number(channel_id: int, digest: bytes, ordinal: int = 0) -> int:
    """The number of the advisory lock that one key is worked on under: a signed 64-bit integer."""
    named = b"idempotency:%d:%d:" % (channel_id, ordinal) + digest
    return int.from_bytes(hashlib.sha256(named).digest()[:8], "big", signed=True)


def is_storable(status: int) -> bool:
    """Whether the same request would meet this answer for ever: done, or refused for good."""
    return 200 <= status < 300 or (400 <= status < 500 and status not in NEVER_STORED)


def answer_of(stored: StoredAnswer, asked: bytes) -> HttpResponse:
    """The first answer again, byte for byte.

    Raises KeyReused if the request was another one, KeyInProgress if it has not ended, AnswerErased.
    """
    if stored.request_digest != asked:
        raise KeyReused("This Idempotency-Key came with another request before. Take a new key.")
    if stored.erased:
        raise AnswerErased("The answer held data of a person that was erased; what the request did stands.")
    if stored.status is None:
        raise KeyInProgress("The first request with this key has not ended. Try again in a moment.")
    body = _renderers[stored.form](stored.body) if stored.form else stored.body
    return sent(stored.status, body, replayed=True)


def sent(status: int, body: bytes, *, replayed: bool = False) -> HttpResponse:
    """An answer whose bytes are final."""
    response = HttpResponse(body, status=status, content_type=JSON if status < 400 else PROBLEM_JSON)
    if replayed:
        response[REPLAYED] = "true"
    return response


_renderers: dict[str, Renderer] = {}


def register_form(name: str, render: Renderer) -> None:
    """Name a compact form of answers: `render` makes the sent bytes of the stored ones, the same for ever.

    A change of the answer is a new name; the old one stays as long as records of it are kept.
    """
    if _renderers.setdefault(name, render) is not render:
        raise ValueError(f"The form {name!r} is taken.")
