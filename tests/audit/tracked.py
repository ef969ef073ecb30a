"""Reviews, attributes, labels, a campaign's list and a webhook in the small sound world, written row by row."""

from datetime import timedelta

from activities.models import Campaign, CampaignMember
from gateway.models import Event, EventNumber, WebhookDelivery, WebhookEndpoint
from memberships.models import AttributeValue, MembershipLabel, TierReview
from programs.models import AttributeDefinition, Label, Tier

from .world import World, days


def add_tracked(w: World) -> None:
    """Michael kept his tier twice over, flew three times, is a parent and on a list; the till hears of four events."""
    michael, at = w.memberships["michael"], w.now - days(2)
    base = Tier.objects.get(group__program=w.north, code="base")
    mine = {"membership": michael, "program": w.north}
    for again, end in ((0, days(30)), (1, days(30)), (0, days(10))):
        TierReview.objects.create(
            **mine, group=base.group, period_end=w.now - end, again=again, figure=5, before=base, after=base,
            reviewed_at=w.now - days(9),
        )  # fmt: skip
    flights = AttributeDefinition.objects.create(program=w.north, code="flights", name="Flights")
    meal = AttributeDefinition.objects.create(program=w.north, code="meal", name="Meal", type="text")
    AttributeValue.objects.create(**mine, definition=flights, number=3, changed_at=at)
    AttributeValue.objects.create(**mine, definition=meal, text="vegan", changed_at=at)
    parent = Label.objects.create(program=w.north, code="parent", name="Parent")
    MembershipLabel.objects.create(**mine, label=parent, source="rule", since=at - days(9), ended_at=at)
    MembershipLabel.objects.create(**mine, label=parent, source="rule", since=at)
    campaign = Campaign.objects.create(
        program=w.north, code="members", name="Members", eligibility="list", valid_from=at.date(), valid_until=at.date()
    )
    CampaignMember.objects.create(**mine, campaign=campaign, joined_at=at - days(9), left_at=at, channel_id=w.till.pk)
    CampaignMember.objects.create(**mine, campaign=campaign, joined_at=at, channel_id=w.till.pk)
    _webhook(w)


def _webhook(w: World) -> None:
    for number, event in enumerate(Event.objects.filter(numbered=None).order_by("pk"), EventNumber.objects.count()):
        EventNumber.objects.create(number=number + 1, event=event)
    hook = WebhookEndpoint.objects.create(
        channel=w.till, url="https://till.example/hook", secret=b"", after=EventNumber.objects.count(), created_at=w.now
    )
    done = {"tries": 2, "answered": 204, "done_at": w.now}
    gone = {"tries": 1, "answered": 410, "problem": "HTTP 410"}
    given_up = {"tries": 10, "answered": 500, "problem": "HTTP 500"}
    waiting = {"tries": 1, "next_try_at": w.now + timedelta(minutes=1)}
    told = (("done", done), ("dead", gone), ("dead", given_up), ("waiting", waiting))
    events = EventNumber.objects.filter(event__program=w.north).order_by("-number")
    for numbered, (status, values) in zip(events, told, strict=False):
        WebhookDelivery.objects.create(
            endpoint=hook, event=numbered.event, number=numbered.number, program=w.north, status=status, **values
        )
