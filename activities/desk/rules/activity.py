"""/desk/activities/<pk>: one activity whole, with what the rules did for it and why."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from activities.activity_log import READ, activity_of
from activities.desk.program_page import address
from activities.desk.rules.log import BADGES, problem_of
from activities.desk.seen import name_for
from activities.effects import effects_of_activity
from activities.explanation import told
from activities.models import ActivityStatus, MemberActivity, RewardRule
from common.desk.pages import DeskPage
from points.models import Posting
from programs.design import design_of

REPROCESS = "activities:write"


class Activity(DeskPage):
    action = READ
    section = "activities"
    template = "desk/activities/activity.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        one = activity_of(self.actor, pk)
        if one is None:
            raise Http404
        self.allow(one.program_id)
        design = design_of(one.program_id)
        names = told(people=[one.customer_id], users=[one.user_id], channels=[one.channel_id], postings=[])
        failed = one.status == ActivityStatus.FAILED
        return self.draw(
            one=one,
            program=design.program,
            zone=design.zone,
            badge=BADGES[ActivityStatus(one.status)],
            person=name_for(self.actor, one.customer_id, names.names.get(one.customer_id or 0)),
            agent=names.agent(one.user_id, one.channel_id),
            attributes=sorted((one.attributes or {}).items()),
            effects=effects_of_activity(one.pk),
            postings=_postings(one),
            problem=problem_of(one),
            broken=_rule_of(one),
            transaction=address("desk:transaction", one.transaction_id) if one.transaction_id else "",
            reprocess=address("desk:activity-reprocess", one.pk)
            if failed and self.may(REPROCESS, one.program_id)
            else "",
            why_not=failed and not self.may(REPROCESS, one.program_id),
        )


def _postings(one: MemberActivity) -> list[Posting]:
    """Its own, and those of the rules."""
    effects = one.effects.filter(posting__isnull=False).values_list("posting", flat=True)
    ids = {posting for posting in (one.posting_id, *effects) if posting is not None}
    return list(Posting.objects.filter(pk__in=ids).prefetch_related("entries__account__point_type").order_by("pk"))


def _rule_of(one: MemberActivity) -> RewardRule | None:
    """The rule that failed, which the problem names by its code."""
    code: Any = one.problem.get("rule") if isinstance(one.problem, dict) else None
    return RewardRule.objects.filter(program=one.program_id, code=code).first() if code else None
