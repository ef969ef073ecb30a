"""When a recorded decision may stand for the consent of a person who refused, or did not answer (domain 1.9)."""

from datetime import datetime

from memberships.changes.errors import ConsentNotTaken
from memberships.changes.states import status_at
from memberships.models import ChangeStatus, Consent, ConsentStatus, MembershipChange


def may_replace(change: MembershipChange, *, customer_id: int, at: datetime) -> bool:
    return not _why_not(change, customer_id, at)


def refuse_unless_replaceable(change: MembershipChange, *, customer_id: int, at: datetime) -> None:
    """Raise ConsentNotTaken naming what speaks against it."""
    if why_not := _why_not(change, customer_id, at):
        raise ConsentNotTaken(
            why_not, facts={"change": change.pk, "customer": customer_id, "replaces": change.replaces_id}
        )


def _why_not(change: MembershipChange, customer_id: int, at: datetime) -> str:
    if not change.program.replaces_consent:
        return f"{change.program.name} lets no decision stand for a person's consent."
    former = change.replaces
    if former is None:
        return "Only a new proposal, made in place of one that was refused or lapsed, lets a decision stand for it."
    theirs = Consent.objects.filter(change=former, customer_id=customer_id).first()
    if theirs is None:
        return "The person was not asked in the former proposal: ask now."
    if former.status == ChangeStatus.REFUSED and theirs.status == ConsentStatus.REFUSED:
        return ""
    if status_at(former, at) == ChangeStatus.LAPSED and theirs.status != ConsentStatus.GIVEN:
        return ""
    return "In the former proposal the person neither refused nor let it lapse: ask now."
