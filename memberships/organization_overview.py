"""An organization as staff see it: its memberships in programs, who signs, agreements, people (domain 1.8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from common.actor import Actor
from common.clock import program_now
from customers.affiliations import valid_on
from customers.finding import find_by_name
from customers.models import Affiliation, Customer, EmployeeGroup
from memberships.models import (
    AgreementBenefit,
    AgreementTier,
    InheritedAgreement,
    Member,
    Membership,
    MembershipType,
    OrganizationAgreement,
    OrganizationSignatory,
)
from points.balances import balances_of
from programs.design import Design, design_of

PEOPLE_A_PAGE = 50
NOW, AHEAD, OVER, CANCELLED = "now", "ahead", "over", "cancelled"


@dataclass(frozen=True, slots=True)
class AgreementView:
    """`state`: now, ahead, over or cancelled, by the day of the program's zone; `count` memberships stand under it,
    `behind` of them under an earlier version."""

    agreement: OrganizationAgreement
    state: str
    tiers: tuple[str, ...]
    benefits: tuple[str, ...]
    count: int
    behind: int

    @property
    def free(self) -> int | None:
        """How many more may enrol; None for any number."""
        maximum = self.agreement.maximum
        return None if maximum is None else max(0, maximum - self.count)


@dataclass(frozen=True, slots=True)
class Umbrella:
    """An organization's membership in one program. `people` counts the individual memberships, `sharing` those of
    them that use its pool."""

    membership: Membership
    design: Design
    signatories: tuple[OrganizationSignatory, ...]
    agreements: tuple[AgreementView, ...]
    balances: tuple[dict[str, Any], ...]
    people: int
    sharing: int


@dataclass(frozen=True, slots=True)
class PersonView:
    """`inherited` are the memberships the person has under the organization, each with what it was made under."""

    affiliation: Affiliation
    customer: Customer
    inherited: tuple[tuple[Membership, InheritedAgreement | None], ...]


@dataclass(frozen=True, slots=True)
class PeoplePage:
    rows: tuple[PersonView, ...]
    total: int
    number: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PEOPLE_A_PAGE))


def umbrellas_of(organization_id: int, actor: Actor) -> list[Umbrella]:
    """In the actor's programs, those that have ended last."""
    mine = Membership.objects.visible_to(actor).filter(type=MembershipType.ORGANIZATION, organization=organization_id)
    found = sorted(mine.select_related("program"), key=lambda one: (not one.current, one.program.name, -one.pk))
    agreements = _agreements([one.pk for one in found])
    signing = OrganizationSignatory.objects.filter(membership__in=found, ended_at__isnull=True)
    signatories = _grouped(signing.select_related("customer").order_by("since", "pk"), "membership_id")
    individual = Membership.objects.filter(organization_membership__in=found, current=True)
    on_pool = Count("pk", filter=Q(pool=F("organization_membership__pool")))
    counted = individual.values("organization_membership").annotate(n=Count("pk"), on_pool=on_pool).order_by()
    counts = {row["organization_membership"]: (row["n"], row["on_pool"]) for row in counted}
    return [
        _umbrella(one, agreements.get(one.pk, ()), signatories.get(one.pk, ()), counts.get(one.pk, (0, 0)))
        for one in found
    ]


def agreement_view(agreement: OrganizationAgreement) -> AgreementView:
    return _agreements([agreement.organization_membership_id], only=agreement.pk)[agreement.organization_membership_id][
        0
    ]


def state_of(agreement: OrganizationAgreement, day: date) -> str:
    if agreement.cancelled_at is not None:
        return CANCELLED
    if agreement.valid_from > day:
        return AHEAD
    return OVER if agreement.valid_until is not None and agreement.valid_until < day else NOW


def people_of(
    organization_id: int,
    actor: Actor,
    *,
    day: date,
    text: str = "",
    group_id: int | None = None,
    former: bool = False,
    whole_names: bool = True,
    page: int = 1,
) -> PeoplePage:
    """Who belongs to the organization that day (or did, `former`), by name; `text` is a personnel number, a customer
    number or a name. `whole_names`: see customers.finding.find_by_name."""
    found = Affiliation.objects.filter(organization=organization_id)
    found = found.filter(valid_until__lt=day) if former else found.filter(Q(valid_from__gt=day) | valid_on(day))
    if group_id is not None:
        found = found.filter(employee_group=group_id)
    if text:
        named = find_by_name(text, whole=whole_names).values("pk")
        found = found.filter(
            Q(personnel_number__iexact=text) | Q(customer__number=text.upper()) | Q(customer__in=named)
        )
    total = found.count()
    number = max(1, min(page, -(-total // PEOPLE_A_PAGE)))
    start = (number - 1) * PEOPLE_A_PAGE
    ordered = found.select_related("customer", "employee_group").order_by("customer__name_key", "customer", "-pk")
    rows = list(ordered[start : start + PEOPLE_A_PAGE])
    inherited = inherited_by([row.customer_id for row in rows], organization_id, actor)
    return PeoplePage(
        tuple(PersonView(row, row.customer, tuple(inherited.get(row.customer_id, ()))) for row in rows), total, number
    )


def inherited_by(
    customer_ids: Sequence[int], organization_id: int, actor: Actor
) -> dict[int, list[tuple[Membership, InheritedAgreement | None]]]:
    """By person: the current memberships under the organization, each with the agreement it stands under."""
    members = Member.objects.filter(
        customer__in=customer_ids,
        current=True,
        ended_at__isnull=True,
        membership__organization_membership__organization=organization_id,
    ).select_related("membership__program", "membership__organization_membership")
    if actor.programs is not None:
        members = members.filter(program_id__in=actor.programs)
    rows = list(members.order_by("program", "pk"))
    open_ones = InheritedAgreement.objects.filter(
        membership__in=[row.membership_id for row in rows], ended_at__isnull=True
    )
    under = {one.membership_id: one for one in open_ones.select_related("agreement")}
    found: dict[int, list[tuple[Membership, InheritedAgreement | None]]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append((row.membership, under.get(row.membership_id)))
    return found


def group_counts(organization_id: int, day: date) -> list[tuple[EmployeeGroup, int]]:
    """Every employee group with how many people are in it that day."""
    people = Affiliation.objects.filter(valid_on(day), organization=organization_id)
    counts = dict(people.values_list("employee_group").annotate(n=Count("pk")).order_by())
    groups = EmployeeGroup.objects.filter(organization=organization_id).order_by("code")
    return [(group, counts.get(group.pk, 0)) for group in groups]


def _umbrella(
    membership: Membership,
    agreements: Iterable[AgreementView],
    signatories: Iterable[OrganizationSignatory],
    counts: tuple[int, int],
) -> Umbrella:
    design = design_of(membership.program_id)
    balances = balances_of([membership.pool_id], design=design)[membership.pool_id] if membership.pool_id else ()
    return Umbrella(membership, design, tuple(signatories), tuple(agreements), tuple(balances), *counts)


def _agreements(umbrella_ids: Sequence[int], *, only: int | None = None) -> dict[int, list[AgreementView]]:
    """By umbrella: those in force first, then the coming ones, then the latest of the others."""
    found = OrganizationAgreement.objects.filter(organization_membership__in=umbrella_ids)
    if only is not None:
        found = found.filter(pk=only)
    rows = list(found.select_related("program", "employee_group").order_by("-valid_from", "-pk"))
    tiers = _grouped(AgreementTier.objects.filter(agreement__in=rows).select_related("tier", "group"), "agreement_id")
    benefits = _grouped(AgreementBenefit.objects.filter(agreement__in=rows).select_related("benefit"), "agreement_id")
    standing = InheritedAgreement.objects.filter(agreement__in=rows, ended_at__isnull=True)
    counts: dict[int, dict[int, int]] = {}
    for row in standing.values("agreement", "version").annotate(n=Count("pk")).order_by():
        counts.setdefault(row["agreement"], {})[row["version"]] = row["n"]
    views: dict[int, list[AgreementView]] = {}
    for one in rows:
        by_version = counts.get(one.pk, {})
        day = program_now(one.program).astimezone(one.program.zone).date()
        view = AgreementView(
            agreement=one,
            state=state_of(one, day),
            tiers=tuple(f"{given.group.name}: {given.tier.name}" for given in tiers.get(one.pk, ())),
            benefits=tuple(given.benefit.name for given in benefits.get(one.pk, ())),
            count=sum(by_version.values()),
            behind=sum(n for version, n in by_version.items() if version < one.version),
        )
        views.setdefault(one.organization_membership_id, []).append(view)
    order = (NOW, AHEAD, OVER, CANCELLED)
    return {pk: sorted(each, key=lambda view: order.index(view.state)) for pk, each in views.items()}


def _grouped(rows: QuerySet[Any], name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found
