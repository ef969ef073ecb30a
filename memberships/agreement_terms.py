"""What an agreement says, as one value: read from its tables or one of its versions, and checked (domain 1.8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from customers.models import EmployeeGroup
from memberships.errors import AgreementRefused
from memberships.models import (
    AgreementBenefit,
    AgreementForm,
    AgreementTier,
    AgreementVersion,
    Membership,
    OrganizationAgreement,
)
from programs.models import Benefit, LeavingRule, Tier

# Columns of an agreement that hold its terms; tiers and benefits have tables of their own.
COLUMNS = ("name", "employee_group_id", "valid_from", "valid_until", "form", "maximum", "leaving_rule")


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """Both days belong to the agreement. `tiers` and `benefits` hold ids; at most one tier of a ladder."""

    name: str
    valid_from: date
    valid_until: date | None = None
    employee_group_id: int | None = None
    form: str = AgreementForm.STANDARD
    maximum: int | None = None
    leaving_rule: str = LeavingRule.LEAVE_BEHIND
    tiers: tuple[int, ...] = ()
    benefits: tuple[int, ...] = ()

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


def terms_of(agreement: OrganizationAgreement) -> AgreementTerms:
    """As they stand today."""
    return AgreementTerms(
        **{name: getattr(agreement, name) for name in COLUMNS},
        tiers=tuple(sorted(AgreementTier.objects.filter(agreement=agreement).values_list("tier_id", flat=True))),
        benefits=tuple(
            sorted(AgreementBenefit.objects.filter(agreement=agreement).values_list("benefit_id", flat=True))
        ),
    )


def terms_of_version(version: AgreementVersion) -> AgreementTerms:
    """As they stood in that version."""
    kept = version.terms
    return AgreementTerms(
        name=kept["name"],
        valid_from=date.fromisoformat(kept["valid_from"]),
        valid_until=kept["valid_until"] and date.fromisoformat(kept["valid_until"]),
        employee_group_id=kept["employee_group"],
        form=kept["form"],
        maximum=kept["maximum"],
        leaving_rule=kept["leaving_rule"],
        tiers=tuple(sorted(kept["tiers"].values())),
        benefits=tuple(kept["benefits"]),
    )


def kept_terms(terms: AgreementTerms, tiers: Sequence[Tier]) -> dict[str, Any]:
    """As a version keeps them; `terms_of_version` reads them again."""
    kept = {name: getattr(terms, name) for name in COLUMNS if name != "employee_group_id"}
    return kept | {
        "employee_group": terms.employee_group_id,
        "valid_from": terms.valid_from.isoformat(),
        "valid_until": None if terms.valid_until is None else terms.valid_until.isoformat(),
        "tiers": {str(tier.group_id): tier.pk for tier in tiers},
        "benefits": [*terms.benefits],
    }


def columns_of(terms: AgreementTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in COLUMNS}


def checked(umbrella: Membership, terms: AgreementTerms) -> tuple[AgreementTerms, list[Tier]]:
    """The terms in their settled form, with their tiers; each fault is refused by its name."""
    _refuse_figures(terms)
    group_id = terms.employee_group_id
    groups = EmployeeGroup.objects.filter(organization=umbrella.organization_id)
    if group_id is not None and not groups.filter(pk=group_id).exists():
        raise _fault("employee_group", "The organization has no such employee group.", group_id)
    tiers = list(
        Tier.objects.filter(pk__in=terms.tiers, group__program=umbrella.program_id)
        .select_related("group")
        .order_by("pk")
    )
    if len(tiers) != len(terms.tiers) or len({tier.group_id for tier in tiers}) != len(tiers):
        raise _fault("tiers", "Name tiers of the program, one of a ladder.", [*terms.tiers])
    benefits = Benefit.objects.filter(pk__in=terms.benefits, program=umbrella.program_id).count()
    if benefits != len(terms.benefits):
        raise _fault("benefits", "Name benefits of the program, each one once.", [*terms.benefits])
    settled = replace(
        terms, name=terms.name.strip(), tiers=tuple(tier.pk for tier in tiers), benefits=tuple(sorted(terms.benefits))
    )
    return settled, tiers


def _refuse_figures(terms: AgreementTerms) -> None:
    if not terms.name.strip():
        raise _fault("name", "An agreement has a name.", terms.name)
    if terms.valid_until is not None and terms.valid_until < terms.valid_from:
        raise _fault("valid_until", "An agreement ends after it begins.", terms.valid_until.isoformat())
    if terms.maximum is not None and terms.maximum < 1:
        raise _fault("maximum", "The most memberships are one or more; empty for any number.", terms.maximum)
    if terms.form not in AgreementForm.values:
        raise _fault("form", "Individual memberships are standard or shared.", terms.form)
    if terms.leaving_rule not in LeavingRule.values:
        raise _fault("leaving_rule", "No such leaving rule.", terms.leaving_rule)


def _fault(field: str, message: str, value: Any) -> AgreementRefused:
    return AgreementRefused(message, facts={"field": field, "value": value})
