"""Writes that go in one round trip where the case is plain, and through the gate otherwise."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from activities.calls import AnswerKey
from activities.online import Sent
from common.api.dry_run import wants_dry_run
from common.api.views import VerbMixin
from gateway.answers import answer_of, checked_key, key_digest, request_digest, sent
from gateway.idempotency import is_kept, stored_response


class OnlineMixin(VerbMixin):
    key_required = True

    def once(
        self,
        request: Request,
        raw: bytes,
        *,
        online: Callable[[AnswerKey], Sent | None],
        body_of: Callable[[list[Any]], bytes],
        in_general: Callable[[], dict[str, Any]],
    ) -> HttpResponse | Response:
        """201 with the body of `online`'s facts, or its earlier answer; that of `in_general` where it found neither.

        `raw` is the body as it was sent, read before the parser took the stream.
        """
        key = None if wants_dry_run(request) else _key_of(request, raw)
        if key is not None:
            found = online(key)
            if isinstance(found, list):
                return sent(status.HTTP_201_CREATED, body_of(found))
            if found is not None and is_kept(found):
                return answer_of(found, key.request)
            # Not plain. Asked here, a repeated request costs one more look instead of the gate's transaction.
            auth: Any = request.auth
            earlier = stored_response(auth.channel_id, key.digest, key.request)
            if earlier is not None:
                return earlier
        return self.perform_write(request, None, lambda: (status.HTTP_201_CREATED, in_general()))


def _key_of(request: Request, raw: bytes) -> AnswerKey | None:
    key = checked_key(request.META.get("HTTP_IDEMPOTENCY_KEY"))
    if key is None:
        return None
    auth: Any = request.auth
    return AnswerKey(
        digest=key_digest(key, auth.key_owner),
        request=request_digest(str(request.method), request.path, raw),
    )
