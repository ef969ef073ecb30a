"""Which tokens channels get, for what and for how long (django-oauth-toolkit's own setting)."""

from typing import Any

OAUTH2_PROVIDER: dict[str, Any] = {
    "SCOPES": {
        "customers:read": "Read customers",
        "customers:write": "Create and change customers",
        "memberships:read": "Read memberships and their balances",
        "memberships:manage": "Enrol, activate, suspend, renew, terminate",
        "points:earn": "Credit points",
        "points:redeem": "Redeem and hold points",
        "points:transfer": "Transfer, donate and convert points",
        "points:adjust": "Adjust and reverse points",
        "rewards:manage": "Fulfil orders of rewards, cancel those of others",
        "vouchers:use": "Look up and use vouchers",
        "activities:write": "Report activities and transactions",
        "cards:read": "Read cards",
        "cards:manage": "Register, block and replace cards",
        "changes:propose": "Propose merges, splits and joins",
        "changes:consent": "Pass on consents",
        "changes:attest": "Record consents without a code",
        "changes:carry-out": "Carry out agreed changes",
        "reports:read": "Read reports and the event feed",
    },
    "SCOPES_BACKEND_CLASS": "gateway.oauth.ChannelScopes",
    # The toolkit registers the channel's model in the admin itself.
    "APPLICATION_ADMIN_CLASS": "gateway.admin.ChannelAdmin",
    # The only grant a channel can use.
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    # RFC 9700 as far as the toolkit knows it; tokens are stored as checksums.
    **{
        f"COMPLIANT_BCP_RFC9700_{rule}": True
        for rule in (
            "IMPLICIT_GRANT PASSWORD_GRANT PKCE_METHOD PKCE_REQUIRED ACCESS_TOKEN_TRANSPORT AUTHZ_RESPONSE_ISS "
            "TOKEN_STORAGE REFRESH_TOKEN REDIRECT_URI_SCHEME REDIRECT_URI_MATCHING"
        ).split()
    },
}
