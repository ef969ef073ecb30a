"""Faults of consents."""

from typing import Any

from memberships.models import Consent, ConsentDecision, ConsentDocument, ConsentInvitation

from .faults import fault
from .world import World, days


def _consent(w: World, name: str) -> Consent:
    found: Consent = Consent.objects.get(customer=w.customers[name], change__status="carried_out")
    return found


def _rewrite(consent: Consent, **values: Any) -> None:
    """State and log alike."""
    for name, value in values.items():
        setattr(consent, name, value)
    consent.save()
    log = {"decision" if name == "status" else name: value for name, value in values.items()}
    ConsentDecision.objects.filter(consent=consent).update(**log)


@fault("C01")
def carried_out_against_a_refusal(w: World) -> None:
    _rewrite(_consent(w, "katrin"), status="refused")


@fault("C01")
def consented_after_it_was_carried_out(w: World) -> None:
    _rewrite(_consent(w, "katrin"), decided_at=w.now - days(50))


@fault("C01")
def consented_to_other_terms(w: World) -> None:
    consent = _consent(w, "katrin")
    _rewrite(consent, digest="e" * 64)
    ConsentDocument.objects.filter(consent=consent).update(digest="e" * 64)


@fault("C01")
def carried_out_without_asking_a_member(w: World) -> None:
    group = w.memberships["moore"]
    _consent(w, "katrin").change.parties.create(program=w.north, membership=group, role="pool")


@fault("C03")
def paper_without_a_second_person(w: World) -> None:
    ConsentDocument.objects.update(confirmed_by_id=None)


@fault("C03")
def consent_by_a_link_nobody_used(w: World) -> None:
    ConsentInvitation.objects.update(used_at=None)


@fault("C03")
def decision_in_place_of_a_consent_nobody_refused_before(w: World) -> None:
    consent = _consent(w, "katrin")
    _rewrite(consent, method="recorded_decision")
    ConsentDocument.objects.filter(consent=consent).update(decides="recorded_decision")


@fault("C05")
def decision_the_log_does_not_know(w: World) -> None:
    consent: Consent = Consent.objects.get(status="refused")
    consent.status = "withdrawn"
    consent.save()
