"""What becomes of organization memberships and signatures when a record is merged, deleted or erased (domain 1.3)."""

from common.actor import Actor
from common.db import lock_rows
from common.obstacles import Obstacle
from customers.erasing import ERASE
from customers.models import Customer
from memberships.errors import AlreadyOrganization
from memberships.locking import locked_memberships
from memberships.models import Membership, MembershipStatus, OrganizationSignatory
from memberships.organizations import end_signatory, leading_signatory, refresh_owner, umbrella_of


def deletion_obstacles(customer: Customer) -> list[Obstacle]:
    """Who signed for an organization, and the organization itself, stay known."""
    found = []
    signed = OrganizationSignatory.objects.filter(customer=customer).count()
    if signed:
        cause = "The customer signs or signed for organizations: erase the customer instead."
        found.append(Obstacle("signatory", cause, {"count": signed}))
    umbrellas = list(Membership.objects.filter(organization=customer).order_by("pk").values_list("number", flat=True))
    if umbrellas:
        cause = f"It has or had memberships as an organization: {', '.join(umbrellas)}."
        found.append(Obstacle("organization_memberships", cause, {"numbers": umbrellas}))
    return found


def erasure_obstacles(customer: Customer, *, actor: Actor) -> list[Obstacle]:
    """What somebody has to decide first: who signs next, and that an organization takes no part any more."""
    found = []
    for umbrella in _current(customer):
        if not actor.may(ERASE, umbrella.program_id):
            cause = "The organization takes part in a program you may not erase in: ask somebody with the right in all."
            found.append(Obstacle("other_program", cause))
            continue
        cause = f"Its membership {umbrella.number} goes on: let everybody leave it and end it first."
        found.append(Obstacle("organization_membership", cause, {"membership": umbrella.pk}))
    for signatory in _signing(customer):
        umbrella = signatory.membership
        if umbrella.current and leading_signatory(umbrella.pk, without=customer.pk) is None:
            cause = f"Nobody else signs for {umbrella.number}: add another signatory first."
            found.append(Obstacle("last_signatory", cause, {"membership": umbrella.pk}))
    return found


def end_signatures(customer: Customer, *, actor: Actor) -> None:
    """Nobody erased signs; the next one owns the pool."""
    for signatory in _signing(customer):
        end_signatory(signatory.membership, customer_id=customer.pk, actor=actor, reason="customer erased")


def unite_organizations(customer: Customer, *, duplicate: Customer) -> None:
    """Signatures and memberships of an organization go to the record that stays.

    Raises AlreadyOrganization where both have a membership in one program.
    """
    for umbrella in _current(duplicate):
        known = umbrella_of(umbrella.program_id, customer.pk)
        if known is not None:
            raise AlreadyOrganization(
                f"Both records have a membership as an organization in {umbrella.program.name}: end one of them first.",
                facts={"memberships": [known.pk, umbrella.pk]},
            )
    for umbrella in locked_memberships([one.pk for one in _current(duplicate)]):
        umbrella.organization = customer
        umbrella.version += 1
        umbrella.save()
    for signatory in _signing(duplicate):
        (umbrella,) = locked_memberships([signatory.membership_id])
        _sign_as(signatory, customer)
        refresh_owner(umbrella)


def _sign_as(signatory: OrganizationSignatory, customer: Customer) -> None:
    """Since the earlier of the two, where both records sign."""
    own = OrganizationSignatory.objects.filter(
        membership=signatory.membership_id, customer=customer, ended_at__isnull=True
    )
    for row in lock_rows(own):
        row.since = min(row.since, signatory.since)
        row.save()
        signatory.delete()
        return
    signatory.customer = customer
    signatory.save()


def _current(customer: Customer) -> list[Membership]:
    umbrellas = Membership.objects.filter(organization=customer).exclude(status=MembershipStatus.EXPIRED)
    return list(umbrellas.select_related("program").order_by("pk"))


def _signing(customer: Customer) -> list[OrganizationSignatory]:
    rows = OrganizationSignatory.objects.filter(customer=customer, ended_at__isnull=True)
    return list(rows.select_related("membership").order_by("membership", "pk"))
