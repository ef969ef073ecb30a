from django.urls import path

from gateway.api import schema  # noqa: F401 - registers how a channel authenticates
from gateway.api.views import EventFeed

urlpatterns = [
    path("events", EventFeed.as_view(), name="events"),
]
