"""What a registration does or did, in sentences without ids: preview and confirmation say the same."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.desk.words import figure
from memberships.desk.figures import term_told
from memberships.desk.registering.choosing import sharing
from memberships.models import CardRegistration, Membership, MembershipStatus, RegistrationOutcome, RegistrationStatus
from points.models import PointAccount
from programs.design import Design
from programs.models import PointKind


def home_of(registration: CardRegistration) -> Membership:
    """Where the points are afterwards."""
    return Membership.objects.get(
        pk=registration.target_id
        if registration.outcome == RegistrationOutcome.ABSORBED and registration.target_id
        else registration.membership_id
    )


def said(registration: CardRegistration, design: Design) -> list[str]:
    if registration.outcome == RegistrationOutcome.CONVERTED:
        return list(_converted(registration, design))
    if registration.outcome == RegistrationOutcome.ABSORBED:
        return list(_absorbed(registration))
    return list(_waits(registration, design))


def _converted(registration: CardRegistration, design: Design) -> Iterator[str]:
    row = Membership.objects.get(pk=registration.membership_id)
    yield _("The membership of the card becomes the person's own, with its number and its points.")
    yield _("The card becomes their main card and has no end any more.")
    if row.status != MembershipStatus.ACTIVE:
        yield _("It is %(status)s until the first payment or until it is activated; the points stay on it.") % {
            "status": row.get_status_display()
        }
    yield from term_told(row)
    owed = _owed(row)
    if owed:
        yield _("%(points)s points are owed and become the person's debt.") % {"points": figure(owed)}
    yield _("No button takes this back: for a wrong person, transfer the points to the right one.")


def _absorbed(registration: CardRegistration) -> Iterator[str]:
    told = {"number": home_of(registration).number}
    yield _("The points on the card go into membership %(number)s; nothing is lost.") % told
    yield _("The card becomes an additional card of the person, which only earns, and has no end any more.")
    yield _("The number of the card's own membership leads to %(number)s from now on.") % told
    yield from _shared(home_of(registration))


def _waits(registration: CardRegistration, design: Design) -> Iterator[str]:
    target = registration.target
    if target is None:
        return
    if registration.status == RegistrationStatus.AWAITING_CONSENT:
        yield _("A debt would come to those who share with the person: they are asked for their consent first.")
        yield _("Until then the card stays as it is. Having it in their hand is the person's own consent.")
        return
    told = {"number": target.number, "status": target.get_status_display()}
    yield _("Membership %(number)s is %(status)s, or the person is suspended in it, so nothing can come in yet.") % told
    yield _("The card stays anonymous and linked; its points come by themselves once the membership is active.")
    yield from _shared(target)


def _shared(home: Membership) -> Iterator[str]:
    people = sharing(home)
    if people > 1:
        yield ngettext(
            "The points will be shared: %(people)s person uses this account.",
            "The points will be shared: %(people)s people use this account.",
            people,
        ) % {"people": people}


def _owed(row: Membership) -> int:
    accounts = PointAccount.objects.filter(account_set=row.own_set_id, point_type__kind=PointKind.REDEEMABLE)
    return sum(accounts.values_list("debt", flat=True))
