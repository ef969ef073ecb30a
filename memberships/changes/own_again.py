"""Steps by which a person who leaves a group takes part on their own again (domain 1.4, 1.7, 1.9)."""

from collections.abc import Iterable

from cards.models import CardKind
from memberships.card_holding import issue_main_card
from memberships.changes.moving import (
    add_member,
    copy_acceptances,
    copy_term,
    move_cards,
    open_membership,
    stand,
)
from memberships.changes.plan import Person, Work
from memberships.figures import figures_of
from memberships.ladders import Ladder, ladders_of
from memberships.models import (
    CardHolding,
    EndReason,
    Member,
    Membership,
    MembershipStatus,
    MembershipTerm,
    MembershipType,
    TierStanding,
)
from memberships.standings import open_standings
from programs.models import Tier


def brought_by(records: Iterable[int], *, program_id: int) -> Membership | None:
    """The person's own membership that went into the group last, by whichever of their records."""
    found: Membership | None = (
        Membership.objects.filter(
            program_id=program_id,
            current=False,
            end_reason=EndReason.MERGED,
            members__customer__in=list(records),
            members__ended_at__isnull=True,
        )
        .exclude(type=MembershipType.GROUP)
        .order_by("-ended_at", "-pk")
        .first()
    )
    return found


def open_own(work: Work, group: Membership, person: Person, *, brought: Membership | None) -> Membership:
    """A standard membership with a new number for somebody of the group, the member yet to come."""
    return open_membership(
        work,
        status=MembershipStatus.SUSPENDED if person.suspended else MembershipStatus(group.status),
        enrolled_at=brought.enrolled_at if brought is not None else Member.objects.get(pk=person.member_id).joined_at,
        activated_at=group.activated_at,
        expires_on=group.expires_on,
    )


def settle(work: Work, group: Membership, own: Membership, customer_id: int) -> None:
    """The person, who left the group, with their cards, accepted terms and the paid term."""
    add_member(work, own, customer_id)
    move_cards(work, group, own, customer_id=customer_id)
    _need_main_card(work, own, customer_id)
    copy_acceptances(work, [group], own, customer_id=customer_id)
    today = work.at.astimezone(work.plan.design.zone).date()
    for term in MembershipTerm.objects.filter(membership=group, last_day__gte=today).order_by("pk"):
        copy_term(work, term, own)


def stand_on_own(work: Work, own: Membership, *, brought: Membership | None) -> None:
    """Per ladder the higher of the tier the person brought and the one their share of qualifying points reaches."""
    standings = {} if brought is None else {one.group_id: one for one in _with_tier(brought)}
    for ladder in ladders_of(work.plan.design):
        kept = standings.get(ladder.group.pk)
        reached = _reached(work, own, ladder)
        if kept is not None and reached.rank <= kept.tier.rank:
            stand(work, own, kept.tier, since=kept.since, until=kept.until)
        else:
            stand(work, own, reached, since=work.at)


def lead_numbers(work: Work, records: Iterable[int], own: Membership) -> None:
    """Retired numbers of the person lead to where the person takes part now, not to the group."""
    persons = Membership.objects.filter(
        program=own.program_id,
        status=MembershipStatus.EXPIRED,
        superseded_by__isnull=False,
        members__customer__in=list(records),
        members__ended_at__isnull=True,
    ).exclude(type=MembershipType.GROUP)
    ids = set(persons.values_list("pk", flat=True))
    for membership in persons.exclude(superseded_by__in=ids).order_by("pk"):
        work.record.alter(membership, superseded_by=own)


def _need_main_card(work: Work, own: Membership, customer_id: int) -> None:
    """Everyone has one where they take part; it stayed behind only where it is cancelled or replaced."""
    if CardHolding.objects.filter(membership=own, card__kind=CardKind.MAIN).exists():
        return
    program, active = work.plan.design.program, own.status != MembershipStatus.INACTIVE
    card = issue_main_card(own, program=program, customer_id=customer_id, actor=work.actor, at=work.at, active=active)
    work.record.made(card)
    work.record.made(CardHolding.objects.get(card=card, membership=own))


def _with_tier(membership: Membership) -> list[TierStanding]:
    return list(open_standings(membership).select_related("tier"))


def _reached(work: Work, own: Membership, ladder: Ladder) -> Tier:
    """By the figure of the period; the lowest rung where none decides."""
    period = ladder.period(at=work.at, enrolled_at=own.enrolled_at, zone=work.plan.design.zone)
    return ladder.reached(figures_of({own.pk: period}, ladder, at=work.at)[own.pk])
