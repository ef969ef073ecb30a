"""Agreements in words, the same on every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from common.desk.words import day, figure
from customers.models import EmployeeGroup
from memberships.agreement_terms import AgreementTerms
from memberships.models import AgreementForm, Membership, OrganizationAgreement
from memberships.organization_overview import AHEAD, CANCELLED, NOW, OVER, AgreementView
from programs.models import Benefit, LeavingRule, Tier

BADGES = {NOW: "good", AHEAD: "info", OVER: "", CANCELLED: ""}


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement as lists and its page show it."""

    agreement: OrganizationAgreement
    view: AgreementView
    state: str
    badge: str
    period: str
    whom: str
    gives: str
    places: str
    form: str
    leaving: str


def agreement_row(view: AgreementView) -> AgreementRow:
    one = view.agreement
    return AgreementRow(
        agreement=one,
        view=view,
        state=state_told(view.state),
        badge=BADGES[view.state],
        period=period_told(one.valid_from, one.valid_until),
        whom=one.employee_group.name if one.employee_group else _("everybody"),
        gives=", ".join((*view.tiers, *view.benefits)) or _("nothing beside the form"),
        places=places_told(view.count, one.maximum),
        form=form_told(one.form),
        leaving=leaving_told(one.leaving_rule, one.form),
    )


def state_told(state: str) -> str:
    return {NOW: _("in force"), AHEAD: _("not yet"), OVER: _("ended"), CANCELLED: _("cancelled")}[state]


def period_told(first: date, last: date | None) -> str:
    if last is None:
        return _("from %(first)s on") % {"first": day(first)}
    return _("%(first)s – %(last)s") % {"first": day(first), "last": day(last)}


def places_told(count: int, maximum: int | None) -> str:
    if maximum is None:
        return figure(count)
    return _("%(count)s of %(maximum)s") % {"count": figure(count), "maximum": figure(maximum)}


def form_told(form: str) -> str:
    if form == AgreementForm.SHARED:
        return _("points go into the organization's pool")
    return _("each keeps points of their own")


def leaving_told(rule: str, form: str) -> str:
    """What becomes of points when somebody leaves."""
    if form != AgreementForm.SHARED:
        return _("who leaves keeps their own points")
    if rule == LeavingRule.BY_CONTRIBUTION:
        return _("who leaves takes along what they brought and earned")
    return _("points stay in the pool")


@dataclass(frozen=True, slots=True)
class Names:
    """What ids in terms stand for."""

    groups: Mapping[int, str]
    tiers: Mapping[int, str]
    benefits: Mapping[int, str]


def names_in(umbrella: Membership) -> Names:
    """Those of the organization and the program."""
    tiers = Tier.objects.filter(group__program=umbrella.program_id).select_related("group")
    return Names(
        groups=dict(EmployeeGroup.objects.filter(organization=umbrella.organization_id).values_list("pk", "name")),
        tiers={one.pk: f"{one.group.name}: {one.name}" for one in tiers},
        benefits=dict(Benefit.objects.filter(program=umbrella.program_id).values_list("pk", "name")),
    )


def terms_told(terms: AgreementTerms, names: Names) -> dict[str, tuple[str, str]]:
    """Line by line, by key: label and value; made to be compared."""
    group = names.groups.get(terms.employee_group_id or 0, "")
    tiers = ", ".join(names.tiers.get(pk, str(pk)) for pk in terms.tiers)
    benefits = ", ".join(names.benefits.get(pk, str(pk)) for pk in terms.benefits)
    return {
        "name": (_("Name"), terms.name),
        "whom": (_("For whom"), group or _("everybody")),
        "first": (_("First day"), day(terms.valid_from)),
        "last": (_("Last day"), day(terms.valid_until) if terms.valid_until else _("open")),
        "tiers": (_("Tiers"), tiers or _("none")),
        "benefits": (_("Benefits"), benefits or _("none")),
        "form": (_("Points"), form_told(terms.form)),
        "leaving": (_("On leaving"), leaving_told(terms.leaving_rule, terms.form)),
        "maximum": (_("Most memberships"), figure(terms.maximum) if terms.maximum else _("any number")),
    }
