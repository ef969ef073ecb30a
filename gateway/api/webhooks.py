"""A channel's own webhooks: register, list, new secret, switch off, what became of each event (interfaces 3.1)."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.dry_run import Answer, rehearse, wants_dry_run
from common.api.fields import StrictCharField
from common.api.permissions import DefaultDeny
from common.api.serializers import NoInput, StrictModelSerializer, StrictSerializer
from common.api.views import LoyaltyViewSet
from gateway.addresses import LONGEST
from gateway.feed import READS_EVENTS
from gateway.models import Channel, DeliveryStatus, WebhookDelivery, WebhookEndpoint
from gateway.webhooks import MOST_KINDS, deactivate_webhook, register_webhook, retry_delivery, rotate_secret


class ChannelsOnly(BasePermission):
    """In addition to DefaultDeny: staff look after webhooks in the back office."""

    message = "Only a channel has webhooks."

    def has_permission(self, request: Request, view: Any) -> bool:
        auth: Any = request.auth
        return auth is not None and auth.actor().kind == "channel"


class WebhookInput(StrictSerializer):
    url = StrictCharField(max_length=LONGEST, help_text="https://...; each address once.")
    kinds = serializers.ListField(
        child=StrictCharField(max_length=40),
        required=False,
        max_length=MOST_KINDS,
        help_text="Beginnings of kinds of events, as in membership. or points.posted; left out: all.",
    )
    description = StrictCharField(max_length=120, required=False, allow_blank=True)


class WebhookSerializer(StrictModelSerializer):
    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "kinds", "description", "is_active", "created_at")


class WebhookWithSecretSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="Shown in this answer only.")

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class DeliverySerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    number = serializers.IntegerField(help_text="The event's number in the feed; its webhook-id is evt_<number>.")
    kind = serializers.CharField(source="event.kind")
    program = serializers.SlugField(source="program.code", allow_null=True, default=None)
    status = serializers.ChoiceField(DeliveryStatus.choices)
    tries = serializers.IntegerField()
    next_try_at = serializers.DateTimeField(allow_null=True)
    answered = serializers.IntegerField(allow_null=True, help_text="Status of the last answer; null: there was none.")
    problem = serializers.CharField()
    done_at = serializers.DateTimeField(allow_null=True)


class DeliveryFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=DeliveryStatus.choices)


class WebhookViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, LoyaltyViewSet):
    queryset = WebhookEndpoint.objects.all()
    serializer_class = WebhookSerializer
    permission_classes = [DefaultDeny, ChannelsOnly]
    required_scopes = {"GET": READS_EVENTS, "POST": READS_EVENTS, "DELETE": READS_EVENTS}
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(request=WebhookInput, responses={201: WebhookWithSecretSerializer})
    def create(self, request: Request) -> Response:
        """Have events sent to an address from now on. No Idempotency-Key: an address is registered once, and the
        answer, which shows the secret, is kept nowhere."""
        given = WebhookInput(data=request.data)
        given.is_valid(raise_exception=True)

        def func() -> Answer:
            channel = Channel.objects.get(pk=self.actor.channel_id)
            row, secret = register_webhook(channel, actor=self.actor, **given.validated_data)
            return 201, {**WebhookSerializer(row).data, "secret": secret}

        return self._answered(func)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Send nothing there any more; what waits is given up."""
        row = self.get_object()

        def func() -> Answer:
            deactivate_webhook(row, actor=self.actor)
            return 204, None

        return self._answered(func)

    @extend_schema(request=NoInput, responses={200: WebhookWithSecretSerializer})
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """A new secret, shown once; for a day every message is signed with the former one too."""
        NoInput(data=request.data).is_valid(raise_exception=True)
        row = self.get_object()

        def func() -> Answer:
            secret = rotate_secret(row, actor=self.actor)
            return 200, {**WebhookSerializer(row).data, "secret": secret}

        return self._answered(func)

    def _answered(self, func: Callable[[], Answer]) -> Response:
        """Past the gate of keys, which would keep the secret in its answers for days."""
        status, body = rehearse(func) if wants_dry_run(self.request) else func()
        return Response(body, status)


class DeliveryViewSet(mixins.ListModelMixin, LoyaltyViewSet):
    queryset = WebhookDelivery.objects.select_related("event", "program")
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    permission_classes = [DefaultDeny, ChannelsOnly]
    required_scopes = {"GET": READS_EVENTS, "POST": READS_EVENTS}
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Any]:
        found = super().get_queryset()
        if hasattr(self, "swagger_fake_view"):
            return found
        mine = WebhookEndpoint.objects.visible_to(self.actor)
        return found.filter(endpoint=get_object_or_404(mine, pk=self.kwargs["webhook"]))

    @extend_schema(request=NoInput, responses={200: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, webhook: str, pk: str) -> Response:
        """Try again what was given up."""
        NoInput(data=request.data).is_valid(raise_exception=True)
        row = self.get_object()

        def func() -> Answer:
            return 200, DeliverySerializer(retry_delivery(row, actor=self.actor)).data

        return self.perform_write(request, False, func)
