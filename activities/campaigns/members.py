"""Who is in a campaign: put on its list and taken off by staff, or joined by the member."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from activities.campaigns.errors import CampaignWrongStatus, NotInCampaign
from activities.models import Campaign, CampaignMember, CampaignStatus, Eligibility
from activities.rules.designing import designing
from common import clock
from common.actor import Actor
from common.db import in_program
from common.errors import NotAllowed, NotFound
from gateway.events import record_event
from memberships.models import Membership
from memberships.targets import current_home
from programs.models import Program

MANAGE = "memberships:manage"
AT_ONCE = 5_000
# The index of open rows says who is in it already; a second list with the same numbers adds nobody. Behind the lock, so
# that a membership which a change ended meanwhile is left out: the change has taken its places along.
PUT = """
INSERT INTO activities_campaignmember (campaign_id, program_id, membership_id, joined_at, channel_id, user_id)
SELECT %s, %s, m.id, %s, %s, %s FROM (
    SELECT id FROM memberships_membership WHERE id = ANY(%s::bigint[]) AND current ORDER BY id FOR SHARE
) m
ON CONFLICT (campaign_id, membership_id) WHERE left_at IS NULL DO NOTHING
"""


def put_on_list(campaign: Campaign, *, actor: Actor, numbers: Sequence[str]) -> tuple[int, list[str]]:
    """Put current memberships on the list by member number; how many are new, and the numbers nobody has.

    A number that was retired by a merge leads to the membership that goes on.
    """
    with designing(campaign.program, actor, "put on the list"):
        has_list(campaign)
        wanted = list(dict.fromkeys(text for number in numbers if (text := number.strip())))
        found: dict[str, int] = {}
        put, missed = 0, wanted
        now = clock.program_now(campaign.program)
        # Who was merged while this waited is put on it where they are by now.
        while missed:
            homes: dict[str, int] = {}
            for start in range(0, len(missed), AT_ONCE):
                homes |= _current_of(campaign.program, missed[start : start + AT_ONCE])
            put += put_memberships(campaign, sorted(set(homes.values())), actor=actor, at=now)
            found |= homes
            missed = _moved_on(homes)
        facts = {"campaign": campaign.code, "memberships": put}
        record_event("campaign.listed", program_id=campaign.program_id, subject_id=campaign.pk, facts=facts)
        return put, [number for number in wanted if number not in found]


def has_list(campaign: Campaign) -> None:
    """Raises CampaignWrongStatus unless it is for a list."""
    _of_kind(campaign, Eligibility.LIST, "has no list")


def put_memberships(campaign: Campaign, membership_ids: Iterable[int], *, actor: Actor, at: datetime) -> int:
    """Inside a verb's transaction: how many of the memberships of the campaign's program are new in it."""
    values: list[Any] = [campaign.pk, campaign.program_id, at, actor.channel_id, actor.user_id, list(membership_ids)]
    with connection.cursor() as cursor:
        cursor.execute(PUT, values)
        return int(cursor.rowcount)


def take_back(campaign: Campaign, *, put_at: datetime, actor: Actor) -> int:
    """Take off again whom one list brought at that moment; how many still were on it. What they got stays."""
    with designing(campaign.program, actor, "taken off the list"):
        has_list(campaign)
        return _end(campaign, CampaignMember.objects.filter(campaign=campaign, joined_at=put_at, left_at__isnull=True))


def take_off(campaign: Campaign, *, actor: Actor, numbers: Sequence[str]) -> tuple[int, list[str]]:
    """Take memberships off the list by member number; how many were on it, and the numbers that are not.

    They get nothing more from the campaign; what they got stays.
    """
    with designing(campaign.program, actor, "taken off the list"):
        has_list(campaign)
        wanted = list(dict.fromkeys(text for number in numbers if (text := number.strip())))
        listed = CampaignMember.objects.filter(campaign=campaign, left_at__isnull=True)
        found: dict[str, int] = {}
        for start in range(0, len(wanted), AT_ONCE):
            rows = listed.filter(membership__number__in=wanted[start : start + AT_ONCE])
            found |= dict(rows.values_list("membership__number", "pk"))
        _end(campaign, listed.filter(pk__in=list(found.values())))
        return len(found), [number for number in wanted if number not in found]


def join_campaign(campaign: Campaign, *, membership: Membership, actor: Actor) -> None:
    """The member takes part from now on; joining twice changes nothing."""
    with _on_behalf(campaign, membership, actor):
        _of_kind(campaign, Eligibility.OPT_IN, "can't be joined")
        campaign.refresh_from_db(fields=["status", "valid_until"])
        today = clock.program_now(campaign.program).astimezone(campaign.program.zone).date()
        if campaign.status != CampaignStatus.RUNNING or campaign.valid_until < today:
            raise CampaignWrongStatus(f"“{campaign.name}” does not run: it can't be joined.")
        now = clock.program_now(campaign.program)
        put = put_memberships(campaign, [membership.pk], actor=actor, at=now)
        if not Membership.objects.filter(pk=membership.pk, current=True).exists():
            raise NotFound("No such membership takes part in the program.")
        if put:
            _tell("campaign.joined", campaign, membership)


def leave_campaign(campaign: Campaign, *, membership: Membership, actor: Actor) -> None:
    """The member takes part no longer; what was given stays."""
    with _on_behalf(campaign, membership, actor):
        _of_kind(campaign, Eligibility.OPT_IN, "can't be left")
        rows = CampaignMember.objects.filter(campaign=campaign, membership=membership, left_at__isnull=True)
        if not rows.update(left_at=clock.program_now(campaign.program)):
            raise NotInCampaign(f"Membership {membership.number} is not in “{campaign.name}”.")
        _tell("campaign.left", campaign, membership)


def _on_behalf(campaign: Campaign, membership: Membership, actor: Actor) -> AbstractContextManager[None]:
    if not actor.may(MANAGE, campaign.program_id):
        raise NotAllowed(f"{actor.label} may not manage memberships of {campaign.program.code}.")
    if membership.program_id != campaign.program_id:
        raise NotFound("No such membership in the campaign's program.")
    return in_program(campaign.program)


def _of_kind(campaign: Campaign, kind: Eligibility, otherwise: str) -> None:
    if campaign.eligibility != kind:
        raise CampaignWrongStatus(f"“{campaign.name}” {otherwise}: it is for {campaign.get_eligibility_display()}.")


def _current_of(program: Program, numbers: Sequence[str]) -> dict[str, int]:
    """The current membership of each number that has one; the few that are not current go one by one."""
    rows = Membership.objects.filter(program=program, number__in=numbers)
    found: dict[str, int] = dict(rows.filter(current=True).values_list("number", "pk"))
    for ended in rows.filter(current=False):
        home = current_home(ended, None)
        if home is not None:
            found[ended.number] = home.pk
    return found


def _moved_on(homes: Mapping[str, int]) -> list[str]:
    """The numbers whose membership, locked by now unless it had ended before, is no longer current."""
    ended = Membership.objects.filter(pk__any_of=set(homes.values()), current=False)
    gone = set(ended.values_list("pk", flat=True))
    return [number for number, pk in homes.items() if pk in gone]


def _end(campaign: Campaign, rows: QuerySet[CampaignMember]) -> int:
    taken = rows.update(left_at=clock.program_now(campaign.program))
    facts = {"campaign": campaign.code, "memberships": taken}
    record_event("campaign.unlisted", program_id=campaign.program_id, subject_id=campaign.pk, facts=facts)
    return taken


def _tell(event: str, campaign: Campaign, membership: Membership) -> None:
    facts = {"campaign": campaign.code, "membership": membership.pk}
    record_event(event, program_id=campaign.program_id, subject_id=campaign.pk, facts=facts)
