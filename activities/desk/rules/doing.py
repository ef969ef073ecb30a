"""What a rule did by month, as a chart: its points by type, or how often where it gives none."""

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from activities.rule_months import RuleMonth
from common.desk.charts import FILLS, ColumnChart, Label, Series
from programs.models import PointType


def chart_of(months: Sequence[RuleMonth]) -> ColumnChart:
    """A rule that takes points is drawn by how many it took. More types than a chart tells apart stand in no chart."""
    types: dict[int, PointType] = {one.pk: one for month in months for one, _points in month.points}
    labels = [Label(date_format(month.month, "M"), date_format(month.month, "F Y")) for month in months]
    if not types or len(types) > len(FILLS):
        times = Series(_("Times"), [month.effects for month in months])
        return ColumnChart("did", _("How often it applied, by month"), labels, [times])
    series = [Series(one.name, [_points_of(month, pk) for month in months]) for pk, one in sorted(types.items())]
    return ColumnChart("did", _("Points by month"), labels, series)


def _points_of(month: RuleMonth, type_id: int) -> int:
    return abs(sum(points for one, points in month.points if one.pk == type_id))
