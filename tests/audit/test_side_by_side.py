"""The audit on several connections says what it says on one, of one snapshot."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from common.audit import Invariant, Row, Scope, query
from loyalty_site.auditing import INVARIANTS, run
from points.models import PointAccount
from tests.factories import make_customer, make_membership, make_program

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_asks_the_same_and_finds_the_same() -> None:
    membership = make_membership(make_program())
    PointAccount.objects.filter(account_set=membership.own_set_id).update(lifetime_earned=5)
    alone, beside = list(run(INVARIANTS)), list(run(INVARIANTS, jobs=2))
    assert {one.invariant.id for one in beside} == {one.invariant.id for one in alone}
    found = sorted((one.invariant.id, finding.row) for one in beside for finding in one.findings)
    assert found == sorted((one.invariant.id, finding.row) for one in alone for finding in one.findings)
    assert {name for name, _ in found} == {"L14"}


def test_all_connections_see_what_was_there_when_it_began() -> None:
    make_customer("Early Bird")
    written = threading.Event()

    def write_another(scope: Scope) -> Iterator[Row]:
        # On a connection that is no part of the audit.
        thread = threading.Thread(target=_add_customer)
        thread.start()
        thread.join()
        written.set()
        yield from ()

    def count(scope: Scope) -> Iterator[Row]:
        assert written.wait(30)
        yield from query("SELECT id, name FROM customers_customer", scope)

    invariants = [
        Invariant("X01", "test", "writes", "", find=write_another),
        Invariant("X02", "test", "counts", "", find=count),
    ]
    names = [finding.detail for one in run(invariants, jobs=2) for finding in one.findings]
    assert names == ["Early Bird"]


def test_what_one_connection_meets_is_raised() -> None:
    def broken(scope: Scope) -> Iterator[Row]:
        raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        list(run([Invariant("X01", "test", "breaks", "", find=broken)], jobs=2))


def _add_customer() -> None:
    make_customer("Late Bird")
    connection.close()
