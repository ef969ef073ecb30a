"""What of OAuth2 the toolkit may do here: client credentials, within the scopes of the channel."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from oauth2_provider.scopes import BaseScopes
from oauth2_provider.views import TokenView

from gateway.channels import all_scopes
from gateway.models import Channel


class ChannelScopes(BaseScopes):
    """SCOPES_BACKEND_CLASS: a channel gets all its scopes, or those of them it asks for."""

    def get_all_scopes(self) -> dict[str, str]:
        return all_scopes()

    def get_available_scopes(self, application: Any = None, request: Any = None, *_: Any, **__: Any) -> list[str]:
        granted = application.scope_list if isinstance(application, Channel) else ()
        return [scope for scope in granted if scope in all_scopes()]

    def get_default_scopes(self, application: Any = None, request: Any = None, *_: Any, **__: Any) -> list[str]:
        return self.get_available_scopes(application, request)


class ChannelTokenView(TokenView):
    """`POST /oauth/token`, without the toolkit's flow for devices."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = self.authorization_flow_token_response(request)
        return response
