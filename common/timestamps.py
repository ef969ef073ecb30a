"""Times from the database, read by the driver itself: in C, where it is compiled.

Django puts a class in Python above the driver's, to replace the time zone. Its connections speak in the zone that
Django keeps times in, so there is nothing to replace.
"""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg.pq import Format

TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid
# Of psycopg_binary or psycopg_c where one is installed, and then a class that can't be inherited from.
drivers: Any = psycopg.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)


class TimeLoader:
    """Made by the connection for each query, it is the driver's own. Django asks the class for its zone."""

    format = Format.TEXT
    timezone = connection.timezone

    def __new__(cls, oid: int, context: Any = None) -> Any:
        return drivers(oid, context)


def register() -> None:
    """For all connections made from now on."""
    template: Any = get_adapters_template(settings.USE_TZ, connection.timezone)
    template.register_loader(TIMESTAMPTZ, TimeLoader)
