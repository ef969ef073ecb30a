"""Whether webhooks may lead to private addresses and without TLS: for development and one's own network only."""

import environ

LOYALTY_WEBHOOKS_PRIVATE: bool = environ.Env().bool("LOYALTY_WEBHOOKS_PRIVATE", default=False)
