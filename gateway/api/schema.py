"""How the OpenAPI document tells that a channel proves who it is. Imported where the routes are."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from common.api.permissions import required_scopes
from gateway.channels import all_scopes


class ChannelScheme(OpenApiAuthenticationExtension):
    target_class = "gateway.authentication.ChannelAuthentication"
    name = "channel"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        flow = {"tokenUrl": "/oauth/token", "scopes": all_scopes()}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Of several scopes one is enough; those only staff have are not asked of a channel."""
        needed = required_scopes(auto_schema.view, auto_schema.method) or ()
        return {self.name: [scope for scope in needed if scope in all_scopes()]}
