"""Changes of the sound world: a split that waits for John, and a merge that was carried out with both consents."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from memberships.models import ChangeParty, Consent, ConsentDecision, MembershipChange

if TYPE_CHECKING:
    from .world import World

DIGEST = "d" * 64


def propose(
    w: "World", *names: str, kind: str = "merge", at: datetime | None = None, **values: Any
) -> MembershipChange:
    """A change of these memberships, the first one prime, that asked their members."""
    at = at or w.now - timedelta(days=1)
    change: MembershipChange = MembershipChange.objects.create(
        program=w.north,
        kind=kind,
        prime=w.memberships[names[0]],
        proposed_at=at,
        expires_at=at + timedelta(days=30),
        digest=DIGEST,
        channel_id=w.till.pk,
        **({"status": "awaiting_consent"} | values),
    )
    for name in names:
        ChangeParty.objects.create(
            change=change,
            program=w.north,
            membership=w.memberships[name],
            role="prime" if name == names[0] else "pool",
            is_open=change.status in ("awaiting_consent", "agreed"),
        )
        Consent.objects.create(
            change=change, program=w.north, membership=w.memberships[name], customer=w.customers[name]
        )
    return change


def agree(w: "World", change: MembershipChange, *names: str, at: datetime) -> None:
    """These people gave their consent, in row and log."""
    for consent in Consent.objects.filter(change=change, customer__in=[w.customers[name] for name in names]):
        values: dict[str, Any] = {
            "method": "in_person",
            "evidence": "seen",
            "digest": change.digest,
            "decided_at": at,
            "channel_id": w.till.pk,
        }
        for name, value in ({"status": "given"} | values).items():
            setattr(consent, name, value)
        consent.save()
        ConsentDecision.objects.create(consent=consent, decision="given", **values)


def build_changes(w: "World") -> None:
    now, done_at = w.now, w.now - timedelta(days=5)
    waiting = propose(w, "jane", "john", at=now - timedelta(days=1), kind="split", leaver=w.customers["jane"])
    agree(w, waiting, "jane", at=now - timedelta(days=0.5))
    times = {"carried_out_at": done_at, "ended_at": done_at}
    done = propose(w, "michael", "ada", at=now - timedelta(days=8), status="carried_out", **times)
    agree(w, done, "michael", "ada", at=now - timedelta(days=6))
    w.changes |= {"waiting": waiting, "done": done}
