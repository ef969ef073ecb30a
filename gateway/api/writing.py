"""The gate all writes go through (LOYALTY_WRITE_GATE): once per Idempotency-Key, or a dry run."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import OperationalError, transaction
from django.http import Http404, HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.dry_run import Answer, rehearse
from common.api.problems import Problem, problem_of
from common.db import retrying
from common.errors import LoyaltyError
from common.keys import carrying_key
from gateway import idempotency
from gateway.answers import (
    RETRY_AFTER_SECONDS,
    KeyInProgress,
    KeyMissing,
    checked_key,
    is_storable,
    key_digest,
    request_digest,
    sent,
)

Verb = Callable[[], Answer]
CONCERNED = "loyalty.answer_concerns"
# What a verb refuses with; anything else is a fault of ours and is never stored.
REFUSALS = (LoyaltyError, APIException, Http404)


@dataclass(frozen=True)
class KeyOfRequest:
    """What one request's answer is stored under."""

    channel_id: int
    digest: bytes
    asked: bytes


@dataclass
class Concerned:
    """What the verb tells about its answer, so that it can be erased with the person."""

    program_id: int | None = None
    customers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """One item of a batch: its final status and body; `stored` if a repetition will meet the same."""

    status: int
    body: Any
    stored: bool


def key_of(request: Request) -> KeyOfRequest | None:
    """None without the header; also what a verb that posts passes on to the ledger (`.digest`)."""
    key = checked_key(request.headers.get("Idempotency-Key"))
    if key is None:
        return None
    auth: Any = request.auth
    asked = request_digest(str(request.method), request.path, request.body)
    return KeyOfRequest(auth.channel_id, key_digest(key, auth.key_owner), asked)


def answer_concerns(request: Request, *, program_id: int | None = None, customers: Iterable[int] = ()) -> None:
    """Called by a view inside `func`: the program of the answer and the customers whose data stand in it."""
    request.META[CONCERNED] = Concerned(program_id, tuple(customers))


def write_gate(request: Request, *, key_required: bool, dry_run: bool, func: Verb) -> Response | HttpResponse:
    """Answer with status and body of `func`: undone again, or once per key, or plainly where no key is needed."""
    if dry_run:
        status, body = rehearse(func)
        return Response(body, status)
    key = _required_key(request) if key_required else key_of(request)
    if key is None:
        status, body = func()
        return Response(body, status)
    return _or_in_progress(partial(retrying, partial(_once, request, key, func)))


def batch_gate(
    request: Request,
    *,
    dry_run: bool,
    items: Sequence[Verb],
    assemble: Callable[[list[Outcome]], Answer],
) -> Response | HttpResponse:
    """A batch: each item in its own transaction under (key, its number from 1), the whole stored last.

    An item that met a passing state (409, 429) or a crash leaves the whole open: a repetition answers the items
    that are done from their records and tries the others again.
    """
    if dry_run:
        status, body = rehearse(lambda: assemble([_tried(item) for item in items]))
        return Response(body, status)
    return _or_in_progress(partial(_batch, request, _required_key(request), items, assemble))


def _required_key(request: Request) -> KeyOfRequest:
    key = key_of(request)
    if key is None:
        raise KeyMissing("This call needs an Idempotency-Key header: a new value for every new request.")
    return key


def _or_in_progress(run: Callable[[], HttpResponse]) -> Response | HttpResponse:
    try:
        return run()
    except KeyInProgress as error:
        response = _problem(error).response()
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response


def _once(request: Request, key: KeyOfRequest, func: Verb) -> HttpResponse:
    with transaction.atomic():
        idempotency.take_key(key.channel_id, key.digest)
        earlier = idempotency.claim(key.channel_id, key.digest, key.asked)
        if earlier is not None:
            return earlier
        return _carried_out(request, key, func)


def _carried_out(request: Request, key: KeyOfRequest, func: Verb, ordinal: int = 0) -> HttpResponse:
    with carrying_key(key.digest, ordinal):
        status, body = _settled(func)
    raw = _rendered(body)
    _store(request, key, status, raw, ordinal)
    return sent(status, raw)


def _settled(func: Verb) -> Answer:
    """Status and body of the verb or of its refusal for good, which leaves nothing of the verb behind."""
    try:
        with transaction.atomic():
            status, body = func()
    except REFUSALS as error:
        problem = _problem(error)
        if not is_storable(problem.status):
            raise
        return problem.status, problem.body()
    return status, body


def _store(request: Request, key: KeyOfRequest, status: int, raw: bytes, ordinal: int = 0) -> None:
    concerned: Concerned = request.META.pop(CONCERNED, Concerned())
    idempotency.store(
        key.channel_id,
        key.digest,
        status,
        raw,
        ordinal=ordinal,
        program_id=concerned.program_id,
        customers=concerned.customers,
    )


def _batch(
    request: Request,
    key: KeyOfRequest,
    items: Sequence[Verb],
    assemble: Callable[[list[Outcome]], Answer],
) -> HttpResponse:
    with transaction.atomic():
        idempotency.take_key(key.channel_id, key.digest)
        earlier = idempotency.claim(key.channel_id, key.digest, key.asked)
    if earlier is not None:
        return earlier
    outcomes = [_item(request, key, item, ordinal) for ordinal, item in enumerate(items, start=1)]
    status, body = assemble(outcomes)
    raw = _rendered(body)
    if all(outcome.stored for outcome in outcomes):
        idempotency.store_whole(key.channel_id, key.digest, status, raw)
    return sent(status, raw)


def _item(request: Request, key: KeyOfRequest, item: Verb, ordinal: int) -> Outcome:
    try:
        response = retrying(partial(_item_once, request, key, item, ordinal))
    except KeyInProgress:
        # Another request with this key is at work on the same batch.
        raise
    except (*REFUSALS, OperationalError) as error:
        return _outcome_of(error)
    return Outcome(response.status_code, json.loads(response.content), stored=True)


def _item_once(request: Request, key: KeyOfRequest, item: Verb, ordinal: int) -> HttpResponse:
    with transaction.atomic():
        idempotency.take_key(key.channel_id, key.digest, ordinal)
        earlier = idempotency.claim(key.channel_id, key.digest, key.asked, ordinal)
        return earlier if earlier is not None else _carried_out(request, key, item, ordinal)


def _tried(item: Verb) -> Outcome:
    try:
        status, body = _settled(item)
    except (*REFUSALS, OperationalError) as error:
        return _outcome_of(error)
    return Outcome(status, body, stored=False)


def _outcome_of(error: Exception) -> Outcome:
    problem = _problem(error)
    return Outcome(problem.status, problem.body(), stored=False)


def _problem(error: Exception) -> Problem:
    problem = problem_of(error)
    if problem is None:
        raise error
    return problem


def _rendered(body: Any) -> bytes:
    # 204 and its kind have no body at all.
    return b"" if body is None else bytes(JSONRenderer().render(body))
