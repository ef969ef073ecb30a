"""Who takes part in another program too is put on a campaign's list: an offer to members of several programs."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from activities.campaigns.members import AT_ONCE, has_list, put_memberships
from activities.models import Campaign
from activities.rules.designing import designing
from common import clock
from common.actor import Actor
from common.errors import NotAllowed, NotFound
from gateway.events import record_event
from memberships.models import Member, MembershipLabel, TierStanding
from programs.models import Label, Program, Tier

READ = "memberships:read"


@dataclass(frozen=True, slots=True)
class Brought:
    """Customers: `there` of the other program fit, `here` of them take part in the campaign's too. Memberships: `put`
    are new on the list; several customers may share one."""

    there: int
    here: int
    put: int


def put_members_of(
    campaign: Campaign, *, actor: Actor, program: Program, tier: Tier | None = None, label: Label | None = None
) -> Brought:
    """Put the memberships of who takes part in `program` too on the list: with a tier those on it or above, with a
    label those who have it. Who is on the list already stays on it once.

    Raises DesignNotAllowed, NotAllowed without the right to look into the other program, NotFound for a tier or label
    that is not the other program's, CampaignWrongStatus.
    """
    with designing(campaign.program, actor, "put on the list"):
        if not actor.may(READ, program.pk):
            raise NotAllowed(f"{actor.label} may not look at memberships of {program.code}.")
        if program.pk == campaign.program_id:
            raise NotFound("That is the campaign's own program: choose another one.")
        has_list(campaign)
        now, there, here, put = clock.program_now(campaign.program), 0, 0, 0
        for customers in _customers(_fitting(program, tier, label)):
            there += len(customers)
            taking_part = _open_in(campaign.program).filter(customer__in=customers)
            found = list(taking_part.values_list("membership", flat=True))
            here += len(found)
            put += put_memberships(campaign, sorted(set(found)), actor=actor, at=now)
        facts = {"campaign": campaign.code, "memberships": put, "of_program": program.code}
        record_event("campaign.listed", program_id=campaign.program_id, subject_id=campaign.pk, facts=facts)
        return Brought(there, here, put)


def _open_in(program: Program) -> QuerySet[Member]:
    return Member.objects.filter(program=program, current=True, ended_at__isnull=True)


def _fitting(program: Program, tier: Tier | None, label: Label | None) -> QuerySet[Member]:
    found = _open_in(program)
    if tier is not None:
        if tier.group.program_id != program.pk:
            raise NotFound(f"{program.name} has no tier {tier.name}.")
        standings = TierStanding.objects.filter(
            membership=OuterRef("membership"), group=tier.group, tier__rank__gte=tier.rank, ended_at__isnull=True
        )
        found = found.filter(Exists(standings))
    if label is not None:
        if label.program_id != program.pk:
            raise NotFound(f"{program.name} has no label {label.name}.")
        labels = MembershipLabel.objects.filter(membership=OuterRef("membership"), label=label, ended_at__isnull=True)
        found = found.filter(Exists(labels))
    return found


def _customers(members: QuerySet[Member]) -> Iterator[list[int]]:
    """Page by page in the order of their ids, so that no statement reads rows of both programs."""
    last = 0
    while page := list(
        members.filter(customer__gt=last).order_by("customer").values_list("customer", flat=True)[:AT_ONCE]
    ):
        yield page
        last = page[-1]
