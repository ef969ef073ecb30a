"""How the back office writes figures, times, people and links."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.translation import gettext as _

Text = str | Promise
NOTHING = "-"
MINUS = "\u2212"


def figure(value: int | None) -> str:
    """1450 -> 1,450; nothing is a dash."""
    if value is None:
        return NOTHING
    return f"{MINUS if value < 0 else ''}{number_format(abs(value), use_l10n=True, force_grouping=True)}"


def signed(value: int | None) -> str:
    """As `figure`, a credit with its plus."""
    return f"+{figure(value)}" if value and value > 0 else figure(value)


def moment(value: datetime | None, *, seconds: bool = False) -> str:
    """22 Nov 2026, 14:05 in UTC, as the head of every page says."""
    return date_format(value.astimezone(UTC), "j M Y, H:i:s" if seconds else "j M Y, H:i") if value else NOTHING


def written(value: Any) -> str:
    """Any value of a field as a reader expects it."""
    match value:
        case None | "":
            return NOTHING
        case bool():
            return _("yes") if value else _("no")
        case datetime():
            return moment(value, seconds=True)
        case date():
            return date_format(value, "j M Y")
        case timedelta():
            return lasting(value)
        case list() | tuple():
            return ", ".join(str(one) for one in value) or NOTHING
        case _:
            return str(value)


def lasting(value: timedelta) -> str:
    """3 days 04:00:00."""
    rest = value - timedelta(days=value.days)
    days = _("%(count)s days") % {"count": figure(value.days)} if value.days else ""
    return f"{days} {rest if rest else ''}".strip() or _("none")


def page_of(row: models.Model | None) -> str | None:
    """The address of a row's page in the back office."""
    return None if row is None else address(row._meta, "change", row.pk)


def address(meta: Any, page: str, *args: Any) -> str | None:
    """None where the back office has no such page."""
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)
    except NoReverseMatch:
        return None


def link(row: models.Model | None, text: Text = "") -> str:
    """A link to the row's page."""
    if row is None:
        return NOTHING
    return anchor(page_of(row), text or str(row))


def anchor(url: str | None, text: Text) -> str:
    return format_html('<a href="{}" class="bo-link">{}</a>', url, text) if url else str(text)


def rows_link(label: str, text: Text, **lookups: Any) -> str:
    """A link to a list, filtered. `label`: the app and model, as in points.Posting, which need not be imported."""
    app, model = label.lower().split(".")
    return anchor(f"{reverse(f'admin:{app}_{model}_changelist')}?{urlencode(lookups)}", text)


def several(parts: Iterable[str]) -> str:
    """Links side by side."""
    return format_html_join(" · ", "{}", ((part,) for part in parts)) or NOTHING
