"""OpenAPI that tells the whole truth: every error, the dry run, the key."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from .problems import MEDIA_TYPE
from .serializers import ProblemSerializer
from .views import needs_key

Direction = Literal["request", "response"]
WRITES = ("POST", "PUT", "PATCH", "DELETE")
PROBLEMS = {
    "400": "Malformed request.",
    "401": "Not authenticated.",
    "403": "The scope is missing.",
    "404": "Does not exist, or is not visible to you.",
    "406": "Only JSON is spoken here.",
    "409": "In conflict with the present state, or busy: try again.",
    "429": "Too many requests: wait.",
    "503": "The database is away for a moment: try again.",
}
WRITE_PROBLEMS = {
    "413": "The body is too large.",
    "415": "Only JSON is understood here.",
    "422": "Refused by a rule.",
}
KEY_PROBLEMS = {"410": "The stored answer was erased."}
MATCH_PROBLEMS = {"412": "Changed since it was read."}

DRY_RUN = OpenApiParameter(
    "dry_run", bool, OpenApiParameter.QUERY, description="Do it, answer as if, and undo it: nothing is kept."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="The same key and body give the first answer again. Needed unless dry_run=true.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read; refused if it is stale."
)


class ProblemAutoSchema(AutoSchema):
    """The DEFAULT_SCHEMA_CLASS."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method in WRITES:
            parameters.append(DRY_RUN)
        if self._takes_key():
            parameters.append(IDEMPOTENCY_KEY)
        if self.method in ("PATCH", "PUT"):
            parameters.append(IF_MATCH)
        return parameters

    def _takes_key(self) -> bool:
        return self.method == "POST" and needs_key(self.view, getattr(self.view, "action", None))

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        if direction != "response":
            return responses
        for code, description in self._problems().items():
            if code not in responses:
                responses[code] = self._get_response_for_code(
                    OpenApiResponse(ProblemSerializer, description), code, media_types=[MEDIA_TYPE]
                )
        return dict(sorted(responses.items()))

    def _problems(self) -> dict[str, str]:
        problems = dict(PROBLEMS)
        if self.method in WRITES:
            problems |= WRITE_PROBLEMS
        if self._takes_key():
            problems |= KEY_PROBLEMS
        if self.method in ("PATCH", "PUT"):
            problems |= MATCH_PROBLEMS
        return problems


def only_api(endpoints: list[tuple[Any, ...]], **_: Any) -> list[tuple[Any, ...]]:
    """Preprocessing hook: what stands outside /api/, and the documentation itself, is not documented."""
    hidden = ("/api/schema", "/api/docs")
    return [one for one in endpoints if one[0].startswith("/api/") and not one[0].startswith(hidden)]
