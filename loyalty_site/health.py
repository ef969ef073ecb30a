"""Two answers for the machinery in front: the process lives, and it can do its work."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and every migration is applied, else 503 with the reason."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return JsonResponse({"status": "not ready", "reason": "the database does not answer"}, status=503)
    if waiting:
        return JsonResponse({"status": "not ready", "reason": "migrations are waiting"}, status=503)
    return JsonResponse({"status": "ready"})
