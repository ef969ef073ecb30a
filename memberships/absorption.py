"""A found card's membership goes into the one the person has: at once by possession, or, where a debt would come to
others, as a change that waits for them (domain 1.9, 1.10)."""

from common.actor import Actor
from common.clock import program_now
from memberships.changes.answering import Answer, answer, answering
from memberships.changes.at_once import carry_out_planned, locked_plan
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import (
    CardRegistration,
    ChangeBasis,
    ChangeKind,
    ConsentMethod,
    ConsentStatus,
    Member,
    Membership,
    MembershipChange,
    MembershipStatus,
    RegistrationStatus,
)
from programs.design import design_of


def is_ready(member: Member) -> bool:
    """Whether points may come to the person there: the membership is active, and they are not suspended in it."""
    return member.membership.status == MembershipStatus.ACTIVE and member.suspended_at is None


def absorption_of(member: Member, found: Membership, *, actor: Actor, reason: str = "") -> MembershipChange:
    """What it would mean: a draft, not saved."""
    program = design_of(found.program_id).program
    return MembershipChange(
        program=program,
        kind=ChangeKind.ABSORB,
        basis=ChangeBasis.POSSESSION,
        prime=member.membership,
        secondary=found,
        main_id=_registrant(member),
        reason=reason,
        proposed_at=program_now(program),
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )


def absorb_found(
    registration: CardRegistration, member: Member, found: Membership, *, actor: Actor, reason: str
) -> None:
    """The saved registration is done afterwards, or awaits the others' consent. The memberships are locked."""
    change = absorption_of(member, found, actor=actor, reason=reason)
    plan = locked_plan(change)
    if plan.asked == (member.customer_id,):
        carry_out_planned(change, plan, actor=actor)
        registration.refresh_from_db()
        return
    proposal = Proposal(
        ChangeKind.ABSORB, member.membership_id, secondary_id=found.pk, main_id=_registrant(member), reason=reason
    )
    registration.change = propose(proposal, actor=actor)
    registration.status = RegistrationStatus.AWAITING_CONSENT
    registration.save()
    _consent(registration, actor=actor)


def _registrant(member: Member) -> int | None:
    """Of a group's members the one who registers is named."""
    return member.customer_id if member.membership.main_member_id is not None else None


def _consent(registration: CardRegistration, *, actor: Actor) -> None:
    """Having the card and registering it is the person's own consent."""
    change = registration.change
    assert change is not None  # noqa: S101 - proposed a moment ago
    with answering(change, customer_id=registration.customer_id, actor=actor) as question:
        evidence = f"had card {registration.card.number_id} in hand, registration {registration.pk}"
        given = Answer(
            ConsentStatus.GIVEN,
            ConsentMethod.IN_PERSON,
            evidence,
            channel_id=actor.channel_id,
            recorded_by=actor.user_id,
        )
        answer(question, given)
    change.refresh_from_db()
