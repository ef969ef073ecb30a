"""One route whose verb the tests choose, behind the real authentication, permissions, throttle and gate."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.dry_run import Answer
from common.api.views import VerbMixin
from gateway.api.writing import Outcome, batch_gate


class Verb(VerbMixin, APIView):
    required_scopes = {"POST": "points:earn", "GET": "points:earn"}
    key_required = True
    func: ClassVar[Callable[[Request], Answer]]

    def post(self, request: Request) -> Response:
        return self.perform_write(request, None, lambda: Verb.func(request))

    def get(self, request: Request) -> Response:
        auth: Any = request.auth
        return Response({"channel": auth.channel_id, "programs": auth.programs and sorted(auth.programs)})


class Batch(VerbMixin, APIView):
    required_scopes = {"POST": "points:earn"}
    item: ClassVar[Callable[[int], Answer]]

    def post(self, request: Request) -> Any:
        def assemble(outcomes: list[Outcome]) -> Answer:
            return 200, {"results": [[one.status, one.body] for one in outcomes]}

        count = request.data["count"]
        items = [lambda index=index: Batch.item(index) for index in range(1, count + 1)]
        return batch_gate(request, dry_run=bool(request.query_params), items=items, assemble=assemble)


urlpatterns = [
    path("api/verb", Verb.as_view()),
    path("api/other-verb", Verb.as_view()),
    path("api/batch", Batch.as_view()),
    path("", include("loyalty_site.urls")),
]
