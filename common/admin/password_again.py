"""Forms of the back office that ask for the password again."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from common.desk.recent_login import to_confirmation
from common.recent_login import is_recent


class AsksPasswordAgain:
    """For a ModelAdmin whose rows give power: nothing is added, changed or deleted by an open screen."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = self.or_confirmation(request, super().changeform_view, *args, **kwargs)  # type: ignore[misc]
        return response

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_confirmation(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Looking at the list is free, an action on it is not."""
        if request.method != "POST":
            return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]
        return self.or_confirmation(request, super().changelist_view, *args, **kwargs)  # type: ignore[misc]

    def or_confirmation(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        may: Any = self
        if may.has_change_permission(request) and not is_recent(request):
            return to_confirmation(request)
        response: HttpResponse = view(request, *args, **kwargs)
        return response
