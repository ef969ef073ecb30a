"""How e-mail leaves: EMAIL_URL, as in smtps://user:password@mail.example.org:587; without it, into files.

Django 6.1 prefers a setting of its own to these; they are what both supported versions read.
"""

from typing import Any

import environ

from loyalty_site.postgres.places import local_folder

BACKENDS = "django.core.mail.backends"
INTO_FILES = f"{BACKENDS}.filebased.EmailBackend"
# What takes messages and lets no customer have them.
GOES_NOWHERE = frozenset({INTO_FILES, *(f"{BACKENDS}.{name}.EmailBackend" for name in ("console", "dummy", "locmem"))})
SMTP_PORT = 25
# Where a server takes messages over a secured connection, by the scheme of the URL.
SECURE_PORTS = {"smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}


def read_email_url(url: str) -> dict[str, Any]:
    """Django's settings; a port left out is the usual one of the scheme."""
    if not url:
        return {"EMAIL_BACKEND": INTO_FILES, "EMAIL_FILE_PATH": str(local_folder() / "mail")}
    found: dict[str, Any] = environ.Env.email_url_config(url)
    found["EMAIL_PORT"] = found["EMAIL_PORT"] or SECURE_PORTS.get(url.partition("://")[0])
    return found


_env = environ.Env()
_email = read_email_url(_env.str("EMAIL_URL", default=""))

EMAIL_BACKEND: str = _email["EMAIL_BACKEND"]
EMAIL_FILE_PATH: str = _email.get("EMAIL_FILE_PATH") or ""
EMAIL_HOST: str = _email.get("EMAIL_HOST") or ""
EMAIL_PORT: int = _email.get("EMAIL_PORT") or SMTP_PORT
EMAIL_HOST_USER: str = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD: str = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS: bool = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = _email.get("EMAIL_USE_SSL", False)
# A server that does not answer must not hold up the queue.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = _env.str("LOYALTY_MAIL_FROM", default="Loyalty <loyalty@localhost>")
