"""Before any test module: the embedded server for tests (unless DATABASE_URL names another), and Django."""

import os

import django

os.environ.setdefault("LOYALTY_CLUSTER", "test")
# A server named in DATABASE_URL is a test's server here, not production.
os.environ.setdefault("LOYALTY_PRODUCTION", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
django.setup()
