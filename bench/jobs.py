"""One call of each verb as a channel makes it, on a membership picked at random or on the hot one."""

import hashlib
import random
import secrets
from collections.abc import Callable
from functools import partial

from activities.calls import AnswerKey, PointsCall, body_of
from activities.earning import earn_online
from activities.redeeming import redeem_online
from activities.transfer_online import transfer_body
from activities.transferring import TransferCall, transfer_points_online
from bench.world import LOT_POINTS, World
from common.actor import Actor
from gateway.answers import DIGEST, StoredAnswer, answer_of

# A spender who has nothing left is passed over.
PICKS = 20
Job = Callable[[], object]
VERBS = {"earn": earn_online, "redeem": redeem_online}


def job_of(name: str, world: World) -> Job:
    """`earn`, `redeem`, with `_hot` on one account, or `replay`: a function that makes one call and its answer."""
    actor = till(world)
    if name == "replay":
        return replaying(world, actor)
    if name == "transfer":
        return partial(transfer_once, world, actor)
    verb, _, where = name.partition("_")
    first, last = (world.hot, world.hot) if where == "hot" else reach(verb, world)
    return partial(post_once, verb, first, last, actor)


def reach(verb: str, world: World) -> tuple[int, int]:
    """The memberships a verb picks from: who spends has lots, who earns begins without any."""
    if verb == "earn":
        return world.first_earner, world.last_earner
    return world.first_membership, world.first_earner - 1


def post_once(verb: str, first: int, last: int, actor: Actor) -> bytes:
    for _ in range(PICKS):
        call = PointsCall(random.randint(first, last), LOT_POINTS, reference="bench")
        facts = VERBS[verb](call, actor=actor, key=new_key())
        if isinstance(facts, list):
            return body_of(facts)
    raise RuntimeError(f"{verb} was not the plain case {PICKS} times in a row.")


def transfer_once(world: World, actor: Actor) -> bytes:
    for _ in range(PICKS):
        sender, receiver = random.randint(*reach("transfer", world)), random.randint(*reach("earn", world))
        call = TransferCall(sender, receiver, LOT_POINTS)
        facts = transfer_points_online(call, actor=actor, key=new_key())
        if isinstance(facts, list):
            return transfer_body(facts)
    raise RuntimeError(f"A transfer was not the plain case {PICKS} times in a row.")


def replaying(world: World, actor: Actor) -> Job:
    """The same requests again and again: each finds its first answer."""
    known: list[tuple[PointsCall, AnswerKey]] = []
    for _ in range(200):
        call, key = PointsCall(random.randint(*reach("earn", world)), LOT_POINTS, reference="bench"), new_key()
        earn_online(call, actor=actor, key=key)
        known.append((call, key))

    def replay() -> object:
        call, key = random.choice(known)
        earlier = earn_online(call, actor=actor, key=key)
        if not isinstance(earlier, StoredAnswer):
            raise RuntimeError("A repeated key posted again, or its answer was not found.")
        return answer_of(earlier, key.request)

    return replay


def new_key() -> AnswerKey:
    token = secrets.token_bytes(16)
    return AnswerKey(
        digest=hashlib.sha256(token).digest()[:DIGEST], request=hashlib.sha256(token + b"?").digest()[:DIGEST]
    )


def till(world: World) -> Actor:
    programs = frozenset({world.program})
    return Actor("channel", None, world.channel, "bench", lambda action, program: program in programs, programs)
