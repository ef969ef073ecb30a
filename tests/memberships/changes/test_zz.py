import time
from datetime import timedelta

import pytest

from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from tests.changes import *
from tests.factories import *

pytestmark = pytest.mark.django_db
from points.moves import *


def many(m, n):
    now = clock.program_now(m.program)
    p = people_of(m)[0]
    from tests.changes import _post

    _post(
        m,
        "earn",
        p,
        Credit(
            account_in_use(m).pk,
            [
                NewLot(10, earned_at=now, expires_at=now + timedelta(days=30 + i), earner_id=p, contributor_id=p)
                for i in range(n)
            ],
            Lifetime.EARNED,
        ),
    )


def test_time(miles):
    for k in range(3):
        a, b = pair(miles, f"A{k} B", f"C{k} D")
        many(a, 1000)
        many(b, 1000)
        change = agree(propose(Proposal("merge", a.pk, b.pk, result_type="shared"), actor=ACTOR))
        t = time.perf_counter()
        if 1:
            carry_out(change, actor=ACTOR)
        print("merge", (time.perf_counter() - t) * 1000)
        sp = propose(Proposal("split", a.pk, leaver_id=member_of(a), policy="equal"), actor=ACTOR)
        agree(sp)
        import cProfile
        import pstats

        pr = cProfile.Profile()
        t = time.perf_counter()
        if k == 2:
            pr.enable()
        if 1:
            carry_out(sp, actor=ACTOR)
        print("split", (time.perf_counter() - t) * 1000)

        pr.disable()
        if k == 2:
            pstats.Stats(pr).sort_stats("cumtime").print_stats(45)
