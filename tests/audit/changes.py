"""Open changes of the sound world, made row by row: a split that waits for John, and one nobody was asked about yet."""

from datetime import timedelta
from typing import Any

from memberships.models import ChangeParty, Consent, ConsentDecision, MembershipChange

from .world import World

DIGEST = "d" * 64


def open_changes(w: World) -> MembershipChange:
    """The split of Jane and John, to which Jane agreed."""
    propose(w, "michael", status="draft", leaver=w.customers["michael"])
    change = propose(w, "jane", "john", leaver=w.customers["jane"])
    told = {"method": "in_person", "evidence": "seen", "digest": DIGEST, "decided_at": w.now, "channel_id": w.till.pk}
    consent = Consent.objects.get(change=change, customer=w.customers["jane"])
    for name, value in ({"status": "given"} | told).items():
        setattr(consent, name, value)
    consent.save()
    ConsentDecision.objects.create(consent=consent, decision="given", **told)
    return change


def propose(w: World, *names: str, status: str = "awaiting_consent", **values: Any) -> MembershipChange:
    """A split of these memberships, the first one prime; once proposed it asks their members."""
    change: MembershipChange = MembershipChange.objects.create(
        program=w.north,
        kind="split",
        status=status,
        prime=w.memberships[names[0]],
        proposed_at=w.now - timedelta(days=1),
        expires_at=w.now + timedelta(days=29),
        digest=DIGEST,
        channel_id=w.till.pk,
        **values,
    )
    for name in names if status != "draft" else ():
        role = "prime" if name == names[0] else "pool"
        membership, customer = w.memberships[name], w.customers[name]
        ChangeParty.objects.create(change=change, program=w.north, membership=membership, role=role, is_open=True)
        Consent.objects.create(change=change, program=w.north, membership=membership, customer=customer)
    return change
