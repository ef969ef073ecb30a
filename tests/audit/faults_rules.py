"""Faults of what rules did."""

from activities.models import ActivityBatch, CampaignSpending, MemberActivity, RefusedLine, RuleEffect, RuleUse

from .faults import fault
from .world import World


@fault("Q01")
def line_not_counted(w: World) -> None:
    ActivityBatch.objects.update(received=0)


@fault("Q01")
def refused_line_that_is_gone(w: World) -> None:
    RefusedLine.objects.all().delete()


@fault("Q01")
def line_behind_the_end(w: World) -> None:
    MemberActivity.objects.filter(line=2).update(line=4)


@fault("Q02")
def line_made_and_refused(w: World) -> None:
    RefusedLine.objects.update(line=2)


@fault("T03")
def refused_without_a_reason(w: World) -> None:
    MemberActivity.objects.filter(status="refused").update(problem=None)


@fault("T03")
def reason_on_what_was_processed(w: World) -> None:
    _ruled().update(problem={"code": "x", "detail": "y"})


@fault("T01", "T03", "T04")
def effect_on_what_failed(w: World) -> None:
    _ruled().update(status="failed")


@fault("T04")
def posting_of_another_activity(w: World) -> None:
    for one in RuleEffect.objects.all():
        RuleEffect.objects.filter(pk=one.pk).update(activity=MemberActivity.objects.filter(type__code="earn").first())
    RuleUse.objects.filter(membership_id__isnull=False).update(
        membership_id=RuleEffect.objects.first().activity.membership_id
    )


@fault("T04")
def points_without_a_posting(w: World) -> None:
    RuleEffect.objects.update(posting=None)


@fault("T04", "T06")
def effect_of_a_version_that_is_gone(w: World) -> None:
    RuleEffect.objects.filter(position=1).update(rule_version=0)


@fault("T05")
def effect_of_another_type(w: World) -> None:
    RuleEffect.objects.filter(position=1).update(point_type=w.spark)


@fault("T05", "T06", "T07")
def effect_of_other_points(w: World) -> None:
    RuleEffect.objects.filter(position=1).update(points=81)


@fault("T06")
def use_counted_twice(w: World) -> None:
    RuleUse.objects.filter(day__isnull=False).update(times=2)


@fault("T06")
def points_of_a_rule_not_counted(w: World) -> None:
    RuleUse.objects.filter(membership_id__isnull=True).update(points=87)


@fault("T06")
def use_that_is_gone(w: World) -> None:
    RuleUse.objects.filter(membership_id__isnull=False, day__isnull=True).delete()


@fault("T07")
def campaign_that_gave_other_points(w: World) -> None:
    CampaignSpending.objects.update(points=87)


@fault("T07")
def campaign_above_its_budget(w: World) -> None:
    CampaignSpending.objects.update(budget=87)


def _ruled():  # noqa: ANN202
    return MemberActivity.objects.filter(pk__in=RuleEffect.objects.values("activity"))
