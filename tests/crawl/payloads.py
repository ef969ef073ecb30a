"""A script in every text column of every table, each with a number of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

SCRIPT = re.compile(r"<script>(\d{4})")
ESCAPED = re.compile(r"&lt;script&gt;(\d{4})")
LEAST = len("<script>1000")
# Columns that are not words but keys: programs read them, nobody types them freely.
KEYS = {
    "programs.program": {"code", "brand_color", "time_zone", "currency", "logo"},
    "programs.pointtype": {"code"},
    "programs.tiergroup": {"code"},
    "programs.tier": {"code"},
    "programs.benefit": {"code"},
    "activities.activitytype": {"code"},
    "staff.user": {"password"},
    "otp_totp.totpdevice": {"key"},
    "gateway.channel": {"code", "scope_list", "client_type", "authorization_grant_type", "algorithm"},
}


@dataclass
class Payloads:
    """What was stored: number of the payload -> "app.model.column"; and what took none, with the reason."""

    columns: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def of(self, *columns: str) -> set[str]:
        """The numbers of the payloads in these columns."""
        return {number for number, column in self.columns.items() if column in columns}


def store_everywhere() -> Payloads:
    """Past every rule and trigger: what is stored is not to be trusted, however it came there."""
    payloads = Payloads()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for number, (model, column) in enumerate(_text_columns(), start=1000):
        name = f"{model._meta.label_lower}.{column.name}"
        most = column.max_length or 1000
        payload = f'"><script>{number}' if most >= LEAST + 2 else f"<script>{number}"
        try:
            with transaction.atomic():
                _store(model, column, payload)
        except DatabaseError as error:
            payloads.refused[name] = str(error).splitlines()[0]
        else:
            payloads.columns[str(number)] = name
    return payloads


def _text_columns() -> Iterator[tuple[type[models.Model], models.Field]]:
    for app in (*settings.OWN_APPS, "axes", "otp_totp"):
        for model in apps.get_app_config(app).get_models():
            for column in model._meta.local_concrete_fields:
                if isinstance(column, (models.CharField, models.TextField)) and _takes(model, column):
                    yield model, column


def _takes(model: type[models.Model], column: models.Field) -> bool:
    if column.choices or column.primary_key or (column.max_length or LEAST) < LEAST:
        return False
    return column.name not in KEYS.get(model._meta.label_lower, ())


def _store(model: type[models.Model], column: models.Field, payload: str) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    name = connection.ops.quote_name(column.column)
    # What must be unique gets the payload with the row's key, if there is room.
    unique = f" || {connection.ops.quote_name(model._meta.pk.column)}::text" if column.unique else ""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET {name} = %s{unique}", [payload])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
