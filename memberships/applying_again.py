"""Bring those who stand under an older version of an agreement under its terms of today (domain 1.8).

Only when asked for, and with a preview: the plan for one membership is what is carried out on it. Its form and its
points stay. A tier rises at once; one that the agreement gives no longer is left to the next review.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import Stale
from common.history import audit_context, create_with_history, update_with_history
from gateway.events import record_event
from memberships.changes.eligibility import refuse_unless_released
from memberships.errors import ReasonMissing, WrongStatus
from memberships.inheritance import (
    agreement_benefit,
    agreement_standing,
    is_better,
    is_kept,
    told_inherited,
)
from memberships.locking import locked_memberships
from memberships.models import (
    BenefitSource,
    InheritedAgreement,
    Membership,
    MembershipBenefit,
    OrganizationAgreement,
    TierStanding,
)
from memberships.organizations import refuse_unless_staff
from memberships.standings import refresh_exemption
from memberships.umbrellas import Inheritance, inheritance_of, shared_agreement
from programs.design import design_of
from programs.models import Benefit, Tier

# So many memberships are read at once.
BATCH = 1_000
Row = TypeVar("Row", TierStanding, MembershipBenefit)


@dataclass(slots=True)
class Touched:
    """A membership that stands under an older version, and what the version of today would change for it.

    `raised` pairs the tier it stands on with the one it gets; `reviewed` are tiers it keeps until the next review;
    `kept` and `continued` go on under the new version, perhaps until another day.
    """

    inherited: InheritedAgreement
    number: str
    raised: list[tuple[TierStanding | None, Tier]] = field(default_factory=list)
    reviewed: list[TierStanding] = field(default_factory=list)
    kept: list[TierStanding] = field(default_factory=list)
    added: list[Benefit] = field(default_factory=list)
    ended: list[MembershipBenefit] = field(default_factory=list)
    continued: list[MembershipBenefit] = field(default_factory=list)

    @property
    def membership_id(self) -> int:
        return self.inherited.membership_id


@dataclass(frozen=True, slots=True)
class AppliedAgain:
    """`done` of the memberships in `lines` were brought along (none in a preview); so many are still behind."""

    lines: list[Touched]
    done: int
    remaining: int


def apply_again(
    agreement: OrganizationAgreement,
    *,
    actor: Actor,
    reason: str,
    dry_run: bool = False,
    expected_version: int | None = None,
    limit: int | None = None,
    progress: Callable[[int], object] = lambda membership_id: None,
) -> AppliedAgain:
    """Whom it touches and what changes for them, in order; with `dry_run` nothing is done. At most `limit` of them.

    Each membership is its own transaction, so an interrupted run goes on where it stopped, and a second one finds
    nothing left. `expected_version` is the one the caller has previewed. Raises NotAllowed, ReasonMissing, WrongStatus,
    ProgramNotOpen, Stale.
    """
    refuse_unless_staff(actor, agreement.program_id)
    if not reason.strip():
        raise ReasonMissing("An agreement is applied again with a reason.")
    row = OrganizationAgreement.objects.get(pk=agreement.pk)
    _refuse_unfit(row, expected_version)
    behind = _behind(row)
    now = behind[:limit]
    if dry_run:
        return AppliedAgain(list(_plans(row, now)), 0, len(behind))
    brought = [_bring_along(row, one.membership_id, actor=actor, reason=reason, progress=progress) for one in now]
    done = [one for one in brought if one is not None]
    if done:
        facts = {"membership": row.organization_membership_id, "version": row.version, "memberships": len(done)}
        with in_program(row.program_id):
            record_event("agreement.applied_again", program_id=row.program_id, subject_id=row.pk, facts=facts)
    return AppliedAgain(done, len(done), len(behind) - len(now))


def _behind(agreement: OrganizationAgreement) -> list[InheritedAgreement]:
    """Who stands under an older version."""
    rows = InheritedAgreement.objects.filter(agreement=agreement, ended_at__isnull=True)
    return list(rows.exclude(version=agreement.version).select_related("membership").order_by("membership_id"))


def _bring_along(
    agreement: OrganizationAgreement, pk: int, *, actor: Actor, reason: str, progress: Callable[[int], object]
) -> Touched | None:
    """Asked again under the locks: the person may have left, or a colleague's run may have come first."""
    with in_program(agreement.program_id), audit_context(actor, reason):
        (membership,) = locked_memberships([pk])
        row = shared_agreement(agreement.pk)
        _refuse_unfit(row, agreement.version)
        behind = [one for one in _behind_of(row, membership) if one.version != row.version]
        touched = next(_plans(row, behind), None)
        if touched is not None:
            _carry_out(touched, membership, row)
    progress(pk)
    return touched


def _behind_of(agreement: OrganizationAgreement, membership: Membership) -> list[InheritedAgreement]:
    rows = InheritedAgreement.objects.filter(membership=membership, agreement=agreement, ended_at__isnull=True)
    return list(rows.select_related("membership"))


def _refuse_unfit(row: OrganizationAgreement, expected_version: int | None) -> None:
    if row.cancelled_at is not None:
        raise WrongStatus(f"“{row.name}” was cancelled.", facts={"agreement": row.pk})
    refuse_unless_released(design_of(row.program_id).program)
    if expected_version is not None and row.version != expected_version:
        raise Stale(
            f"“{row.name}” was amended meanwhile: look at it again.",
            facts={"agreement": row.pk, "version": row.version, "seen": expected_version},
        )


def _plans(agreement: OrganizationAgreement, behind: Sequence[InheritedAgreement]) -> Iterator[Touched]:
    """One that has ended gives nothing any more: what it gave ends, or is left to the next review."""
    found, at = _found(agreement), program_now(agreement.program)
    gives = found.until is None or found.until > at
    tiers = found.tiers if gives else ()
    benefits = {one.pk: one for one in Benefit.objects.filter(pk__in=found.terms.benefits if gives else ())}
    for start in range(0, len(behind), BATCH):
        batch = behind[start : start + BATCH]
        ids = [one.membership_id for one in batch]
        standings = _by_membership(
            TierStanding.objects.filter(membership__in=ids, ended_at__isnull=True).select_related("tier").order_by("pk")
        )
        given = _by_membership(
            MembershipBenefit.objects.filter(
                membership__in=ids, source=BenefitSource.AGREEMENT, ended_at__isnull=True
            ).select_related("benefit").order_by("pk")
        )  # fmt: skip
        for one in batch:
            touched = Touched(one, one.membership.number)
            _plan_tiers(touched, tiers, standings.get(one.membership_id, []), until=found.until, at=at)
            _plan_benefits(touched, benefits, given.get(one.membership_id, []))
            yield touched


def _found(agreement: OrganizationAgreement) -> Inheritance:
    program = design_of(agreement.program_id).program
    umbrella = Membership.objects.get(pk=agreement.organization_membership_id)
    return inheritance_of(umbrella, agreement, program=program)


def _by_membership(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.membership_id, []).append(row)
    return found


def _plan_tiers(
    touched: Touched, tiers: Iterable[Tier], standings: Sequence[TierStanding], *, until: datetime | None, at: datetime
) -> None:
    """What others gave is left alone; what the agreement gave follows it."""
    standing_on = {one.group_id: one for one in standings}
    for tier in tiers:
        present = standing_on.get(tier.group_id)
        if present is not None and _is_agreements(present) and present.tier_id == tier.pk:
            touched.kept.append(present)
        elif present is None or is_better(tier, until, present):
            touched.raised.append((present, tier))
    going_on = {one.pk for one in touched.kept} | {one.pk for one, _ in touched.raised if one is not None}
    touched.reviewed += [
        one for one in standings if _is_agreements(one) and one.pk not in going_on and is_kept(one, at)
    ]


def _plan_benefits(touched: Touched, benefits: dict[int, Benefit], given: Sequence[MembershipBenefit]) -> None:
    had = {one.benefit_id for one in given}
    touched.added += [benefit for pk, benefit in benefits.items() if pk not in had]
    touched.ended += [one for one in given if one.benefit_id not in benefits]
    touched.continued += [one for one in given if one.benefit_id in benefits]


def _is_agreements(standing: TierStanding) -> bool:
    """Given by one, or brought along from where one gave it."""
    return standing.agreement_id is not None


def _carry_out(touched: Touched, membership: Membership, agreement: OrganizationAgreement) -> None:
    found, at = _found(agreement), program_now(agreement.program)
    update_with_history([touched.inherited], ended_at=max(at, touched.inherited.since))
    inherited: InheritedAgreement = InheritedAgreement.objects.create(
        membership=membership,
        program_id=membership.program_id,
        agreement=agreement,
        version=agreement.version,
        form=touched.inherited.form,
        source=InheritedAgreement.Source.APPLIED_AGAIN,
        since=at,
    )
    _write_tiers(touched, membership, found, at=at)
    _write_benefits(touched, membership, found, at=at)
    if touched.raised or touched.reviewed or touched.kept:
        refresh_exemption(membership)
    record_event(
        "membership.inherited",
        program_id=membership.program_id,
        subject_id=membership.pk,
        facts=told_inherited(inherited, found),
    )


def _write_tiers(touched: Touched, membership: Membership, found: Inheritance, *, at: datetime) -> None:
    replaced = [present for present, _ in touched.raised if present is not None]
    if replaced:
        update_with_history(replaced, ended_at=at)
    create_with_history(agreement_standing(membership, tier, found, at=at) for _, tier in touched.raised)
    if touched.reviewed:
        update_with_history(touched.reviewed, until=at)
    if touched.kept:
        update_with_history(touched.kept, agreement=found.agreement, agreement_version=found.version, until=found.until)


def _write_benefits(touched: Touched, membership: Membership, found: Inheritance, *, at: datetime) -> None:
    if touched.ended:
        update_with_history(touched.ended, ended_at=at)
    if touched.continued:
        update_with_history(
            touched.continued, agreement=found.agreement, agreement_version=found.version, until=found.until
        )
    create_with_history(agreement_benefit(membership, one.pk, found, at=at) for one in touched.added)
