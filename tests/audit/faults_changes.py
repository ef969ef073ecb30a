"""Faults of changes of memberships."""

from memberships.models import ChangeParty, Consent, MembershipChange

from .changes import propose
from .faults import fault
from .world import World, days


def _save(row: MembershipChange, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


@fault("C02")
def two_consents_of_one_person(w: World) -> None:
    waiting = w.changes["waiting"]
    Consent.objects.create(
        change=waiting, program=w.north, membership=w.memberships["john"], customer=w.customers["john"]
    )


@fault("C04")
def carried_out_without_a_time(w: World) -> None:
    _save(w.changes["done"], carried_out_at=None)


@fault("C04")
def carried_out_too_late(w: World) -> None:
    _save(w.changes["done"], expires_at=w.now - days(5.5))


@fault("C06")
def in_two_open_changes(w: World) -> None:
    propose(w, "john", "jane", at=w.now, kind="split", leaver=w.customers["john"])


@fault("C07")
def party_open_after_its_change(w: World) -> None:
    ChangeParty.objects.filter(change=w.changes["done"]).update(is_open=True)


@fault("C07")
def who_shares_the_pool_is_no_party(w: World) -> None:
    ChangeParty.objects.filter(membership=w.memberships["john"]).delete()
