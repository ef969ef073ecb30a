from django.contrib import admin
from django.urls import include, path
from oauth2_provider.views import RevokeTokenView

from gateway.oauth import ChannelTokenView
from loyalty_site.health import healthz, readyz
from loyalty_site.start import start

urlpatterns = [
    path("", start, name="start"),
    path("admin/", admin.site.urls),
    path("desk/", include("loyalty_site.desk.urls")),
    path("consent/", include("memberships.consent_page.urls")),
    # Channels are machines: of OAuth2 they get client credentials, so no page to authorize anything.
    path("oauth/token", ChannelTokenView.as_view(), name="oauth-token"),
    path("oauth/revoke", RevokeTokenView.as_view(), name="oauth-revoke"),
    path("api/", include("loyalty_site.api")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

# Under /api/ these answer with problem+json, elsewhere with Django's pages.
handler400 = "common.api.problems.bad_request"
handler403 = "common.api.problems.permission_denied"
handler404 = "common.api.problems.not_found"
handler500 = "common.api.problems.server_error"
