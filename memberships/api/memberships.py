"""Memberships: enrol, look at, and move through their life."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from common.actor import Actor
from common.api.dry_run import Answer
from common.api.views import LoyaltyViewSet, tagged
from common.errors import NotAllowed, NotFound
from customers.models import Customer
from gateway.api.writing import answer_concerns
from memberships import ending, lifecycle
from memberships.api import serializers as io
from memberships.api.shapes import MEMBERS, membership_shape, membership_shapes
from memberships.enrolment import enrol, enrol_in_several
from memberships.filters import MembershipFilter
from memberships.models import Member, Membership
from programs.models import Program

MANAGE = "memberships:manage"
READ = "memberships:read"


def program_to_manage(code: str, actor: Actor) -> Program:
    """The program of that code; a foreign one does not exist for the actor."""
    program = Program.objects.filter(code=code).first()
    if program is None or (actor.programs is not None and program.pk not in actor.programs):
        raise NotFound("There is no such program that you can see.", facts={"program": code})
    if not actor.may(MANAGE, program.pk):
        raise NotAllowed("The scope to manage memberships of this program is missing.", facts={"program": code})
    return program


def customer_of(pk: int) -> Customer:
    customer = Customer.objects.filter(pk=pk).first()
    if customer is None:
        raise NotFound("There is no such customer that you can see.", facts={"customer": pk})
    return customer


def organization_of(given: dict[str, Any]) -> int | None:
    """The id of the organization's customer, where one is named."""
    named = given.get("organization")
    return None if named is None else customer_of(named).pk


class MembershipViewSet(LoyaltyViewSet):
    queryset = Membership.objects.all()
    serializer_class: type[BaseSerializer[Any]] | None = io.MembershipOutput
    filter_backends = [DjangoFilterBackend]
    filterset_class = MembershipFilter
    lookup_value_regex = "[0-9]{1,18}"
    required_scopes = {"GET": READ, "POST": MANAGE}
    key_required = True

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(membership_shapes([one.pk for one in page], self.actor))

    def retrieve(self, request: Request, pk: str) -> Response:
        return tagged(membership_shape(self.get_object(), self.actor))

    @extend_schema(request=io.EnrolInput, responses={201: io.MembershipOutput})
    def create(self, request: Request) -> Response:
        """Enrol a customer in a program."""
        return self.perform_write(request, None, self._enrol)

    @extend_schema(request=io.OptionalReasonInput, responses=io.MembershipOutput)
    def activate(self, request: Request, pk: str) -> Response:
        return self._change(lifecycle.activate, io.OptionalReasonInput)

    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def pause(self, request: Request, pk: str) -> Response:
        return self._change(lifecycle.pause, io.ReasonInput)

    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def suspend(self, request: Request, pk: str) -> Response:
        return self._change(lifecycle.suspend, io.ReasonInput)

    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def reinstate(self, request: Request, pk: str) -> Response:
        return self._change(lifecycle.reinstate, io.ReasonInput)

    @extend_schema(request=io.OptionalReasonInput, responses=io.MembershipOutput)
    def renew(self, request: Request, pk: str) -> Response:
        return self._change(lifecycle.renew, io.OptionalReasonInput)

    @extend_schema(request=io.TerminateInput, responses=io.MembershipOutput)
    def terminate(self, request: Request, pk: str) -> Response:
        return self._change(ending.terminate, io.TerminateInput)

    def _enrol(self) -> Answer:
        given = self._input(io.EnrolInput)
        program = program_to_manage(given["program"], self.actor)
        membership = enrol(
            customer_of(given["customer"]),
            program=program,
            actor=self.actor,
            type=given["type"],
            accept_terms=given["accept_terms"],
            organization_id=organization_of(given),
            plain="organization" in given and given["organization"] is None,
            plain_if_refused=given["plain_if_refused"],
        )
        return 201, self._shown(membership)

    def _change(self, verb: Callable[..., Membership], given_as: type[BaseSerializer[Any]]) -> Response:
        def func() -> Answer:
            membership = self.get_object()
            return 200, self._shown(verb(membership, actor=self.actor, **self._input(given_as)))

        return self.perform_write(self.request, None, func)

    def _shown(self, membership: Membership) -> dict[str, Any]:
        shown = membership_shape(membership, self.actor)
        people = [member["customer"] for member in shown["members"]]
        answer_concerns(self.request, program_id=membership.program_id, customers=people)
        return shown

    def _input(self, given_as: type[BaseSerializer[Any]]) -> Any:
        serializer = given_as(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class EnrollmentViewSet(LoyaltyViewSet):
    """Several programs at once, with a consent for each: all or none."""

    queryset = Membership.objects.all()
    required_scopes = {"POST": MANAGE}
    key_required = True

    @extend_schema(request=io.EnrolInSeveralInput, responses={201: io.MembershipsOutput})
    def create(self, request: Request) -> Response:
        return self.perform_write(request, None, partial(self._enrol, request))

    def _enrol(self, request: Request) -> Answer:
        serializer = io.EnrolInSeveralInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        programs = [program_to_manage(one["program"], self.actor) for one in given["enrollments"]]
        accepted = {
            program.pk for program, one in zip(programs, given["enrollments"], strict=True) if one["accept_terms"]
        }
        made = enrol_in_several(
            customer_of(given["customer"]),
            programs=programs,
            actor=self.actor,
            accepted=accepted,
            organizations={
                program.pk: organization_of(one)
                for program, one in zip(programs, given["enrollments"], strict=True)
                if "organization" in one
            },
        )
        answer_concerns(request, customers=[given["customer"]])
        return 201, {"results": membership_shapes([one.pk for one in made], self.actor)}


class CustomerMembershipViewSet(LoyaltyViewSet):
    """All memberships of a customer, in the programs the caller sees."""

    queryset = Membership.objects.prefetch_related(MEMBERS)
    pagination_class = None
    required_scopes = {"GET": READ}
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(responses=forced_singular_serializer(io.MembershipsOutput))
    def list(self, request: Request, pk: str) -> Response:
        customer = customer_of(int(pk))
        taking_part = Member.objects.filter(customer=customer, ended_at__isnull=True).values("membership_id")
        ids = self.get_queryset().filter(pk__in=taking_part).order_by("pk").values_list("pk", flat=True)
        return Response({"results": membership_shapes(list(ids), self.actor)})
