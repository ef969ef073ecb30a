"""What memberships put in the way of a program's end and of a customer's deletion, and the deletion of one nothing was
posted to (1.2, 1.3)."""

from collections.abc import Sequence

from django.db.models import ProtectedError, QuerySet

from cards import issuing
from cards.models import Card
from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.history import audit_context
from common.obstacles import Obstacle, sentence
from customers.erasing import ERASE
from customers.errors import CustomerNotErasable
from customers.models import Customer
from gateway.events import record_event
from memberships import organizations_exits
from memberships.card_holding import end_holding
from memberships.ending import terminate
from memberships.errors import DeletionRefused
from memberships.locking import locked_memberships
from memberships.models import (
    AttributeValue,
    CardHolding,
    CardRegistration,
    ChangeParty,
    Consent,
    EndReason,
    InheritedAgreement,
    Member,
    Membership,
    MembershipBenefit,
    MembershipChange,
    MembershipLabel,
    MembershipTerm,
    SpendingCode,
    TermsAcceptance,
    TierStanding,
)
from memberships.waiting_registrations import withdraw_all_of
from points.models import Hold, PointAccount, PointAccountSet, Posting
from programs.models import Program

# Of a membership, in the order in which they can go.
OWN_ROWS = (
    AttributeValue,
    MembershipLabel,
    SpendingCode,
    CardRegistration,
    CardHolding,
    TermsAcceptance,
    TierStanding,
    MembershipBenefit,
    InheritedAgreement,
    MembershipTerm,
    Member,
)


def program_obstacles(program: Program) -> list[Obstacle]:
    """What is open in a program that is to be closed; what is overdue has lapsed."""
    waiting = MembershipChange.objects.open().filter(program=program, expires_at__gt=program_now(program)).count()
    if not waiting:
        return []
    return [
        Obstacle(
            "open_changes",
            f"Changes of memberships are open: {waiting}. Withdraw them, or carry them out.",
            {"count": waiting},
        )
    ]


def obstacles(customer: Customer) -> list[Obstacle]:
    """Why the customer can't be deleted with their memberships."""
    found = []
    asked = Consent.objects.filter(customer=customer).count()
    if asked:
        found.append(
            Obstacle(
                "has_consents",
                "The customer was asked for consent to changes of memberships: erase the customer instead.",
                {"consents": asked},
            )
        )
    registered = CardRegistration.objects.filter(customer=customer).exclude(membership__members__customer=customer)
    if registered.exists():
        found.append(
            Obstacle(
                "has_registrations",
                "The customer registered cards of other memberships: erase the customer instead.",
                {"registrations": registered.count()},
            )
        )
    for member in Member.objects.filter(customer=customer).select_related("membership"):
        found += membership_obstacles(member.membership)
        if member.membership.main_member_id == member.pk:
            found.append(
                Obstacle(
                    "main_of_group",
                    f"The customer is the main member of group {member.membership.number}: hand that over first.",
                    {"membership": member.membership_id},
                )
            )
    return found + organizations_exits.deletion_obstacles(customer)


def membership_obstacles(membership: Membership) -> list[Obstacle]:
    """Why this membership can't be deleted: something was posted to it, or others belong to it."""
    facts = {"membership": membership.pk}
    sets = [membership.own_set_id]
    # An account without entries has no lots.
    posted = (
        Posting.objects.filter(for_set__in=sets).exists()
        or PointAccount.objects.filter(account_set__in=sets, entry_count__gt=0).exists()
        or Hold.objects.filter(for_set__in=sets).exists()
    )
    found = []
    if posted:
        found.append(
            Obstacle("has_postings", f"Points were posted to {membership.number}: erase the customer instead.", facts)
        )
    if Member.objects.filter(membership=membership).count() > 1 or membership.pool_id is not None:
        found.append(Obstacle("has_other_members", f"Others take part in {membership.number}: split it first.", facts))
    if ChangeParty.objects.filter(membership=membership).exists():
        found.append(
            Obstacle("has_changes", f"{membership.number} was part of a change: erase the customer instead.", facts)
        )
    if Membership.objects.filter(superseded_by=membership).exists():
        found.append(Obstacle("has_predecessors", f"Other memberships went into {membership.number}.", facts))
    return found


def delete_membership(membership: Membership, *, actor: Actor, reason: str, above: Sequence[Obstacle] = ()) -> None:
    """Remove it with its holdings, acceptances, standings and empty accounts; its customer stays.

    Its cards are cancelled and belong to nobody, their numbers stay registered. `above` are obstacles of callers
    who see more.
    """
    with in_program(membership.program_id), audit_context(actor, reason):
        (row,) = locked_memberships([membership.pk], key_change=True)
        found = [*membership_obstacles(row), *above]
        if found:
            raise DeletionRefused(sentence(found), facts={"obstacles": [one.as_fact() for one in found]})
        _release_cards(row, actor=actor, reason=reason)
        try:
            _delete_rows(row)
        except ProtectedError as error:
            raise DeletionRefused(
                f"Other records refer to {row.number}: erase the customer instead.",
                facts={
                    "membership": row.pk,
                    "records": sorted({type(one).__name__ for one in error.protected_objects}),
                },
            ) from error
        record_event("membership.deleted", program_id=row.program_id, subject_id=membership.pk, facts={})


def delete_memberships_of(customer: Customer, *, actor: Actor, reason: str) -> int:
    """All of them, before the customer goes, in the caller's transaction; how many."""
    memberships = Membership.objects.filter(members__customer=customer).distinct().order_by("pk")
    for membership in memberships:
        delete_membership(membership, actor=actor, reason=reason)
    return len(memberships)


def erasure_obstacles(customer: Customer, *, actor: Actor) -> list[Obstacle]:
    """Why the customer can't be erased now, by this actor: others share a membership, or it is not theirs to end."""
    found = organizations_exits.erasure_obstacles(customer, actor=actor)
    for member in _taking_part(customer):
        membership = member.membership
        if not actor.may(ERASE, membership.program_id):
            # Which one is not theirs to know.
            cause = "The customer takes part in a program you may not erase in: ask somebody with the right in all."
            found.append(Obstacle("other_program", cause))
        elif Member.objects.filter(membership=membership, ended_at__isnull=True).count() > 1:
            main = member.pk == membership.main_member_id
            cure = "hand the main place over and split it first." if main else "split it first."
            found.append(
                Obstacle(
                    "shares_group",
                    f"The customer takes part in group {membership.number}: {cure}",
                    {"membership": membership.pk, "main": main},
                )
            )
    return found


def end_for_erasure(customer: Customer, *, actor: Actor) -> None:
    """Nobody erased takes part: end what is theirs, out of a pool by the leaving rule; refused while they are one of a
    group (a main first)."""
    found = erasure_obstacles(customer, actor=actor)
    if found:
        facts = {**found[0].facts, "obstacles": [one.as_fact() for one in found]}
        raise CustomerNotErasable(sentence(found), facts=facts)
    withdraw_all_of(customer, actor=actor, reason="customer erased")
    organizations_exits.end_signatures(customer, actor=actor)
    for member in _taking_part(customer):
        terminate(member.membership, actor=actor, reason="customer erased", end_reason=EndReason.CUSTOMER_CLOSED)


def _taking_part(customer: Customer) -> QuerySet[Member]:
    taking_part = Member.objects.filter(customer=customer, current=True, ended_at__isnull=True)
    return taking_part.select_related("membership").order_by("membership_id")


def _release_cards(row: Membership, *, actor: Actor, reason: str) -> None:
    at = program_now(row.program)
    held = Card.objects.filter(pk__in=CardHolding.objects.filter(membership=row).values("card"))
    # Successors first: the card they wait for would take them along.
    for card in held.select_related("program").order_by("-pk"):
        if card.status not in issuing.FINAL:
            issuing.cancel(card, actor=actor, reason=reason)
        end_holding(card, actor=actor, at=at)


def _delete_rows(row: Membership) -> None:
    for model in OWN_ROWS:
        for dependent in model.objects.filter(membership=row):
            dependent.delete()
    own_set_id = row.own_set_id
    row.delete()
    PointAccount.objects.filter(account_set=own_set_id).delete()
    PointAccountSet.objects.filter(pk=own_set_id).delete()
