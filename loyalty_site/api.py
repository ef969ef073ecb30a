"""The API as one surface: each app's `api/urls.py` in layer order, the schema, and the docs page."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from loyalty_site import schema  # noqa: F401 - registers how callers authenticate


def routes_of_apps() -> list[URLResolver]:
    """One include per app that has routes; the site itself has only those below."""
    apps = [app for app in settings.OWN_APPS if app != "loyalty_site"]
    return [path("", include(f"{app}.api.urls")) for app in apps if has_routes(app)]


def has_routes(app: str) -> bool:
    return find_spec(f"{app}.api") is not None and find_spec(f"{app}.api.urls") is not None


open_to_all = {"authentication_classes": [], "permission_classes": [AllowAny]}

urlpatterns: list[URLPattern | URLResolver] = [
    *routes_of_apps(),
    path("schema", SpectacularAPIView.as_view(**open_to_all), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema", **open_to_all), name="docs"),
]
