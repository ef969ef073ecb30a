"""The product's application with the routes of bench.urls beside its own."""

from django.conf import settings

from loyalty_site.wsgi import application

settings.ROOT_URLCONF = "bench.urls"
__all__ = ["application"]
