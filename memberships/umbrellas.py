"""Which organization membership and which agreement a person would stand under, and why none (domain 1.8)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Max

from common.db import lock_rows
from common.errors import Busy
from memberships.agreement_terms import AgreementTerms, terms_of_version
from memberships.agreements import agreement_for, agreements_on, group_of, standing_agreements
from memberships.errors import AgreementFull, NoAgreement, NoOrganization, OrganizationNotActive
from memberships.locking import shared_membership
from memberships.models import AgreementVersion, InheritedAgreement, Membership, MembershipStatus, OrganizationAgreement
from memberships.organizations import umbrella_of, umbrellas_of_person
from programs.expiry import end_of_day
from programs.models import Program, Tier


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What there is to inherit. `until` is the end of the agreement's last day; None: open."""

    umbrella: Membership
    agreement: OrganizationAgreement
    version: int
    terms: AgreementTerms
    tiers: tuple[Tier, ...]
    until: datetime | None

    @property
    def ladders(self) -> frozenset[int]:
        """In which the agreement gives a tier."""
        return frozenset(tier.group_id for tier in self.tiers)


def find_inheritance(
    program: Program, *, customer_id: int, organization_id: int | None = None, at: datetime, lock: bool = True
) -> Inheritance:
    """The agreement the person would stand under; without `organization_id` by the person's affiliation that day.

    Inside the caller's transaction umbrella and agreement stay locked, so that neither ends, and no maximum is passed,
    before the caller is done; `lock=False` only looks. Raises NoOrganization, OrganizationNotActive, NoAgreement,
    AgreementFull.
    """
    day = at.astimezone(program.zone).date()
    umbrella = _umbrella(program, customer_id=customer_id, organization_id=organization_id, day=day)
    if lock:
        umbrella = shared_membership(umbrella.pk)
    refuse_inactive_umbrella(umbrella)
    agreement = agreement_for(umbrella, customer_id=customer_id, day=day)
    if agreement is not None and lock:
        agreement = locked_agreement(agreement, day)
    if agreement is None:
        raise _no_agreement(umbrella, customer_id=customer_id, day=day)
    refuse_full(agreement)
    return inheritance_of(umbrella, agreement, program=program)


def inheritance_of(umbrella: Membership, agreement: OrganizationAgreement, *, program: Program) -> Inheritance:
    """What the agreement gives in its version of today, whether or not somebody new may have it."""
    terms = terms_of_version(AgreementVersion.objects.get(agreement=agreement, version=agreement.version))
    tiers = tuple(Tier.objects.filter(pk__in=terms.tiers).order_by("pk")) if terms.tiers else ()
    return Inheritance(umbrella, agreement, agreement.version, terms, tiers, end_of(terms.valid_until, program))


def end_of(last_day: date | None, program: Program) -> datetime | None:
    """The midnight after that day in the program's zone."""
    return None if last_day is None else end_of_day(last_day, program.zone)


def refuse_inactive_umbrella(umbrella: Membership) -> None:
    if umbrella.status == MembershipStatus.ACTIVE:
        return
    raise OrganizationNotActive(
        f"The organization's membership {umbrella.number} is {umbrella.get_status_display()}; nobody enrols under it "
        "now. Enrol the person plainly, or reinstate it first.",
        facts={
            "organization": umbrella.organization_id,
            "organization_membership": umbrella.pk,
            "status": str(umbrella.status),
        },
    )


def refuse_full(agreement: OrganizationAgreement) -> None:
    """Counted by a statement of its own, so that it sees who came while this one waited for the agreement."""
    room = room_in(agreement)
    if room is None or room > 0 or agreement.maximum is None:
        return
    count = agreement.maximum - room
    raise AgreementFull(
        f"“{agreement.name}” allows {agreement.maximum} memberships, and {count} stand under it. Enrol the person "
        "plainly, or have the agreement amended.",
        facts={"agreement": agreement.pk, "maximum": agreement.maximum, "count": count},
    )


def room_in(agreement: OrganizationAgreement) -> int | None:
    """How many more may come under the agreement; None: any number. Below zero where it was amended to fewer."""
    if agreement.maximum is None:
        return None
    return agreement.maximum - InheritedAgreement.objects.filter(agreement=agreement, ended_at__isnull=True).count()


def _umbrella(program: Program, *, customer_id: int, organization_id: int | None, day: date) -> Membership:
    facts: dict[str, Any] = {"program": program.code, "customer": customer_id}
    if organization_id is not None:
        umbrella = umbrella_of(program.pk, organization_id)
        if umbrella is None:
            raise NoOrganization(
                f"The organization has no membership in {program.name}.",
                facts=facts | {"organization": organization_id},
            )
        return umbrella
    umbrellas = umbrellas_of_person(program.pk, customer_id=customer_id, day=day)
    if len(umbrellas) > 1:
        fit = [one for one in umbrellas if agreement_for(one, customer_id=customer_id, day=day) is not None]
        umbrellas = fit if len(fit) == 1 else umbrellas
    if len(umbrellas) == 1:
        return umbrellas[0]
    organizations = [one.organization_id for one in umbrellas]
    cause = "Several organizations of the person have one: name which." if organizations else (
        f"The person belongs to no organization with a membership in {program.name} on {day}."
    )  # fmt: skip
    raise NoOrganization(cause, facts=facts | {"organizations": organizations, "day": day.isoformat()})


def locked_agreement(agreement: OrganizationAgreement, day: date) -> OrganizationAgreement | None:
    """The agreement as it is after the wait; None where it no longer holds that day.

    With a maximum those who enrol go one by one; without one they go side by side, and only a change waits for them.
    """
    if agreement.maximum is None:
        row = shared_agreement(agreement.pk)
    else:
        (row,) = lock_rows(OrganizationAgreement.objects.filter(pk=agreement.pk))
    changed = row.employee_group_id != agreement.employee_group_id
    if changed or (agreement.maximum is None and row.maximum is not None):
        raise Busy("The agreement was amended this moment. Try again.", facts={"agreement": row.pk})
    ended = row.valid_from > day or (row.valid_until is not None and row.valid_until < day)
    return None if ended or row.cancelled_at is not None else row


def shared_agreement(pk: int) -> OrganizationAgreement:
    """The row FOR SHARE: nobody amends or ends it until the transaction is over."""
    table = OrganizationAgreement._meta.db_table
    rows = OrganizationAgreement.objects.raw(
        f"SELECT * FROM {table} WHERE id = %s FOR SHARE",  # noqa: S608 - the name of our own table
        [pk],
    )
    (row,) = rows
    found: OrganizationAgreement = row
    return found


def _no_agreement(umbrella: Membership, *, customer_id: int, day: date) -> NoAgreement:
    """Says whether it ended, has not begun, is for others, or never was."""
    facts: dict[str, Any] = {
        "organization": umbrella.organization_id,
        "organization_membership": umbrella.pk,
        "day": day.isoformat(),
    }
    last = standing_agreements(umbrella).filter(valid_until__lt=day).aggregate(day=Max("valid_until"))["day"]
    coming = standing_agreements(umbrella).filter(valid_from__gt=day).order_by("valid_from").first()
    if agreements_on(umbrella, day).exists():
        group_id = group_of(umbrella, customer_id=customer_id, day=day)
        why, cause = "other_group", "its agreements are for other employee groups than the person's"
        facts["employee_group"] = group_id
    elif coming is not None:
        why, cause = "not_yet", f"the next agreement begins on {coming.valid_from}"
        facts["valid_from"] = coming.valid_from.isoformat()
    elif last is not None:
        why, cause = "ended", f"the last agreement ended on {last}"
        facts["valid_until"] = last.isoformat()
    else:
        why, cause = "none", "it has no agreement"
    return NoAgreement(
        f"Nobody enrols under {umbrella.number} on {day}: {cause}. Enrol the person plainly, or make an agreement.",
        facts={"why": why, **facts},
    )
