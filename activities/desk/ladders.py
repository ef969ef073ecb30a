"""The ladders: where one membership stands and why, and how a program's members are spread over its rungs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from activities.desk.membership import OfMembership
from activities.desk.program_page import ProgramPage
from memberships.labels import labels_by_code
from memberships.ladders import Ladder, ladders_of
from memberships.models import AttributeValue, Membership, MembershipLabel, TierReview, TierStanding
from memberships.progress import Progress, keeping_in_words, next_in_words, progress_of
from memberships.reasons import fed_by, plain
from memberships.reviewing import KIND
from programs.attributes import default_of, definitions_of, written
from programs.design import Design, design_of
from programs.models import Run, Tier, TierBenefit

MOST = 50


@dataclass(frozen=True, slots=True)
class Rung:
    tier: Tier
    benefits: tuple[str, ...]
    # Of a program's page: how many stand on it, and of how many of a hundred.
    members: int = 0
    percent: int = 0
    stands: bool = False


@dataclass(frozen=True, slots=True)
class LadderShown:
    """The rungs from the highest down."""

    ladder: Ladder
    rungs: tuple[Rung, ...]
    counted: str
    progress: Progress | None = None
    figure: str = ""
    next: str = ""
    keeping: str = ""


class LaddersOfMembership(OfMembership):
    """Each ladder with the rung it stands on, what is lacking, how it came there; attributes and labels."""

    template = "desk/tiers/membership.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = self.membership(pk)
        design = design_of(membership.program_id)
        benefits = _benefits(design)
        standings = TierStanding.objects.filter(membership=membership).select_related("group", "tier")
        reviews = TierReview.objects.filter(membership=membership).select_related("group", "before", "after")
        return self.draw(
            membership=membership,
            program=membership.program,
            people=self.people(membership),
            zone=design.zone,
            ladders=[
                _of_membership(one, benefits, design)
                for one in progress_of(membership, design=design, at=self.now(design))
            ],
            standings=standings.order_by("-since", "-pk")[:MOST],
            reviews=[(one, plain(one.figure)) for one in reviews.order_by("-pk")[:MOST]],
            attributes=list(_attributes(membership, design)),
            labels=MembershipLabel.objects.filter(membership=membership, ended_at__isnull=True).select_related("label"),
            may_manage=self.may("memberships:manage", membership.program_id),
            has_labels=bool(labels_by_code(design)),
        )


class LaddersOfProgram(ProgramPage):
    """Who stands where, and what the last review did."""

    action = "memberships:read"
    section = "ladders"
    template = "desk/tiers/program.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.program is None:
            return self.draw(programs=[], program=None)
        benefits, members = _benefits(self.design), _members(self.design)
        runs = Run.objects.filter(program=self.program, kind=KIND).order_by("-id")[:10]
        return self.draw(
            programs=self.programs,
            program=self.program,
            zone=self.design.zone,
            ladders=[_of_program(one, benefits, members) for one in ladders_of(self.design)],
            runs=[(run, {name: run.counts.get(name, 0) for name in ("kept", "raised", "lowered")}) for run in runs],
        )


def _of_membership(one: Progress, benefits: Mapping[int, tuple[str, ...]], design: Design) -> LadderShown:
    rungs = tuple(Rung(tier, benefits.get(tier.pk, ()), stands=one.tier == tier) for tier in reversed(one.ladder.tiers))
    return LadderShown(
        one.ladder,
        rungs,
        fed_by(one.ladder),
        one,
        plain(one.figure),
        next_in_words(one, design),
        keeping_in_words(one, design),
    )


def _of_program(ladder: Ladder, benefits: Mapping[int, tuple[str, ...]], members: Mapping[int, int]) -> LadderShown:
    total = sum(members.get(tier.pk, 0) for tier in ladder.tiers) or 1
    rungs = tuple(
        Rung(tier, benefits.get(tier.pk, ()), members.get(tier.pk, 0), round(members.get(tier.pk, 0) * 100 / total))
        for tier in reversed(ladder.tiers)
    )
    return LadderShown(ladder, rungs, fed_by(ladder))


def _benefits(design: Design) -> dict[int, tuple[str, ...]]:
    """Names by tier."""
    links = TierBenefit.objects.filter(program_id=design.program.pk).select_related("benefit")
    found: dict[int, list[str]] = {}
    for link in links.order_by("benefit__name"):
        found.setdefault(link.tier_id, []).append(link.benefit.name)
    return {pk: tuple(names) for pk, names in found.items()}


def _members(design: Design) -> dict[int, int]:
    """Current memberships by tier."""
    tiers = [tier.pk for ladder in ladders_of(design) for tier in ladder.tiers]
    rows = TierStanding.objects.filter(tier__in=tiers, ended_at__isnull=True, membership__current=True)
    return dict(rows.values_list("tier_id").annotate(n=Count("pk")).order_by())


def _attributes(membership: Membership, design: Design) -> Iterable[dict[str, Any]]:
    rows = {row.definition_id: row for row in AttributeValue.objects.filter(membership=membership)}
    for definition in definitions_of(design).values():
        row = rows.get(definition.pk)
        value = default_of(definition) if row is None else row.value
        yield {
            "definition": definition,
            "value": written(value),
            "changed_at": None if row is None else row.changed_at,
        }
