"""Pools that arise, grow and shrink by changes already carried out: rows and postings without proposal and consents."""

from collections.abc import Sequence

from django.db import transaction

from common.clock import program_now
from common.history import audit_context
from memberships.changes.accounts import reopen_accounts
from memberships.changes.performing import perform
from memberships.changes.plan import Person, Plan, Work
from memberships.changes.record import Record
from memberships.models import (
    ChangeParty,
    ChangeStatus,
    Member,
    Membership,
    MembershipChange,
    MembershipType,
    PartyRole,
)
from points.ledger import post
from points.models import PointAccount
from points.moves import Carry, Cause
from programs.design import design_of
from tests.factories import ACTOR, account_of, member_of


def merged(prime: Membership, secondary: Membership) -> MembershipChange:
    """Both and all who share with them use one pool from now on; the prime's member owns a new one."""
    with transaction.atomic(), audit_context(ACTOR, "test"):
        parties = _sharing(prime, secondary)
        change = _change("merge", prime, parties, secondary=secondary)
        work = Work(_plan(change, "pool", parties), ACTOR, Record())
        perform(work)
        return _carried_out(change)


def left_pool(membership: Membership, points: int) -> MembershipChange:
    """Its member leaves a pool that others go on sharing, and takes so many miles along."""
    with transaction.atomic(), audit_context(ACTOR, "test"):
        (membership,) = Membership.objects.filter(pk=membership.pk)
        assert membership.pool is not None
        person_id = member_of(membership)
        change = _change("split", membership, _sharing(membership), leaver_id=person_id)
        record, pool = Record(), membership.pool
        record.alter(membership, type=MembershipType.STANDARD, pool=None)
        work = Work(_plan(change, "leave_pool", [membership]), ACTOR, record)
        reopen_accounts(work, PointAccount.objects.filter(account_set=membership.own_set).values_list("pk", flat=True))
        pooled = PointAccount.objects.get(account_set=pool, point_type__code="miles")
        carry = Carry(pooled.pk, account_of(membership).pk, points, contributor_id=person_id, repays=False)
        posted = post(
            "split",
            program_id=change.program_id,
            for_set_id=membership.own_set_id,
            person_id=person_id,
            cause=Cause("change", change.pk),
            occurred_at=work.at,
            actor=ACTOR,
            moves=[carry],
        )
        change.posting_id, change.outcome = posted.id, record.as_outcome()
        return _carried_out(change)


def _sharing(*sides: Membership) -> list[Membership]:
    """Those sides, and who shares a pool with one of them, by id."""
    rows = Membership.objects.filter(pk__in=[one.pk for one in sides])
    pools = [one.pool_id for one in rows if one.pool_id is not None]
    return list((rows | Membership.objects.filter(pool__in=pools, current=True)).order_by("pk"))


def _change(kind: str, prime: Membership, parties: Sequence[Membership], **values: object) -> MembershipChange:
    change: MembershipChange = MembershipChange.objects.create(
        program=prime.program,
        kind=kind,
        prime=prime,
        result_type=MembershipType.SHARED,
        digest="d" * 64,
        proposed_at=program_now(prime.program),
        channel_id=ACTOR.channel_id,
        **values,
    )
    for party in parties:
        role = PartyRole.PRIME if party.pk == prime.pk else PartyRole.POOL
        ChangeParty.objects.create(change=change, program=prime.program, membership=party, role=role)
    return change


def _plan(change: MembershipChange, row: str, parties: Sequence[Membership]) -> Plan:
    members = Member.objects.filter(membership__in=parties, ended_at__isnull=True).order_by("pk")
    people = tuple(Person(one.customer_id, one.membership_id, one.pk, False, False) for one in members)
    by_id = {one.pk: one for one in parties}
    return Plan(
        change=change,
        design=design_of(change.program_id),
        at=program_now(change.program),
        row=row,
        prime=by_id[change.prime_id],
        secondary=by_id.get(change.secondary_id or 0),
        parties=tuple(parties),
        people=people,
        asked=tuple(one.customer_id for one in people),
        owner_id=next(one.customer_id for one in people if one.membership_id == change.prime_id),
    )


def _carried_out(change: MembershipChange) -> MembershipChange:
    change.status = ChangeStatus.CARRIED_OUT
    change.carried_out_at = change.ended_at = program_now(change.program)
    change.save()
    return change
