"""Who is in a campaign stays in it when memberships change: its place goes along with the person (domain 1.9, 1.11)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from activities.models import CampaignMember
from memberships.changes.plan import Work
from memberships.changes.record import made_ids
from memberships.models import Membership, MembershipChange


class CampaignPlaces:
    """A memberships.changes.carriers.Carrier."""

    kind = "campaign"
    title = _("Campaigns")

    def carry(self, work: Work, target: Membership, sources: Sequence[int]) -> None:
        rows = list(_open(sources).order_by("pk"))
        _place(work, target, sorted(rows, key=lambda row: sources.index(row.membership_id)))
        for row in rows:
            work.record.alter(row, left_at=max(work.at, row.joined_at))

    def bring_back(self, work: Work, own: Membership, brought: Membership) -> None:
        """Unless the group left the campaign since, which was every member's leaving."""
        group = CampaignMember.objects.filter(membership=work.plan.prime)
        still = group.filter(Q(left_at__isnull=True) | Q(left_at__gte=work.at))
        ended_with = CampaignMember.objects.filter(membership=brought, left_at__gte=brought.ended_at)
        _place(work, own, ended_with.filter(campaign__in=still.values("campaign")).order_by("pk"))

    def end_made(self, work: Work, original: MembershipChange, made: Collection[int]) -> None:
        brought = Q(pk__in=made_ids(original.outcome, CampaignMember._meta.label))
        for row in CampaignMember.objects.filter(brought | Q(membership__in=made), left_at__isnull=True).order_by("pk"):
            work.record.alter(row, left_at=max(work.at, row.joined_at))

    def names_of(self, membership_ids: Collection[int]) -> Mapping[int, Sequence[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        rows = _open(membership_ids).order_by("campaign__code").values_list("membership_id", "campaign__name")
        for membership_id, name in rows:
            found[membership_id].append(name)
        return found


def _open(membership_ids: Collection[int]) -> QuerySet[CampaignMember]:
    return CampaignMember.objects.filter(membership__in=list(membership_ids), left_at__isnull=True)


def _place(work: Work, target: Membership, rows: Iterable[CampaignMember]) -> None:
    """Once per campaign; a place the target has already stays as it is."""
    known = set(_open([target.pk]).values_list("campaign_id", flat=True))
    for row in rows:
        if row.campaign_id in known:
            continue
        known.add(row.campaign_id)
        made = CampaignMember.objects.create(
            campaign_id=row.campaign_id,
            program_id=row.program_id,
            membership=target,
            joined_at=work.at,
            channel_id=row.channel_id,
            user_id=row.user_id,
        )
        work.record.made(made)
