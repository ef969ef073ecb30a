"""How the OpenAPI document tells that staff prove who they are. Imported where the routes are."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class StaffScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "loyalty_site.authentication.StaffSessionAuthentication"
    name = "staff"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "A login at the desk; every write also sends the header X-CSRFToken.",
        }
