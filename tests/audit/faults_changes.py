"""Faults of changes of memberships, each planted with an open change."""

from memberships.models import ChangeParty, Consent

from .changes import open_changes, propose
from .faults import fault
from .world import World, days


@fault("C02")
def two_consents_of_one_person(w: World) -> None:
    Consent.objects.create(
        change=open_changes(w), program=w.north, membership=w.memberships["john"], customer=w.customers["john"]
    )


@fault("C04")
def open_change_with_a_time_of_carrying_out(w: World) -> None:
    change = open_changes(w)
    change.carried_out_at = w.now
    change.save()


@fault("C04")
def carried_out_too_late(w: World) -> None:
    change = open_changes(w)
    change.basis = "at_once"
    change.status, change.carried_out_at = "carried_out", change.expires_at + days(1)
    change.save()
    ChangeParty.objects.filter(change=change).update(is_open=False)


@fault("C06")
def in_two_open_changes(w: World) -> None:
    open_changes(w)
    propose(w, "john", "jane", leaver=w.customers["john"])


@fault("C07")
def party_closed_before_its_change(w: World) -> None:
    ChangeParty.objects.filter(change=open_changes(w), membership=w.memberships["john"]).update(is_open=False)


@fault("C07")
def who_shares_the_pool_is_no_party(w: World) -> None:
    ChangeParty.objects.filter(change=open_changes(w), membership=w.memberships["john"]).delete()
