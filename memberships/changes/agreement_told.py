"""What the terms of a change cite of an organization and its agreement, by names: for pages (domain 1.8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customers.models import Customer
from memberships.models import Membership, OrganizationAgreement
from programs.models import Benefit, Tier


@dataclass(frozen=True, slots=True)
class AgreementTold:
    """`agreement` is empty where nothing is taken over, as when somebody leaves by a split."""

    organization: Customer
    number: str
    agreement: str = ""
    version: int = 0
    is_shared: bool = False
    leaving_rule: str = ""
    tiers: tuple[str, ...] = ()
    benefits: tuple[str, ...] = ()


def agreement_told(terms: Mapping[str, Any]) -> AgreementTold | None:
    """None where no organization is concerned."""
    cited = terms.get("organization")
    if not cited:
        return None
    umbrella = Membership.objects.select_related("organization").get(pk=cited["membership"])
    organization = umbrella.organization
    assert organization is not None  # noqa: S101 - the database holds that an organization membership names it
    if "agreement" not in cited:
        return AgreementTold(organization, cited["number"])
    agreement = OrganizationAgreement.objects.get(pk=cited["agreement"])
    tiers = Tier.objects.filter(pk__in=cited["tiers"]).order_by("pk")
    benefits = Benefit.objects.filter(pk__in=cited["benefits"]).order_by("code")
    return AgreementTold(
        organization,
        cited["number"],
        agreement.name,
        cited["version"],
        cited["contributes"] is not None,
        cited["leaving_rule"],
        tuple(tiers.values_list("name", flat=True)),
        tuple(benefits.values_list("name", flat=True)),
    )
