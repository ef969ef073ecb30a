"""Every refusal of the API as application/problem+json, made in one place."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from common.db import AWAY, CONNECTION_CLASS, LOCK_NOT_AVAILABLE, TRANSIENT, sqlstate
from common.errors import Busy, FieldError, LoyaltyError, refusal_of

MEDIA_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)

CODES = {
    400: "malformed",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "server_error",
    503: "database_away",
}


@dataclass(frozen=True)
class Problem:
    """RFC 9457 with a stable code, the facts behind it and the faults of each field."""

    status: int
    code: str
    detail: str
    title: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {
            "type": "about:blank",
            "title": self.title or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "facts": dict(self.facts),
            "errors": list(self.errors),
        }

    def response(self) -> Response:
        """For a view of the REST framework."""
        return Response(self.body(), self.status, headers=dict(self.headers), content_type=MEDIA_TYPE)

    def http_response(self) -> HttpResponse:
        """For everything outside of it."""
        return JsonResponse(self.body(), status=self.status, headers=dict(self.headers), content_type=MEDIA_TYPE)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The EXCEPTION_HANDLER. What it does not know is raised on and answered by `server_error`."""
    set_rollback()
    problem = problem_of(error)
    return problem.response() if problem else None


def problem_of(error: Exception) -> Problem | None:
    """The problem that tells this error, None for an error of ours that a caller can't help."""
    for kind, tell in _TELLERS:
        if isinstance(error, kind):
            return tell(error)
    return None


def _of_rule(error: LoyaltyError) -> Problem:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    return Problem(error.status, error.code, error.message, error.title, error.facts, error.errors, headers)


def _of_validation(error: exceptions.ValidationError) -> Problem:
    errors = list(_faults(error.detail, ""))
    detail = errors[0]["detail"] if len(errors) == 1 else f"The request has {len(errors)} faults."
    return Problem(400, CODES[400], detail, errors=errors)


def _faults(detail: Any, pointer: str) -> Iterator[FieldError]:
    """The leaves of DRF's nested error structure, each with its JSON pointer."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            escaped = str(key).replace("~", "~0").replace("/", "~1")
            yield from _faults(value, pointer if key == "non_field_errors" else f"{pointer}/{escaped}")
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, (dict, list))
            yield from _faults(value, f"{pointer}/{index}" if nested else pointer)
    else:
        code = getattr(detail, "code", None) or "invalid"
        yield FieldError(pointer=pointer, code=str(code), detail=str(detail))


def _of_framework(error: exceptions.APIException) -> Problem:
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    own = getattr(error.detail, "code", error.default_code)
    code = CODES.get(error.status_code, "refused") if own == error.default_code else own
    return Problem(error.status_code, code, str(error.detail), headers=headers)


def _of_model(error: ModelValidationError) -> Problem:
    return _of_validation(exceptions.ValidationError(exceptions_detail(error)))


def exceptions_detail(error: ModelValidationError) -> Any:
    """Django's own validation error in the shape of the framework's."""
    return error.message_dict if hasattr(error, "error_dict") else list(error.messages)


def _of_operation(error: OperationalError) -> Problem | None:
    state = sqlstate(error)
    if state in TRANSIENT | {LOCK_NOT_AVAILABLE}:
        return _of_rule(Busy("Another request is changing the same data; try again in a moment."))
    # Without a state the connection broke, or none could be had.
    return _away(error) if not state or state.startswith(CONNECTION_CLASS) or state in AWAY else None


def _away(error: Error) -> Problem:
    logger.warning("The database is away: %s", error)
    detail = "The database does not answer. Try again in a moment, with the same Idempotency-Key."
    return Problem(503, CODES[503], detail, headers={"Retry-After": "1"})


def _of_constraint(error: IntegrityError) -> Problem | None:
    diagnosis = getattr(error.__cause__, "diag", None)
    refusal = refusal_of(getattr(diagnosis, "constraint_name", None))
    return Problem(refusal.status, refusal.code, refusal.message) if refusal else None


def _of_data(error: DataError) -> Problem:
    # The last line of defense: a field should have refused this value and named it.
    logger.warning("A value reached the database unchecked.", exc_info=error)
    return Problem(400, CODES[400], "A value is out of range.")


def _simple(status: int, detail: str) -> Callable[[Any], Problem]:
    return lambda error: Problem(status, CODES[status], detail)


NOT_FOUND = "There is nothing here that you can see."

# The first kind that fits tells the problem.
_TELLERS: list[tuple[type[Exception], Callable[[Any], Problem | None]]] = [
    (LoyaltyError, _of_rule),
    (exceptions.ValidationError, _of_validation),
    # What is foreign and what does not exist answer alike, whatever the framework would say.
    (exceptions.NotFound, _simple(404, NOT_FOUND)),
    (exceptions.APIException, _of_framework),
    (Http404, _simple(404, NOT_FOUND)),
    (PermissionDenied, _simple(403, "This is not allowed to you.")),
    (RequestDataTooBig, _simple(413, "The request is too large.")),
    (SuspiciousOperation, _simple(400, "The request can't be read.")),
    (ModelValidationError, _of_model),
    (OperationalError, _of_operation),
    (InterfaceError, _away),
    (IntegrityError, _of_constraint),
    (DataError, _of_data),
]


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(getattr(settings, "LOYALTY_API_PREFIX", "/api/"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400` of the site."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    problem = problem_of(exception) or Problem(400, CODES[400], "The request can't be read.")
    return problem.http_response()


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403` of the site."""
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return Problem(403, CODES[403], "This is not allowed to you.").http_response()


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler404` of the site."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return Problem(404, CODES[404], NOT_FOUND).http_response()


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500` of the site: says nothing about the cause, which stands in the log."""
    if not _is_api(request):
        return defaults.server_error(request)
    # What a middleware raised did not come by the framework's handler.
    error = sys.exc_info()[1]
    if isinstance(error, (OperationalError, InterfaceError)) and (problem := problem_of(error)) is not None:
        return problem.http_response()
    return Problem(500, CODES[500], "This is our fault; nothing was changed.").http_response()
