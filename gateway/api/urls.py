from django.urls import path, re_path

from gateway.api import schema  # noqa: F401 - registers how a channel authenticates
from gateway.api.views import EventFeed
from gateway.api.webhooks import DeliveryViewSet, WebhookViewSet

ONE = r"^webhooks/(?P<pk>[0-9]{1,18})"
DELIVERIES = r"^webhooks/(?P<webhook>[0-9]{1,18})/deliveries"

urlpatterns = [
    path("events", EventFeed.as_view(), name="events"),
    path("webhooks", WebhookViewSet.as_view({"get": "list", "post": "create"})),
    re_path(f"{ONE}$", WebhookViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    re_path(f"{ONE}/rotate-secret$", WebhookViewSet.as_view({"post": "rotate_secret"})),
    re_path(f"{DELIVERIES}$", DeliveryViewSet.as_view({"get": "list"})),
    re_path(rf"{DELIVERIES}/(?P<pk>[0-9]{{1,18}})/retry$", DeliveryViewSet.as_view({"post": "retry"})),
]
