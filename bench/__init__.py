"""Reproducible benchmarks of the hot paths against what the database itself can do (`make bench`).

Importing the package readies Django on the cluster `bench`, in the command as in its worker processes.
"""

import os

import django
from django.apps import apps

os.environ.setdefault("LOYALTY_CLUSTER", "bench")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
if not apps.ready:
    django.setup()
