from django.urls import path

from gateway.api.views import EventFeed

urlpatterns = [
    path("events", EventFeed.as_view(), name="events"),
]
