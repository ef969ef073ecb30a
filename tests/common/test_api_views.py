"""Views on real tables: who sees what, the gate of writes, dry runs, pages, tags, the documentation."""

import json
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, models
from django.test import override_settings
from django.test.utils import isolate_apps
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework import mixins
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIRequestFactory

from common.actor import Actor
from common.api.dry_run import rehearse, row_id
from common.api.permissions import StaffOnly
from common.api.schema import only_api
from common.api.serializers import StrictModelSerializer
from common.api.views import LoyaltyViewSet, TaggedRetrieveMixin, check_if_match
from common.constraints import ConstraintTrigger

from .schema import tables

pytestmark = pytest.mark.django_db
requests = APIRequestFactory()


class BoxQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> "BoxQuerySet":
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


@cache
def declare() -> SimpleNamespace:
    class Box(models.Model):
        program_id = models.IntegerField()
        name = models.CharField(max_length=20, unique=True)
        beside = models.ForeignKey("self", models.SET_NULL, null=True)

        objects = BoxQuerySet.as_manager()

        class Meta:
            app_label = "common"
            constraints = [
                ConstraintTrigger(
                    name="box_no_bad_name",
                    body="IF NEW.name = 'bad' THEN RAISE EXCEPTION 'bad' "
                    "USING ERRCODE = 'restrict_violation', CONSTRAINT = '{name}'; END IF",
                )
            ]

    class BoxSerializer(StrictModelSerializer):
        class Meta:
            model = Box
            fields = ("id", "program_id", "name", "beside")

    class BoxViewSet(TaggedRetrieveMixin, mixins.ListModelMixin, LoyaltyViewSet):
        authentication_classes = (Authentication,)
        throttle_classes = ()
        queryset = Box.objects.all()
        serializer_class = BoxSerializer
        required_scopes = {
            "GET": "boxes:read",
            "create": ("boxes:write", "boxes:manage"),
            "partial_update": "boxes:write",
            "approve": "boxes:write",
        }
        key_required = frozenset({"create"})

        def create(self, request: Any) -> Response:
            given = self.get_serializer(data=request.data)
            given.is_valid(raise_exception=True)

            def verb() -> tuple[int, Any]:
                return 201, self.get_serializer(given.save()).data

            return self.perform_write(request, None, verb)

        def partial_update(self, request: Any, pk: str) -> Response:
            box = self.get_object()
            check_if_match(request, self.get_serializer(box).data)
            given = self.get_serializer(box, data=request.data, partial=True)
            given.is_valid(raise_exception=True)
            return self.perform_write(request, False, lambda: (200, self.get_serializer(given.save()).data))

        @action(detail=True, methods=["post"], permission_classes=[StaffOnly])
        def approve(self, request: Any, pk: str) -> Response:
            return Response({"by": self.actor.label})

    router = SimpleRouter(trailing_slash=False)
    router.register("api/boxes", BoxViewSet)
    return SimpleNamespace(Box=Box, BoxViewSet=BoxViewSet, urlpatterns=router.urls)


class Authentication(BaseAuthentication):
    """`Authorization: <kind> <scopes> <programs>`, each a comma-separated list."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        if "Authorization" not in request.headers:
            return None
        kind, scopes, programs = request.headers["Authorization"].split()
        visible = frozenset(map(int, programs.split(",")))

        def may(scope: str, program: int | None) -> bool:
            return scope in scopes.split(",") and (program is None or program in visible)

        actor = Actor(kind, 1 if kind == "user" else None, 1, kind, may=may, programs=visible)
        return SimpleNamespace(is_authenticated=True), SimpleNamespace(may=may, actor=lambda: actor)

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


GATED: list[tuple[bool, bool]] = []


def plain_gate(request: Any, *, key_required: bool, dry_run: bool, func: Any) -> Response:
    GATED.append((key_required, dry_run))
    status, body = rehearse(func) if dry_run else func()
    return Response(body, status)


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    GATED.clear()
    with isolate_apps("common"):
        made = declare()
        with tables(made.Box), override_settings(LOYALTY_WRITE_GATE=f"{__name__}.plain_gate"):
            made.mine = made.Box.objects.create(program_id=1, name="mine")
            made.foreign = made.Box.objects.create(program_id=2, name="foreign")
            yield made


FULL = "channel boxes:read,boxes:write 1"


def call(
    world: SimpleNamespace,
    method: str,
    path: str,
    data: Any = None,
    auth: str = FULL,
    headers: dict[str, str] | None = None,
    **initkwargs: Any,
) -> tuple[int, Any, Any]:
    """Status, body and response of a request through the router's own patterns."""
    route, _, _ = path.partition("?")
    request = getattr(requests, method)(
        f"/{path}",
        data,
        format=None if method == "get" else "json",
        headers={"Authorization": auth} | (headers or {}),
    )
    match = next(found for pattern in world.urlpatterns if (found := pattern.resolve(route)))
    response = match.func(request, *match.args, **match.kwargs)
    response.render()
    return response.status_code, json.loads(response.content), response


def test_a_view_shows_only_what_the_actor_may_see(world: SimpleNamespace) -> None:
    status, body, _ = call(world, "get", "api/boxes")
    assert (status, [box["name"] for box in body["results"]]) == (200, ["mine"])

    foreign = call(world, "get", f"api/boxes/{world.foreign.pk}")
    missing = call(world, "get", "api/boxes/99999")
    nonsense = call(world, "get", "api/boxes/abc")
    assert foreign[0] == missing[0] == nonsense[0] == 404
    assert foreign[1] == missing[1] == nonsense[1]


@pytest.mark.parametrize(
    ("method", "auth", "status"),
    [
        ("get", "channel boxes:read 1", 200),
        ("get", "channel boxes:write 1", 403),
        ("post", "channel boxes:write 1", 201),
        ("post", "channel boxes:manage 1", 201),
        ("post", "channel boxes:read 1", 403),
    ],
)
def test_each_action_needs_its_scope(world: SimpleNamespace, method: str, auth: str, status: int) -> None:
    data = {"program_id": 1, "name": "new"} if method == "post" else None
    assert call(world, method, "api/boxes", data, auth=auth)[0] == status
    assert world.Box.objects.filter(name="new").exists() is (status == 201)


@pytest.mark.parametrize(("auth", "status"), [(FULL, 403), ("user boxes:write 1", 200)])
def test_a_channel_never_approves(world: SimpleNamespace, auth: str, status: int) -> None:
    assert call(world, "post", f"api/boxes/{world.mine.pk}/approve", auth=auth)[0] == status


def test_an_action_no_one_declared_is_denied(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.BoxViewSet, "required_scopes", {"POST": "boxes:write"})
    assert call(world, "get", "api/boxes")[0] == 403


def test_a_write_passes_the_gate_with_its_need_of_a_key(world: SimpleNamespace) -> None:
    call(world, "post", "api/boxes", {"program_id": 1, "name": "new"})
    call(world, "patch", f"api/boxes/{world.mine.pk}?dry_run=true", {"name": "renamed"})
    assert GATED == [(True, False), (False, True)]


def test_a_dry_run_answers_as_if_and_keeps_nothing(world: SimpleNamespace) -> None:
    data = {"program_id": 1, "name": "new", "beside": world.mine.pk}
    status, body, _ = call(world, "post", "api/boxes?dry_run=true", data)

    assert status == 201
    assert body == {"id": None, "program_id": 1, "name": "new", "beside": world.mine.pk, "dry_run": True}
    assert world.Box.objects.count() == 2
    assert call(world, "post", "api/boxes?dry_run=false", data)[1].keys() == {
        "id",
        "program_id",
        "name",
        "beside",
    }


def test_a_dry_run_keeps_the_ids_of_rows_that_stay(world: SimpleNamespace) -> None:
    _, body, _ = call(world, "patch", f"api/boxes/{world.mine.pk}?dry_run=true", {"name": "renamed"})
    assert (body["id"], body["name"]) == (world.mine.pk, "renamed")
    world.mine.refresh_from_db()
    assert world.mine.name == "mine"


def test_a_dry_run_asks_deferred_constraints(world: SimpleNamespace) -> None:
    with pytest.raises(IntegrityError):
        call(world, "post", "api/boxes?dry_run=true", {"program_id": 1, "name": "bad"})
    assert world.Box.objects.count() == 2


def test_ids_in_answers_put_together_by_hand_are_cleared_too(world: SimpleNamespace) -> None:
    def verb() -> tuple[int, Any]:
        new = world.Box.objects.create(program_id=1, name="new", beside=world.mine)
        ids = [row_id(world.Box, new.pk), row_id(world.Box, world.mine.pk), row_id(world.Box, None)]
        return 201, {"ids": ids, "number": new.pk}

    status, body = rehearse(verb)
    assert (status, body["ids"]) == (201, [None, world.mine.pk, None])
    assert json.loads(json.dumps(body))["number"] > world.foreign.pk
    assert type(row_id(world.Box, 5)) is int


@pytest.mark.parametrize("query", ["dry_run=yes", "dry_run=", "dry_run=True", "dry_run=true&dry_run=false"])
def test_dry_run_is_true_or_false(world: SimpleNamespace, query: str) -> None:
    status, body, _ = call(world, "post", f"api/boxes?{query}", {"program_id": 1, "name": "new"})
    assert (status, body["errors"][0]["pointer"]) == (400, "?dry_run")
    assert world.Box.objects.count() == 2


def test_a_stale_if_match_is_412(world: SimpleNamespace) -> None:
    path = f"api/boxes/{world.mine.pk}"
    tag = call(world, "get", path)[2]["ETag"]
    assert call(world, "patch", path, {"name": "second"}, headers={"If-Match": tag})[0] == 200

    status, body, _ = call(world, "patch", path, {"name": "third"}, headers={"If-Match": tag})
    assert (status, body["code"]) == (412, "stale")
    world.mine.refresh_from_db()
    assert world.mine.name == "second"
    now = call(world, "get", path)[2]["ETag"]
    assert now != tag
    assert call(world, "patch", path, {"name": "third"}, headers={"If-Match": f"{tag}, {now}"})[0] == 200
    assert call(world, "patch", path, {"name": "fourth"}, headers={"If-Match": "*"})[0] == 200


def test_unknown_fields_of_a_model_are_told_by_pointer(world: SimpleNamespace) -> None:
    status, body, _ = call(world, "post", "api/boxes", {"program_id": 1.0, "nmae": "x", "id": 5})
    assert status == 400
    assert {(fault["pointer"], fault["code"]) for fault in body["errors"]} == {
        ("/program_id", "invalid"),
        ("/name", "required"),
        ("/nmae", "unknown_field"),
        ("/id", "read_only"),
    }


def test_pages_follow_each_other_by_cursor(world: SimpleNamespace) -> None:
    world.Box.objects.bulk_create(world.Box(program_id=1, name=f"b{number}") for number in range(4))
    _, first, _ = call(world, "get", "api/boxes?page_size=3")
    assert ([box["name"] for box in first["results"]], first["previous"]) == (["b3", "b2", "b1"], None)

    _, second, _ = call(world, "get", first["next"].removeprefix("http://testserver/"))
    assert ([box["name"] for box in second["results"]], second["next"]) == (["b0", "mine"], None)
    assert set(second) == {"next", "previous", "results"}


@pytest.mark.parametrize("query", ["page_size=0", "page_size=201", "page_size=-1", "page_size=x", "page_size=%D9%A3"])
def test_a_page_has_one_to_two_hundred_rows(world: SimpleNamespace, query: str) -> None:
    status, body, _ = call(world, "get", f"api/boxes?{query}")
    assert (status, body["errors"][0]["pointer"]) == (400, "?page_size")


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM%3D", "cD0A", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5%3D", "%00"])
def test_a_made_up_cursor_is_no_server_error(world: SimpleNamespace, cursor: str) -> None:
    assert call(world, "get", f"api/boxes?cursor={cursor}")[0] in (200, 400)


def test_a_cursor_that_is_not_ours_is_malformed(world: SimpleNamespace) -> None:
    status, body, _ = call(world, "get", "api/boxes?cursor=cD1hYmM%3D")
    assert (status, body["errors"][0]["pointer"]) == (400, "?cursor")


def test_the_documentation_tells_every_error_and_parameter(world: SimpleNamespace) -> None:
    schema = SchemaGenerator(patterns=world.urlpatterns).get_schema(public=True)
    validate_schema(schema)
    create = schema["paths"]["/api/boxes"]["post"]
    listing = schema["paths"]["/api/boxes"]["get"]
    patch = schema["paths"]["/api/boxes/{id}"]["patch"]

    def names(operation: Any) -> set[str]:
        return {parameter["name"] for parameter in operation.get("parameters", [])}

    assert names(create) == {"dry_run", "Idempotency-Key"}
    assert names(patch) == {"dry_run", "If-Match", "id"}
    assert names(listing) == {"cursor", "page_size"}
    assert set(listing["responses"]) == {"200", "400", "401", "403", "404", "406", "409", "429", "503"}
    assert set(create["responses"]) == {
        "201", "400", "401", "403", "404", "406", "409", "410", "413", "415", "422", "429", "503"
    }  # fmt: skip
    assert "412" in patch["responses"]
    assert create["responses"]["422"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    (page_size,) = [one for one in listing["parameters"] if one["name"] == "page_size"]
    assert (page_size["schema"]["minimum"], page_size["schema"]["maximum"]) == (1, 200)


def test_only_the_api_is_documented() -> None:
    endpoints = [(path, "", "GET", None) for path in ("/api/boxes", "/api/schema", "/api/docs", "/admin/", "/healthz")]
    assert [one[0] for one in only_api(endpoints)] == ["/api/boxes"]
