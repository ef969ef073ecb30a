"""Faults of registered cards."""

from typing import Any

from memberships.models import CardRegistration

from .faults import fault
from .world import World, days


def _register(w: World, name: str, **values: Any) -> None:
    """Katrin has registered a card, of the membership of that name."""
    given = {"status": "waiting", "registered_at": w.now - days(1), "channel_id": w.till.pk}
    CardRegistration.objects.create(
        card=w.card(name),
        program=w.north,
        membership=w.memberships[name],
        customer=w.customers["katrin"],
        **(given | values),
    )


@fault("K12")
def registration_that_waits_for_what_is_somebodys(w: World) -> None:
    _register(w, "michael", target=w.memberships["katrin"])


@fault("K12")
def registration_that_waits_for_no_change(w: World) -> None:
    _register(w, "anonymous", status="awaiting_consent", target=w.memberships["katrin"])


@fault("K12")
def registered_and_still_anonymous(w: World) -> None:
    _register(w, "anonymous", status="done", outcome="converted", ended_at=w.now)


@fault("K12")
def absorbed_by_no_change(w: World) -> None:
    _register(w, "anonymous", status="done", outcome="absorbed", ended_at=w.now, target=w.memberships["katrin"])
