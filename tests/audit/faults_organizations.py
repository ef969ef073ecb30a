"""Faults of organizations, their agreements and who stands under them."""

from datetime import date

from memberships.models import AgreementVersion, InheritedAgreement, OrganizationAgreement, OrganizationSignatory
from points.models import PointAccount

from .faults import fault
from .organizations import agreement
from .world import World, days


def _agreement(name: str) -> OrganizationAgreement:
    found: OrganizationAgreement = OrganizationAgreement.objects.get(name=name)
    return found


def _inherited(w: World, name: str) -> InheritedAgreement:
    found: InheritedAgreement = InheritedAgreement.objects.get(membership=w.memberships[name])
    return found


def _save(row: object, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()  # type: ignore[attr-defined]


@fault("G01")
def two_agreements_for_one_group(w: World) -> None:
    agreement(w, "Sales too", _agreement("Sales").employee_group)


@fault("G02")
def under_an_organization_without_an_agreement(w: World) -> None:
    _save(_inherited(w, "eva"), ended_at=w.now)


@fault("G02")
def under_an_agreement_without_the_organization(w: World) -> None:
    _save(w.memberships["eva"], organization_membership=None)


@fault("G02")
def under_a_cancelled_agreement(w: World) -> None:
    _save(_agreement("Sales"), cancelled_at=w.now)


@fault("G02")
def under_a_version_that_did_not_hold_that_day(w: World) -> None:
    _save(_inherited(w, "eva"), since=w.now - days(9000))


@fault("G03")
def shared_form_with_points_of_its_own(w: World) -> None:
    _save(w.memberships["dan"], type="standard", pool=None)
    PointAccount.objects.filter(account_set=w.memberships["dan"].own_set).update(closed=False)


@fault("G03")
def standard_form_on_the_pool(w: World) -> None:
    _save(_inherited(w, "dan"), form="standard")


@fault("G04")
def amended_without_a_version(w: World) -> None:
    _save(_agreement("Sales"), maximum=5)


@fault("G04")
def an_older_version_in_force(w: World) -> None:
    first = AgreementVersion.objects.get(agreement=_agreement("Sales"))
    AgreementVersion.objects.create(
        agreement=first.agreement,
        program=w.north,
        version=2,
        terms=first.terms,
        made_at=w.now,
        channel_id=w.till.pk,
    )


@fault("G04")
def tiers_that_no_version_names(w: World) -> None:
    _agreement("Sales").tiers.get().delete()


@fault("G04")
def agreement_with_a_person(w: World) -> None:
    made = agreement(w, "Sales next", _agreement("Drivers").employee_group)
    _save(made, organization_membership=w.memberships["michael"])


@fault("G04")
def agreement_that_ends_before_it_begins(w: World) -> None:
    made = agreement(w, "Never", _agreement("Drivers").employee_group)
    _save(made, valid_until=date(2019, 12, 31))
    AgreementVersion.objects.filter(agreement=made).update(terms={**_terms(made), "valid_until": "2019-12-31"})


@fault("G05")
def umbrella_without_a_signatory(w: World) -> None:
    _save(OrganizationSignatory.objects.get(), ended_at=w.now)


def _terms(made: OrganizationAgreement) -> dict[str, object]:
    terms: dict[str, object] = AgreementVersion.objects.get(agreement=made).terms
    return terms
