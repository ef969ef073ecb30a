"""Whether webhooks may lead to private addresses and without TLS: for development and one's own network only."""

import environ

_env = environ.Env()
LOYALTY_WEBHOOKS_PRIVATE: bool = _env.bool("LOYALTY_WEBHOOKS_PRIVATE", default=False)
