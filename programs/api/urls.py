"""Routes whose answers need the programs app."""

from django.urls import path

from programs.api.views import PointTypeViewSet, ProgramViewSet, TierViewSet

urlpatterns = [
    path("programs", ProgramViewSet.as_view({"get": "list"}), name="programs"),
    path("programs/<slug:code>", ProgramViewSet.as_view({"get": "retrieve"}), name="program"),
    path("programs/<slug:code>/point-types", PointTypeViewSet.as_view({"get": "list"}), name="point-types"),
    path("programs/<slug:code>/tiers", TierViewSet.as_view({"get": "list"}), name="tiers"),
]
