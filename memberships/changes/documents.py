"""Consent on paper: recorded by one, confirmed by a second member of staff (domain 1.9).

A signed document stands for the person's consent; a recorded decision for one that was refused or not given in a
former proposal. Either counts only once it is confirmed, and only for the terms it was recorded for.
"""

from dataclasses import dataclass
from typing import BinaryIO

from django.core.files.base import ContentFile

from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound
from memberships.changes.answering import (
    GIVEN,
    Answer,
    Question,
    answer,
    answering,
    checked_evidence,
    refuse_out_of_turn,
    refuse_own,
    refuse_stale,
)
from memberships.changes.errors import AttestationNeeded, ConsentNotTaken
from memberships.changes.paper import Paper, digest_of_file, read_paper
from memberships.changes.replacing import refuse_unless_replaceable
from memberships.models import Consent, ConsentDocument, ConsentMethod, MembershipChange
from staff.access import log_access
from staff.models import User

ATTEST, DECIDE = "changes:attest", "changes:decide"
# The right of the second person.
CONFIRMS: dict[str, str] = {ConsentMethod.DOCUMENT: ATTEST, ConsentMethod.RECORDED_DECISION: DECIDE}


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """`name` is made up here: that of the upload may name a person."""

    name: str
    content_type: str
    content: bytes


def record_document(
    change: MembershipChange,
    *,
    customer_id: int,
    actor: Actor,
    evidence: str,
    file: BinaryIO | None = None,
    decides: str = ConsentMethod.DOCUMENT,
) -> ConsentDocument:
    """Write down a paper, with a scan of it or without; it waits for a second person.

    Raises ChangeNotOpen, NotAsked, ConsentNotTaken, DocumentRefused, OwnConsent, NotAllowed.
    """
    if decides not in CONFIRMS:
        raise ConsentNotTaken(f"“{decides}” is nothing a document stands for.", facts={"decides": list(CONFIRMS)})
    paper = read_paper(file) if file is not None else None
    why = f"{decides} of customer {customer_id} recorded"
    with answering(change, customer_id=customer_id, actor=actor, reason=why) as question:
        refuse_own(question)
        refuse_out_of_turn(question, GIVEN)
        if decides == ConsentMethod.RECORDED_DECISION:
            _check_decision(question)
        text = checked_evidence(question, evidence)
        _make_room(question)
        row = ConsentDocument(
            consent=question.consent,
            program_id=question.change.program_id,
            decides=decides,
            digest=question.change.digest,
            evidence=text,
            recorded_at=question.at,
            channel_id=actor.channel_id,
            user_id=actor.user_id,
        )
        _keep(row, paper)
        _note(question)
        return row


def confirm(change: MembershipChange, *, customer_id: int, actor: Actor) -> Consent:
    """The second person read the waiting document: the consent is given.

    Raises NotAllowed for a channel, for whoever recorded it and without the right; OwnConsent; NotFound; TermsChanged.
    """
    with answering(change, customer_id=customer_id, actor=actor) as question:
        row = _waiting(question)
        _check_second_person(question, row)
        refuse_stale(question, row.digest)
        if row.decides == ConsentMethod.RECORDED_DECISION:
            refuse_unless_replaceable(question.change, customer_id=customer_id, at=question.at)
        row.confirmed_at, row.confirmed_by_id = question.at, actor.user_id
        row.save(update_fields=["confirmed_at", "confirmed_by_id"])
        given = Answer(
            GIVEN, row.decides, row.evidence, row.channel_id, recorded_by=row.user_id, confirmed_by=actor.user_id
        )
        return answer(question, given)


def turn_down(change: MembershipChange, *, customer_id: int, actor: Actor, reason: str) -> ConsentDocument:
    """The waiting document does not show what it should; by any member of staff, who recorded it too."""
    why = f"document of customer {customer_id} turned down: {reason.strip()}"
    with answering(change, customer_id=customer_id, actor=actor, reason=why) as question:
        if not reason.strip():
            raise ConsentNotTaken("A document is turned down with a reason.", facts=question.facts)
        if not actor.is_staff:
            raise NotAllowed("Documents are looked at by staff.")
        row = _waiting(question)
        row.ended_at = question.at
        row.save(update_fields=["ended_at"])
        _note(question)
        return row


def waiting_document(change: MembershipChange, *, customer_id: int) -> ConsentDocument | None:
    """The document that waits for its second person."""
    documents = ConsentDocument.objects.filter(consent__change=change, consent__customer=customer_id)
    return documents.filter(confirmed_at=None, ended_at=None).first()


def open_document(document: ConsentDocument, *, actor: Actor) -> OpenedDocument:
    """The file, for a member of staff who works on consents; that it was opened is written down first.

    Raises NotAllowed, NotFound where there is no file (any more), Conflict where it is not the one that was recorded.
    """
    if actor.user_id is None or not actor.may("changes:consent", document.program_id):
        raise NotAllowed("Documents are opened by staff with the right changes:consent.")
    facts = {"change": document.consent.change_id, "customer": document.consent.customer_id}
    name = document.file.name
    if not name:
        raise NotFound("The document has no file.")
    log_access(User.objects.get(pk=actor.user_id), "download", document, facts=facts)
    try:
        with document.file.storage.open(name) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise NotFound("The file is missing from the store of uploads.") from error
    if digest_of_file(content) != document.file_digest:
        raise Conflict("The file is not the one that was recorded: its digest differs.", facts=facts)
    return OpenedDocument(f"consent-{document.pk}.{name.rpartition('.')[2]}", document.content_type, content)


def _check_decision(question: Question) -> None:
    if not question.actor.may(DECIDE, question.change.program_id):
        raise AttestationNeeded(
            "Recording a decision in place of a consent takes the right changes:decide.", facts=question.facts
        )
    refuse_unless_replaceable(question.change, customer_id=question.consent.customer_id, at=question.at)


def _check_second_person(question: Question, row: ConsentDocument) -> None:
    actor = question.actor
    if not actor.is_staff or actor.user_id is None:
        raise NotAllowed("A document is confirmed by a member of staff, never by a channel.")
    if not actor.may(CONFIRMS[row.decides], row.program_id):
        raise AttestationNeeded(
            f"Confirming this takes the right {CONFIRMS[row.decides]} in this program.", facts=question.facts
        )
    if row.user_id == actor.user_id:
        raise NotAllowed("Whoever recorded a document does not confirm it: ask a second person.")
    refuse_own(question)


def _waiting(question: Question) -> ConsentDocument:
    row = waiting_document(question.change, customer_id=question.consent.customer_id)
    if row is None:
        raise NotFound("No document of this person waits to be confirmed.", facts=question.facts)
    return row


def _make_room(question: Question) -> None:
    """One document waits at a time; one for earlier terms gives way."""
    waiting = waiting_document(question.change, customer_id=question.consent.customer_id)
    if waiting is None:
        return
    if waiting.digest == question.change.digest:
        raise ConsentNotTaken(
            "A document waits to be confirmed already: confirm it or turn it down first.",
            facts={**question.facts, "document": waiting.pk},
        )
    waiting.ended_at = question.at
    waiting.save(update_fields=["ended_at"])


def _keep(row: ConsentDocument, paper: Paper | None) -> None:
    """Row and file; the file goes again where the row can't be written."""
    if paper is None:
        row.save()
        return
    row.file_digest, row.content_type = paper.digest, paper.content_type
    row.file.save(paper.name, ContentFile(paper.content), save=False)
    try:
        row.save()
    except Exception:
        row.file.storage.delete(str(row.file.name))
        raise


def _note(question: Question) -> None:
    """Who and why stand in the history of the change."""
    question.change.version += 1
    question.change.save(update_fields=["version"])
