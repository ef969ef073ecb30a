"""Recording what a person decided about a change, by code or in person (domain 1.9).

A link decides through inviting.py, paper through documents.py; what they share stands in answering.py.
"""

from common.actor import Actor
from memberships.changes.answering import (
    Answer,
    Question,
    answer,
    answering,
    checked_evidence,
    missing,
    refuse_out_of_turn,
    refuse_own,
    refuse_stale,
)
from memberships.changes.errors import AttestationNeeded, ConsentNotTaken
from memberships.changes.inviting import use_code
from memberships.models import Consent, ConsentMethod, MembershipChange

__all__ = ["ATTEST", "decide", "missing"]

ATTEST = "changes:attest"
INSTEAD = {
    ConsentMethod.LINK: "By a link only the person decides, on the page it leads to: send one.",
    ConsentMethod.DOCUMENT: "Record the document; a second member of staff confirms it.",
    ConsentMethod.RECORDED_DECISION: "Record the decision with its document; a second member of staff confirms it.",
}


def decide(
    change: MembershipChange,
    *,
    customer_id: int,
    decision: str,
    method: str,
    actor: Actor,
    evidence: str = "",
    code: str = "",
    digest: str = "",
) -> Consent:
    """`decision`: given, refused or withdrawn. `digest`: of the terms the person was shown, where they are known.

    When everybody has agreed, so has the change; a refusal closes it; a withdrawal lets it wait again.
    Raises ChangeNotOpen, NotAsked, TermsChanged, ConsentNotTaken, CodeWrong, AttestationNeeded, OwnConsent.
    """
    with answering(change, customer_id=customer_id, actor=actor) as question:
        refuse_own(question)
        if digest:
            refuse_stale(question, digest)
        refuse_out_of_turn(question, decision)
        proof = _proof(question, method, evidence=evidence, code=code)
        given = Answer(decision, method, proof, channel_id=actor.channel_id, recorded_by=actor.user_id)
        return answer(question, given)


def _proof(question: Question, method: str, *, evidence: str, code: str) -> str:
    """What shows that the person decided so."""
    if method not in (ConsentMethod.CODE, ConsentMethod.IN_PERSON):
        known = [str(ConsentMethod.CODE), str(ConsentMethod.IN_PERSON)]
        message = INSTEAD.get(ConsentMethod(method), "") if method in ConsentMethod.values else ""
        raise ConsentNotTaken(
            message or f"“{method}” is no way of recording a consent.", facts={**question.facts, "methods": known}
        )
    if question.is_deceased:
        raise ConsentNotTaken(
            "The person is deceased: record a document, which a second member of staff confirms.", facts=question.facts
        )
    if method == ConsentMethod.IN_PERSON:
        if not question.actor.may(ATTEST, question.change.program_id):
            raise AttestationNeeded(
                "Without the code that was sent to the person, recording this takes the right changes:attest.",
                facts=question.facts,
            )
        return checked_evidence(question, evidence)
    text = checked_evidence(question, evidence, needed=False)
    invitation = use_code(question, code)
    return text or f"code {invitation.pk}"
