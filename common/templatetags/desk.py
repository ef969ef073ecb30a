"""Words of the desk's templates: figures, times, and a program's tile."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.colors import text_on

register = template.Library()
MINUS = "\u2212"


@register.filter
def points(value: int | None) -> str:
    """1450 -> 1,450, with a minus as wide as the digits; nothing for None."""
    if value is None:
        return ""
    figure = number_format(abs(value), use_l10n=True, force_grouping=True)
    return f"{MINUS}{figure}" if value < 0 else figure


@register.filter
def money(value: Decimal | None) -> str:
    """10960 -> 10,960.00, with a minus as wide as the digits; the currency stands beside it. Nothing for None."""
    if value is None:
        return ""
    figure = number_format(abs(value), 2, use_l10n=True, force_grouping=True)
    return f"{MINUS}{figure}" if value < 0 else figure


@register.filter
def signed(value: int | None) -> str:
    """As `points`, a credit with its plus."""
    return f"+{points(value)}" if value and value > 0 else points(value)


@register.filter
def sign(value: int | None) -> str:
    """The class of a signed figure."""
    return "" if not value else "plus" if value > 0 else "minus"


@register.filter
def told(value: object) -> str:
    """A figure as `points`, a text as it is, a dash for nothing."""
    return points(value) if isinstance(value, int) else str(value or "–")


@register.simple_tag
def moment(value: datetime | None, zone: tzinfo | str | None = None) -> SafeString | str:
    """Day and time in that zone (default: the site's), the exact time and its zone on hover."""
    if value is None:
        return ""
    local = timezone.localtime(value, _zone(zone))
    shown = date_format(local, "j M Y, H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), f"{local:%H:%M:%S %Z}", shown)


@register.simple_tag
def day(value: date | datetime | None, zone: tzinfo | str | None = None) -> SafeString | str:
    """The day alone; of a time its day in that zone."""
    if value is None:
        return ""
    local = timezone.localtime(value, _zone(zone)).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), date_format(local, "j M Y"))


@register.simple_tag
def last_day(before: datetime, zone: tzinfo | str | None = None) -> SafeString | str:
    """The last day of what ends just before that time, as members are told it."""
    return day(before - timedelta(microseconds=1), zone)


@register.filter
def monogram(name: str) -> str:
    """At most two initials: UrbanWear Loyalty -> UL."""
    return "".join(word[0] for word in str(name).split()[:2]).upper()


@register.filter
def readable_on(color: str) -> str:
    """The text color for that ground."""
    return text_on(color)


def _zone(zone: tzinfo | str | None) -> tzinfo | None:
    return ZoneInfo(zone) if isinstance(zone, str) else zone
