"""Changes of memberships: a merge and a split with a thousand lots a side, a pool of a thousand, the consent page."""

import random
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from statistics import median

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.calls import PointsCall
from activities.redeeming import redeem_online
from bench.jobs import new_key, reach, till
from bench.report import Figure, ratio
from bench.world import LOT_POINTS, Sizes, World, settle
from common import clock
from common.actor import Actor
from gateway.channels import system_actor
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.inviting import token_digest
from memberships.changes.plan import Proposal
from memberships.changes.preview import preview_of
from memberships.changes.proposing import propose, withdraw
from memberships.models import Consent, ConsentInvitation, InvitationKind, Member, Membership, MembershipChange
from points.accounts import open_set
from points.ledger import post
from points.models import PointAccount, PostingKind
from points.moves import Cause, Credit, NewLot

LOTS, FEW = 1_000, 10
SHARING = 1_000
# Of each kind in turn, so that both meet the same machine.
REDEMPTIONS = 200
GOAL_MS, PAGE_MS = 120, 50
POOLED = """
UPDATE memberships_membership SET type = 'shared', pool_id = %(pool)s WHERE id BETWEEN %(first)s AND %(last)s
"""
CLOSED = """
UPDATE points_pointaccount SET closed = true WHERE point_type_id = %(type)s AND account_set_id IN (
    SELECT own_set_id FROM memberships_membership WHERE id BETWEEN %(first)s AND %(last)s)
"""


class Unused:
    """Members without points, each given away once."""

    def __init__(self, world: World) -> None:
        self.next = world.first_earner

    def take(self, count: int = 1) -> int:
        self.next += count
        return self.next - count


def changes(world: World, sizes: Sizes) -> Iterator[Figure]:
    """The last section of its world: it makes pools of members that others pick from."""
    unused, actor = Unused(world), system_actor()
    yield from _merges_and_splits(world, unused, actor, sizes.rounds)
    yield from _large_pool(world, unused, sizes.rounds)
    yield from _consent_page(unused, actor, sizes.rounds)


def _merges_and_splits(world: World, unused: Unused, actor: Actor, rounds: int) -> Iterator[Figure]:
    few = _statements(world, unused, actor, FEW)
    many = _statements(world, unused, actor, LOTS)
    times: dict[str, list[float]] = {"merge": [], "preview of a merge": [], "split": []}
    for _ in range(rounds):
        change = _agreed_merge(world, unused, actor, LOTS)
        times["preview of a merge"].append(_milliseconds(partial(preview_of, change, actor=actor)))
        times["merge"].append(_milliseconds(partial(carry_out, change, actor=actor)))
        split = _agreed_split(change, actor)
        times["split"].append(_milliseconds(partial(carry_out, split, actor=actor)))
    for what, found in times.items():
        shown = f"{what}, {LOTS:,} lots a side"
        yield Figure(f"{shown} ({many[what]} statements)", median(found), "ms", GOAL_MS, at_most=True, rounds=found)
        more = many[what] - few[what]
        yield Figure(f"{what}, statements more than with {FEW} lots", more, "", 0, at_most=True)


def _statements(world: World, unused: Unused, actor: Actor, lots: int) -> dict[str, int]:
    """How many each of them takes with so many lots a side."""
    change = _agreed_merge(world, unused, actor, lots)
    found = {"preview of a merge": _counted(partial(preview_of, change, actor=actor))}
    found["merge"] = _counted(partial(carry_out, change, actor=actor))
    split = _agreed_split(change, actor)
    return found | {"split": _counted(partial(carry_out, split, actor=actor))}


def _agreed_merge(world: World, unused: Unused, actor: Actor, lots: int) -> MembershipChange:
    prime = unused.take(2)
    secondary = prime + 1
    for pk in (prime, secondary):
        membership = Membership.objects.get(pk=pk)
        _fill(
            PointAccount.objects.get(account_set=membership.own_set_id, point_type=world.point_type), membership, lots
        )
    return _agreed(Proposal("merge", prime, secondary_id=secondary, result_type="shared"), actor)


def _agreed_split(merge: MembershipChange, actor: Actor) -> MembershipChange:
    leaver = Member.objects.get(membership=merge.secondary_id, ended_at=None)
    proposal = Proposal("split", leaver.membership_id, leaver_id=leaver.customer_id, policy="by_contribution")
    return _agreed(proposal, actor)


def _agreed(proposal: Proposal, actor: Actor) -> MembershipChange:
    change = propose(proposal, actor=actor)
    for consent in Consent.objects.filter(change=change).order_by("pk"):
        decide(
            change, customer_id=consent.customer_id, decision="given", method="in_person", actor=actor, evidence="bench"
        )
    change.refresh_from_db()
    return change


def _fill(account: PointAccount, membership: Membership, lots: int) -> None:
    """Lots with dates of a thousand days in turn, by one posting."""
    person = Member.objects.get(membership=membership, ended_at=None).customer_id
    now = clock.now()
    made = [
        NewLot(
            LOT_POINTS,
            earned_at=now - timedelta(minutes=number),
            expires_at=now + timedelta(days=30 + number % 1_000),
            earner_id=person,
            contributor_id=person,
        )
        for number in range(lots)
    ]
    with transaction.atomic():
        post(
            PostingKind.OPENING,
            program_id=membership.program_id,
            for_set_id=membership.own_set_id,
            person_id=person,
            cause=Cause("opening", account.pk),
            occurred_at=now,
            actor=system_actor(),
            moves=[Credit(account.pk, made)],
        )


def _large_pool(world: World, unused: Unused, rounds: int) -> Iterator[Figure]:
    first = unused.take(SHARING)
    last = first + SHARING - 1
    with transaction.atomic(), connection.cursor() as cursor:
        pool = open_set(world.program, is_pool=True)
        cursor.execute(POOLED, {"pool": pool.pk, "first": first, "last": last})
        cursor.execute(CLOSED, {"type": world.point_type, "first": first, "last": last})
    account = PointAccount.objects.get(account_set=pool, point_type=world.point_type)
    _fill(account, Membership.objects.get(pk=first), 10 * SHARING)
    settle()
    actor, (lowest, highest) = till(world), reach("redeem", world)
    standard, shared = [], []
    for _ in range(rounds):
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(REDEMPTIONS):
            found[0].append(_milliseconds(partial(_redeem, random.randint(lowest, highest), actor)))
            found[1].append(_milliseconds(partial(_redeem, random.randint(first, last), actor)))
        standard.append(median(found[0]))
        shared.append(median(found[1]))
    yield Figure("redeem of a standard membership", median(standard), "ms", rounds=standard)
    yield Figure(f"redeem from a pool of {SHARING:,}", median(shared), "ms", rounds=shared)
    slower = ratio(f"redeem from a pool of {SHARING:,} / standard", shared, standard)
    yield Figure(slower.what, slower.value, "x", 1.3, at_most=True, rounds=slower.rounds)


def _redeem(membership_id: int, actor: Actor) -> None:
    redeem_online(PointsCall(membership_id, LOT_POINTS, reference="bench"), actor=actor, key=new_key())


def _consent_page(unused: Unused, actor: Actor, rounds: int) -> Iterator[Figure]:
    """As a phone asks for it; the first call fills caches of templates."""
    prime = unused.take(2)
    change = propose(Proposal("merge", prime, secondary_id=prime + 1, result_type="shared"), actor=actor)
    consent = Consent.objects.filter(change=change).earliest("pk")
    token, now = secrets.token_urlsafe(32), clock.now()
    ConsentInvitation.objects.create(
        consent=consent,
        program_id=change.program_id,
        kind=InvitationKind.LINK,
        secret_digest=token_digest(token),
        sent_at=now,
        expires_at=now + timedelta(days=1),
    )
    client, path = Client(SERVER_NAME="localhost"), reverse("consent", args=[token])
    times = []
    for _ in range(max(5, rounds) + 1):
        times.append(_milliseconds(lambda: _got(client, path)))
    yield Figure("consent page", median(times[1:]), "ms", PAGE_MS, at_most=True, rounds=times[1:])
    withdraw(change, actor=actor, reason="bench")


def _got(client: Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"The consent page answered {answer.status_code}.")


def _counted(call: Callable[[], object]) -> int:
    """Ids drawn beforehand are left out: whether a block of them runs out is a matter of chance."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return sum("nextval" not in one["sql"] for one in captured.captured_queries)


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
