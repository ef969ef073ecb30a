"""A row in every table of rules and campaigns, for the worlds of pages that show them."""

from datetime import timedelta
from typing import NamedTuple

from activities.campaigns import create_campaign, put_on_list, start_campaign
from activities.models import Campaign, GroupMode, MemberActivity, RewardRule, RuleGroup
from activities.processing import process
from activities.rules.releasing import change_rule, create_rule, release_rule
from common import clock
from memberships.models import Membership
from tests.activities.ruling import purchase, waiting
from tests.factories import ACTOR


class Ruled(NamedTuple):
    rule: RewardRule
    campaign: Campaign
    activity: MemberActivity


def add_rules(membership: Membership) -> Ruled:
    """A rule of a campaign with a list and a budget, released twice, that gave the membership 5 points."""
    program = membership.program
    group = RuleGroup.objects.create(program=program, code="bonus", name="Bonus", mode=GroupMode.EXCLUSIVE)
    today = clock.program_now(program).astimezone(program.zone).date()
    campaign = create_campaign(
        program, actor=ACTOR, code="fair", name="Fair", valid_from=today - timedelta(days=9),
        valid_until=today + timedelta(days=9), eligibility="list", point_budget=1000,
    )  # fmt: skip
    put_on_list(campaign, actor=ACTOR, numbers=[membership.number])
    start_campaign(campaign, actor=ACTOR, why="the fair opens")
    definition = {
        "activity_types": [purchase(program).code],
        "actions": [{"do": "credit", "points": 5}],
        "caps": [{"scope": "day", "points": 500}],
    }
    rule = create_rule(
        program, actor=ACTOR, code="fair-bonus", name="Fair bonus", group=group, definition=definition,
        campaign=campaign,
    )  # fmt: skip
    release_rule(rule, actor=ACTOR, why="the fair opens")
    rule = change_rule(
        rule, actor=ACTOR, name="Fair bonus for all", group=group, definition=definition, campaign=campaign
    )
    release_rule(rule, actor=ACTOR, why="a better name")
    activity = waiting(membership)
    return Ruled(rule, campaign, process([activity], actor=ACTOR)[activity.pk].activity)
