"""Pages by cursor: {next, previous, results}."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from common.errors import FieldError, Malformed

MAX_PAGE = 200


class LoyaltyPagination(CursorPagination):
    page_size = 50
    max_page_size = MAX_PAGE
    page_size_query_param = "page_size"
    ordering = "-pk"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("page_size")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and len(given) < 4 and 1 <= int(given) <= MAX_PAGE):
            raise _malformed("page_size", f"page_size is a number from 1 to {MAX_PAGE}.")
        return int(given)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, ValidationError) as error:
            # A cursor is opaque, yet anybody can make one up.
            raise _malformed("cursor", "This cursor is not one of ours.") from error

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": MAX_PAGE, "default": self.page_size}
        return parameters


def _malformed(name: str, detail: str) -> Malformed:
    return Malformed(detail, errors=[FieldError(pointer=f"?{name}", code="invalid", detail=detail)])
