"""The base of every view: who acts, what they see, and the one gate all writes go through."""

import hashlib
import json
from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from rest_framework.exceptions import NotAuthenticated
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.viewsets import GenericViewSet

from common.actor import Actor
from common.errors import Stale

from .dry_run import Answer, wants_dry_run
from .pagination import LoyaltyPagination


def etag_of(shown: Any) -> str:
    """A strong tag of an answer's content."""
    canonical = json.dumps(shown, cls=JSONEncoder, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"'


def tagged(shown: Any) -> Response:
    """200 with the ETag that a later If-Match may name."""
    return Response(shown, headers={"ETag": etag_of(shown)})


def check_if_match(request: Request, shown: Any) -> None:
    """Raise Stale if the request names a version and it is not the present one.

    Call it with what a GET would show now, after the row is locked.
    """
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return
    if etag_of(shown) not in [tag.strip() for tag in given.split(",")]:
        raise Stale("The resource was changed since you read it. Read it again, then repeat the change.")


def needs_key(view: Any, action: str | None) -> bool:
    """Whether the action's POST needs an Idempotency-Key: `key_required` is True or names the actions."""
    declared: bool | Collection[str] = getattr(view, "key_required", False)
    return declared if isinstance(declared, bool) else action in declared


class VerbMixin:
    """For views that call verbs."""

    request: Any
    # Only viewsets have one.
    action: Any
    key_required: bool | Collection[str] = False

    @cached_property
    def actor(self) -> Actor:
        auth: Any = self.request.auth
        if auth is None:
            raise NotAuthenticated
        actor: Actor = auth.actor()
        return actor

    def perform_write(self, request: Request, key_required: bool | None, func: Callable[[], Answer]) -> Response:
        """Answer with status and body of `func`, once per Idempotency-Key; without trace if `?dry_run=true`.

        The gate is settings.LOYALTY_WRITE_GATE: (request, *, key_required, dry_run, func) -> Response.
        `key_required` None takes what the view declares, which the documentation shows too.
        """
        gate = import_string(settings.LOYALTY_WRITE_GATE)
        required = needs_key(self, getattr(self, "action", None)) if key_required is None else key_required
        answer: Response = gate(request, key_required=required, dry_run=wants_dry_run(request), func=func)
        return answer


class LoyaltyViewSet(VerbMixin, GenericViewSet):
    """Sees only what the actor may see: the model's queryset offers `visible_to(actor)`."""

    pagination_class: type[BasePagination] | None = LoyaltyPagination

    def get_queryset(self) -> models.QuerySet[Any]:
        queryset: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            queryset = queryset.none()
        else:
            queryset = queryset.visible_to(self.actor)
        return queryset


class TaggedRetrieveMixin:
    """`retrieve` with an ETag, in place of the framework's."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        view: Any = self
        return tagged(view.get_serializer(view.get_object()).data)
