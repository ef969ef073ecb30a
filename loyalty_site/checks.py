"""What `manage.py check --deploy` asks beyond Django's own checks."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from loyalty_site.mail import GOES_NOWHERE


def mail_reaches_customers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """In production consents are asked for by e-mail, so some server has to take it."""
    if not settings.PRODUCTION or settings.EMAIL_BACKEND not in GOES_NOWHERE:
        return []
    return [
        Error(
            f"Messages to customers go nowhere: EMAIL_BACKEND is {settings.EMAIL_BACKEND}.",
            hint="Name a mail server: EMAIL_URL=smtps://user:password@host:587",
            id="loyalty_site.E001",
        )
    ]
