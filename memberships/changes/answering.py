"""What every way of answering shares: the question under lock, and the answer written down (domain 1.9).

The change is the one lock of all that is asked and answered about it; whoever writes its consents holds it.

The ways stand in consent.py (code, in person), inviting.py (link) and documents.py (paper).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.history import audit_context
from customers.models import CustomerStatus, StaffCustomer
from gateway.events import record_event
from memberships.changes.errors import ConsentNotTaken, NotAsked, OwnConsent, TermsChanged
from memberships.changes.states import end_change, locked_change, require_status
from memberships.changes.waiting import is_asked, is_missing
from memberships.models import OPEN, ChangeStatus, Consent, ConsentDecision, ConsentStatus, MembershipChange
from programs.design import design_of

GIVEN, REFUSED, WITHDRAWN = ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN
UNDECIDED = frozenset({ConsentStatus.ASKED, ConsentStatus.VOID, WITHDRAWN})
# What a person can decide, and the state of the consent it leads on from.
STARTS: dict[str, frozenset[ConsentStatus]] = {
    GIVEN: UNDECIDED,
    REFUSED: UNDECIDED,
    WITHDRAWN: frozenset({GIVEN}),
}
LONGEST_EVIDENCE = 300


@dataclass(frozen=True, slots=True)
class Question:
    """An open change, held, and the consent of one person asked; `at` by the program's clock."""

    change: MembershipChange
    consent: Consent
    actor: Actor
    at: datetime

    @property
    def facts(self) -> dict[str, Any]:
        return {"change": self.change.pk, "customer": self.consent.customer_id}

    @property
    def is_deceased(self) -> bool:
        return self.consent.customer.status == CustomerStatus.DECEASED


@dataclass(frozen=True, slots=True)
class Answer:
    """`recorded_by` is the member of staff who wrote it down, `confirmed_by` the second one."""

    decision: str
    method: str
    evidence: str
    channel_id: int
    recorded_by: int | None = None
    confirmed_by: int | None = None


@contextmanager
def answering(change: MembershipChange, *, customer_id: int, actor: Actor, reason: str = "") -> Iterator[Question]:
    """A transaction around an answer of that person. Raises ChangeNotOpen, NotAsked."""
    with in_program(change.program_id), audit_context(actor, reason):
        row = locked_change(change.pk)
        at = program_now(design_of(row.program_id).program)
        require_status(row, *OPEN, at=at)
        consents = Consent.objects.select_related("customer").filter(change=row)
        consent = consents.filter(customer_id=customer_id).first()
        if consent is None or not is_asked(row, customer_id):
            raise NotAsked(
                f"Customer {customer_id} is not affected by change {row.pk}, so is not asked.",
                facts={"change": row.pk, "customer": customer_id},
            )
        yield Question(row, consent, actor, at)


def refuse_stale(question: Question, digest: str) -> None:
    """Raise TermsChanged where the person saw other terms than those in force."""
    if digest != question.change.digest:
        raise TermsChanged(
            "The terms changed since they were shown. Show them again, then ask for the answer to the new ones.",
            facts={**question.facts, "digest": question.change.digest},
        )


def refuse_out_of_turn(question: Question, decision: str) -> None:
    """Raise ConsentNotTaken where this decision can't follow on the one before."""
    starts, now = STARTS.get(decision), question.consent.status
    if starts is None:
        raise ConsentNotTaken(
            f"“{decision}” is no decision of a person.",
            facts={**question.facts, "decisions": [str(one) for one in STARTS]},
        )
    if now in starts:
        return
    cure = "Nothing was given that could be withdrawn."
    if decision != WITHDRAWN:
        cure = "Withdraw that first." if now == GIVEN else "Propose the change anew."
    raise ConsentNotTaken(
        f"The consent of customer {question.consent.customer_id} is {question.consent.get_status_display()}. {cure}",
        facts={**question.facts, "status": now},
    )


def refuse_own(question: Question) -> None:
    """Raise OwnConsent where the member of staff is one of those affected, or linked to one."""
    if question.actor.user_id is None:
        return
    affected = Consent.objects.filter(change=question.change).values("customer_id")
    if StaffCustomer.objects.filter(user_id=question.actor.user_id, customer_id__in=affected).exists():
        raise OwnConsent(
            "The change is about you, or about somebody linked to you. A colleague records its consents.",
            facts={"change": question.change.pk},
        )


def checked_evidence(question: Question, evidence: str, *, needed: bool = True) -> str:
    """Raise ConsentNotTaken without evidence where it is needed."""
    text = evidence.strip()
    if needed and not text:
        raise ConsentNotTaken(
            "Say what proves it: which document was shown, who was present, where the paper is kept.",
            facts=question.facts,
        )
    if len(text) > LONGEST_EVIDENCE:
        raise ConsentNotTaken(
            f"Evidence is told in {LONGEST_EVIDENCE} characters or fewer.",
            facts={**question.facts, "characters": len(text), "most": LONGEST_EVIDENCE},
        )
    return text


def answer(question: Question, given: Answer) -> Consent:
    """Write the decision into the log and the state, and let the change follow: agreed, closed, or waiting again.

    The caller has asked everything but whether the decision is one in turn.
    """
    refuse_out_of_turn(question, given.decision)
    change, consent, at = question.change, question.consent, question.at
    told = {
        "method": given.method,
        "digest": change.digest,
        "evidence": given.evidence,
        "decided_at": at,
        "channel_id": given.channel_id,
        "user_id": given.recorded_by,
        "confirmed_by_id": given.confirmed_by,
    }
    ConsentDecision.objects.create(consent=consent, decision=given.decision, **told)
    consent.status = ConsentStatus(given.decision)
    for name, value in told.items():
        setattr(consent, name, value)
    consent.save()
    _leave_event(question, f"consent.{given.decision}", customer=consent.customer_id, method=given.method)
    _follow(question, given.decision)
    return consent


def _follow(question: Question, decision: str) -> None:
    change = question.change
    if decision == REFUSED:
        facts = {"customer": question.consent.customer_id}
        end_change(change, ChangeStatus.REFUSED, at=question.at, facts=facts)
        return
    agreed = decision == GIVEN and not missing(change)
    change.status = ChangeStatus.AGREED if agreed else ChangeStatus.AWAITING_CONSENT
    change.version += 1
    change.save(update_fields=["status", "version"])
    if agreed:
        _leave_event(question, "change.agreed", digest=change.digest)


def missing(change: MembershipChange) -> list[int]:
    """Ids of the customers whose consent to the terms in force is not given, in the order of asking."""
    consents = Consent.objects.filter(change=change).order_by("pk")
    return [one.customer_id for one in consents if is_missing(one, change)]


def _leave_event(question: Question, kind: str, **facts: Any) -> None:
    change = question.change
    record_event(kind, program_id=change.program_id, subject_id=change.pk, facts={"change": change.pk, **facts})
