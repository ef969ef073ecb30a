"""Rules with caps and a campaign, and what they did, written row by row."""

from activities.models import (
    ActivityBatch,
    ActivityType,
    Campaign,
    CampaignSpending,
    MemberActivity,
    RefusedLine,
    RuleEffect,
    RuleUse,
)
from gateway.models import Event, EventNumber
from points.models import Posting
from programs.models import PointType
from tests.activities.ruling import in_force

from . import ledger
from .world import World, days

CAPS = ({"scope": "day", "points": 500}, {"scope": "member", "times": 9}, {"scope": "program", "points": 900})


def add_rules(world: World) -> None:
    """The Moores bought for 80, which a rule of a campaign gave 80 miles for, and 8 status points."""
    at = world.now - days(1.9)
    numbered = EventNumber.objects.count()
    known = set(Event.objects.values_list("pk", flat=True))
    campaign = Campaign.objects.create(
        program=world.north, code="spring", name="Spring", valid_from=at.date(), valid_until=at.date(), point_budget=100
    )
    rule = in_force(world.north, {"do": "credit", "points": 1}, caps=CAPS, campaign=campaign)
    membership = world.memberships["moore"]
    activity = MemberActivity.objects.create(
        program=world.north,
        type=ActivityType.objects.get(program=world.north, code="purchase"),
        membership=membership,
        channel=world.till,
        status="processed",
        amount="80.00",
        currency="EUR",
        occurred_at=at,
        recorded_at=at,
    )
    posting = ledger.posting(
        "earn", for_set=membership.own_set, channel=world.till, at=at, cause=("activity", activity.pk)
    )
    ledger.credit(posting, world.account("moore"), 80, expires_at=world.now + days(200))
    ledger.credit(posting, world.account("moore", world.status), 8)
    activity.posting = posting
    activity.save()
    for position, (point_type, points) in enumerate(((world.miles, 80), (world.status, 8)), start=1):
        _effect(activity, posting, position, point_type, points, campaign=campaign)
    for member, day in ((membership.pk, at.date()), (membership.pk, None), (None, None)):
        RuleUse.objects.create(rule=rule, membership_id=member, day=day, times=1, points=88)
    CampaignSpending.objects.create(campaign=campaign, points=88, budget=100)
    refused = {"code": "membership_not_able", "detail": "It is suspended."}
    batch = ActivityBatch.objects.create(
        program=world.north, name="night", source="file", lines=3, received=1, refused=1, complete=True,
        channel=world.till, created_at=at,
    )  # fmt: skip
    RefusedLine.objects.create(batch=batch, line=3, code="not_found", detail="There is no such card.")
    MemberActivity.objects.create(
        program=world.north, type=activity.type, membership=membership, channel=world.till, status="refused",
        occurred_at=at, recorded_at=at, problem=refused, batch=batch, line=2,
    )  # fmt: skip
    for number, event in enumerate(Event.objects.exclude(pk__in=known).order_by("pk"), start=numbered + 1):
        EventNumber.objects.create(number=number, event=event)


def _effect(
    activity: MemberActivity, posting: Posting, position: int, point_type: PointType, points: int, *, campaign: Campaign
) -> None:
    RuleEffect.objects.create(
        activity=activity,
        program=activity.program,
        rule_version=campaign.rules.get().versions.get(),
        position=position,
        action="credit",
        point_type=point_type,
        points=points,
        because={"campaign": campaign.pk},
        posting=posting,
    )
