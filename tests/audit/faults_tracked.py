"""Faults of tiers, reviews, attributes, labels, campaigns' lists and webhooks."""

from activities.models import CampaignMember
from gateway.models import WebhookDelivery, WebhookEndpoint
from memberships.models import AttributeValue, MembershipLabel, TierReview, TierStanding
from programs.models import AttributeDefinition, Label, Tier

from .faults import fault
from .world import World, days


def _save(row: object, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()  # type: ignore[attr-defined]


def _again(row: object, **values: object) -> None:
    """The same once more."""
    _save(row, pk=None, **values)


def _silver(w: World) -> Tier:
    return Tier.objects.get(code="silver", group__program=w.north)


@fault("D01")
def tier_within_the_time_of_another(w: World) -> None:
    first = TierStanding.objects.get(membership=w.memberships["michael"])
    _save(first, ended_at=w.now - days(10))
    _again(first, tier=_silver(w), source="earned", since=w.now - days(11), ended_at=None)


@fault("D01")
def tier_given_and_ended_while_one_lasted(w: World) -> None:
    first = TierStanding.objects.get(membership=w.memberships["michael"])
    _again(first, tier=_silver(w), source="earned", since=w.now - days(11), ended_at=w.now - days(10))


@fault("D01")
def tier_that_ended_before_it_began(w: World) -> None:
    first = TierStanding.objects.get(membership=w.memberships["michael"])
    _again(first, source="change", since=w.now - days(200), ended_at=w.now - days(201))


@fault("D02")
def tier_below_that_of_the_agreement(w: World) -> None:
    cited = TierStanding.objects.get(membership=w.memberships["eva"])
    base = Tier.objects.get(code="base", group__program=w.north)
    _save(cited, ended_at=w.now - days(1))
    _again(
        cited, tier=base, source="review", since=w.now - days(1), ended_at=None, agreement=None, agreement_version=None
    )


@fault("D03")
def period_reviewed_twice(w: World) -> None:
    _again(TierReview.objects.get(period_end=w.now - days(10)))


@fault("D03")
def repetition_that_was_not_counted(w: World) -> None:
    _again(TierReview.objects.get(period_end=w.now - days(10)), again=3)


@fault("D03")
def review_before_the_end_of_its_period(w: World) -> None:
    _again(TierReview.objects.get(period_end=w.now - days(10)), period_end=w.now - days(8))


@fault("D03")
def review_by_a_tier_of_no_ladder(w: World) -> None:
    _again(TierReview.objects.get(period_end=w.now - days(10)), period_end=w.now - days(12), after_id=0)


@fault("D04")
def value_in_the_column_of_another_type(w: World) -> None:
    _save(AttributeValue.objects.get(definition__code="flights"), number=None, text="3")


@fault("D04")
def value_of_two_types(w: World) -> None:
    _save(AttributeValue.objects.get(definition__code="flights"), flag=True)


@fault("D04")
def attribute_with_two_values(w: World) -> None:
    _again(AttributeValue.objects.get(definition__code="flights"))


@fault("D04")
def attribute_of_another_program(w: World) -> None:
    foreign = AttributeDefinition.objects.create(program=w.south, code="flights", name="Flights")
    _save(AttributeValue.objects.get(definition__code="flights"), definition=foreign)


@fault("D05")
def label_of_another_program(w: World) -> None:
    foreign = Label.objects.create(program=w.south, code="parent", name="Parent")
    _save(MembershipLabel.objects.get(ended_at=None), label=foreign)


@fault("D05")
def label_given_twice(w: World) -> None:
    _again(MembershipLabel.objects.get(ended_at=None))


@fault("D05")
def label_that_ended_before_it_began(w: World) -> None:
    _save(MembershipLabel.objects.exclude(ended_at=None).get(), ended_at=w.now - days(300))


@fault("T08")
def twice_on_a_list(w: World) -> None:
    _again(CampaignMember.objects.get(left_at=None))


@fault("T08")
def on_a_list_of_another_program(w: World) -> None:
    CampaignMember.objects.filter(left_at=None).update(program=w.south)


@fault("T08")
def left_before_joining(w: World) -> None:
    CampaignMember.objects.filter(left_at=None).update(left_at=w.now - days(300))


@fault("T08")
def place_that_did_not_follow_a_merge(w: World) -> None:
    ada = w.memberships["ada"]
    ada.refresh_from_db()
    _save(ada, end_reason="merged")
    CampaignMember.objects.filter(left_at=None).update(membership=ada)


@fault("I10")
def delivered_without_a_try(w: World) -> None:
    WebhookDelivery.objects.filter(status="done").update(tries=0)


@fault("I10")
def delivered_though_the_answer_was_bad(w: World) -> None:
    WebhookDelivery.objects.filter(status="done").update(answered=500)


@fault("I10")
def given_up_before_the_last_try(w: World) -> None:
    WebhookDelivery.objects.filter(answered=500).update(tries=9)


@fault("I10")
def waits_for_no_time(w: World) -> None:
    WebhookDelivery.objects.filter(status="waiting").update(next_try_at=None)


@fault("I11")
def event_sent_twice_to_one_webhook(w: World) -> None:
    _again(WebhookDelivery.objects.get(status="done"))


@fault("I11")
def delivery_under_another_number(w: World) -> None:
    one = WebhookDelivery.objects.get(status="done")
    WebhookDelivery.objects.filter(pk=one.pk).update(number=0)


@fault("I11")
def delivery_of_what_was_not_looked_at(w: World) -> None:
    _save(WebhookEndpoint.objects.get(), after=0)
