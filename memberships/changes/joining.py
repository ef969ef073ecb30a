"""A person joins an organization: agreement, benefits and tier are taken over, points go where the form says (1.8)."""

from common.errors import Busy
from memberships.changes.accounts import flows, later_clock, unite_accounts
from memberships.changes.merging import redeemable_to
from memberships.changes.plan import Work
from memberships.changes.rows_join import FORMS
from memberships.inheritance import inherit
from memberships.models import AgreementForm, InheritedAgreement, Membership
from memberships.umbrellas import Inheritance, find_inheritance
from points.models import PostingKind


def join(work: Work) -> None:
    """Number, cards and qualifying points stay; into a pool the own points go as the person's contribution."""
    membership, found, form = work.plan.prime, _as_agreed(work), FORMS[work.change.result_type]
    if form == AgreementForm.SHARED:
        _bring_points(work, found.umbrella)
    inherit(
        membership,
        found,
        source=InheritedAgreement.Source.JOIN,
        form=form,
        at=work.at,
        actor=work.actor,
        record=work.record,
    )
    work.change.result = membership


def _bring_points(work: Work, umbrella: Membership) -> None:
    membership, pool = work.plan.prime, umbrella.pool
    assert pool is not None  # noqa: S101 - every organization membership is opened with one
    (person,) = work.plan.members_of(membership)
    moving = flows(work, membership.own_set_id, redeemable_to(pool), contributor_id=person.customer_id)
    unite_accounts(work, moving, kind=PostingKind.MERGE)
    later_clock(work, [membership.own_set_id], pool)


def _as_agreed(work: Work) -> Inheritance:
    """What was consented to, behind the locks of organization and agreement: neither ends before this is done."""
    plan, seen = work.plan, work.plan.inheritance
    assert seen is not None  # noqa: S101 - planned with one
    (person,) = plan.members_of(plan.prime)
    found = find_inheritance(
        plan.design.program,
        customer_id=person.customer_id,
        organization_id=seen.umbrella.organization_id,
        at=work.at,
    )
    if (found.agreement.pk, found.version) != (seen.agreement.pk, seen.version):
        raise Busy("The agreement was changed this moment. Try again.", facts={"agreement": found.agreement.pk})
    return found
