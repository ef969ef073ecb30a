"""What a campaign has come to: read from the effects of its rules."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import connection

from activities.models import Campaign, CampaignSpending

RESULTS = """
WITH of_campaign AS (
    SELECT e.activity_id, e.points, e.action, r.id AS rule_id, r.name
    FROM activities_rewardrule r
    JOIN activities_ruleversion v ON v.rule_id = r.id
    JOIN activities_ruleeffect e ON e.rule_version_id = v.id
    WHERE r.campaign_id = %s AND r.program_id = %s
), placed AS (
    SELECT o.*, a.membership_id, (a.occurred_at AT TIME ZONE %s)::date AS day,
        CASE WHEN o.action IN ('credit', 'multiply') THEN o.points ELSE 0 END AS given
    FROM of_campaign o JOIN activities_memberactivity a ON a.id = o.activity_id
)
SELECT 'all' AS part, NULL::text AS name, NULL::date AS day, coalesce(sum(given), 0)::bigint, count(*),
    count(DISTINCT activity_id), count(DISTINCT membership_id) FROM placed
UNION ALL
SELECT 'rule', min(name), NULL, sum(given)::bigint, count(*), count(DISTINCT activity_id),
    count(DISTINCT membership_id) FROM placed GROUP BY rule_id
UNION ALL
SELECT 'day', NULL, day, sum(given)::bigint, count(*), count(DISTINCT activity_id), count(DISTINCT membership_id)
FROM placed GROUP BY day
ORDER BY 1, 3, 4 DESC, 2
"""


class Figures(NamedTuple):
    """Points given; effects of any kind; the activities and memberships they were of."""

    points: int
    effects: int
    activities: int
    memberships: int


@dataclass(frozen=True, slots=True)
class CampaignResults:
    """`left` is what may still be given, None without a budget; `members` how many are in it by list or joining;
    `by_day` are local days with an effect, with points and effects; `by_rule` likewise, by the rule's name."""

    points: int
    effects: int
    activities: int
    memberships: int
    budget: int | None
    left: int | None
    members: int
    by_day: tuple[tuple[date, int, int], ...]
    by_rule: tuple[tuple[str, int, int], ...]


def results_of(campaign: Campaign) -> CampaignResults:
    """Points are those given, whatever was returned since."""
    with connection.cursor() as cursor:
        cursor.execute(RESULTS, [campaign.pk, campaign.program_id, campaign.program.time_zone])
        rows = [(part, name, day, Figures(*figures)) for part, name, day, *figures in cursor.fetchall()]
    spending = CampaignSpending.objects.filter(campaign=campaign).first()
    budget, spent = (spending.budget, spending.points) if spending else (campaign.point_budget, 0)
    total = next(one for part, _, _, one in rows if part == "all")
    return CampaignResults(
        *total,
        budget=budget,
        left=None if budget is None else budget - spent,
        members=campaign.members.filter(left_at__isnull=True).count(),
        by_day=tuple((day, one.points, one.effects) for part, _, day, one in rows if part == "day"),
        by_rule=tuple((name, one.points, one.effects) for part, name, _, one in rows if part == "rule"),
    )
