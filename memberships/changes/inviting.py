"""Asking a person by a code or a link that goes to the registered address alone, and the answer by link (domain 1.9).

Of both only digests are kept; that of a code belongs to the terms it was sent for: when they change it fits no longer.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from common import clock
from common.actor import Actor
from common.db import next_ids
from common.errors import NotFound
from customers.models import CustomerStatus, MessagePurpose, MessageStatus
from customers.outbox import put_message
from gateway.channels import system_actor
from gateway.events import record_event
from memberships.changes.answering import (
    WITHDRAWN,
    Answer,
    Question,
    answer,
    answering,
    refuse_stale,
)
from memberships.changes.errors import CodeWrong, ConsentNotTaken, TooManyInvitations
from memberships.changes.states import is_overdue
from memberships.codes import (
    CODE_LASTS,
    MOST_SENT,
    MOST_TRIES,
    SENT_WITHIN,
    code_digest,
    count_wrong_try,
    fits,
    minutes,
    new_code,
)
from memberships.models import (
    OPEN,
    ChangeStatus,
    Consent,
    ConsentInvitation,
    ConsentMethod,
    ConsentStatus,
    InvitationKind,
    MembershipChange,
)

PURPOSE = "consent-code"
TOKEN_BYTES = 32
DEAD_LINK = "There is nothing behind this link that waits for an answer."


def ask(change: MembershipChange, *, customer_id: int, method: str, actor: Actor) -> ConsentInvitation:
    """Send a code or a link; earlier ones of the kind end. Raises ChangeNotOpen, NotAsked, ConsentNotTaken,
    TooManyInvitations."""
    with answering(change, customer_id=customer_id, actor=actor) as question:
        _refuse_unaskable(question, method)
        now = clock.now()
        _refuse_too_many(question, method, now)
        waiting = ConsentInvitation.objects.filter(consent=question.consent, kind=method, ended_at=None)
        waiting.update(ended_at=now)
        invitation = _send_code(question, now) if method == InvitationKind.CODE else _send_link(question, now)
        record_event(
            "consent.asked",
            program_id=question.change.program_id,
            subject_id=question.change.pk,
            facts={**question.facts, "method": str(method)},
        )
        return invitation


def use_code(question: Question, code: str) -> ConsentInvitation:
    """The code that was sent, used up; a wrong one is counted, and after six the code is dead. Raises CodeWrong."""
    now = clock.now()
    sent = ConsentInvitation.objects.filter(
        consent=question.consent, kind=InvitationKind.CODE, used_at=None, ended_at=None, expires_at__gt=now
    )
    invitation = sent.last()
    if invitation is None:
        raise CodeWrong("No code waits for this person: send a new one.", facts=question.facts)
    if invitation.tries >= MOST_TRIES:
        raise CodeWrong(
            f"The code was tried wrongly {MOST_TRIES} times and is dead: send a new one.",
            facts={**question.facts, "tries_left": 0},
        )
    if not fits(invitation.secret_digest, PURPOSE, _bound_to(invitation.pk, question), code):
        count_wrong_try(invitation)
        left = MOST_TRIES - invitation.tries - 1
        raise CodeWrong(
            f"This is not the code that was sent for these terms; {left} tries are left.",
            facts={**question.facts, "tries_left": left},
        )
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    return invitation


def open_invitation(token: str) -> ConsentInvitation | None:
    """The invitation a link names, while its page shows something: until the change is carried out or over, and to who
    refused it that they did. None whatever else is the matter."""
    invitations = ConsentInvitation.objects.select_related(
        "consent__change__program", "consent__customer", "consent__membership"
    )
    found: ConsentInvitation | None = invitations.filter(
        secret_digest=token_digest(token), kind=InvitationKind.LINK, ended_at=None, expires_at__gt=clock.now()
    ).first()
    if found is None or found.consent.customer.status in (CustomerStatus.DECEASED, CustomerStatus.ERASED):
        return None
    change = found.consent.change
    if change.status in OPEN:
        return None if is_overdue(change, clock.program_now(change.program)) else found
    refused = change.status == ChangeStatus.REFUSED and found.consent.status == ConsentStatus.REFUSED
    return found if refused and found.used_at is not None else None


def decide_by_link(token: str, *, decision: str, digest: str) -> Consent:
    """The person's own answer to the terms of that digest. A link decides once; it may also take a consent back.

    Raises NotFound for any link that leads nowhere, ChangeNotOpen, TermsChanged, ConsentNotTaken.
    """
    invitation = open_invitation(token)
    if invitation is None:
        raise NotFound(DEAD_LINK)
    customer_id = invitation.consent.customer_id
    actor = system_actor().for_customer(customer_id)
    with answering(invitation.consent.change, customer_id=customer_id, actor=actor, reason="own page") as question:
        held = ConsentInvitation.objects.get(pk=invitation.pk)
        if held.ended_at is not None:
            raise NotFound(DEAD_LINK)
        if held.used_at is not None and decision != WITHDRAWN:
            raise ConsentNotTaken("This link has decided already. Ask for a new one.", facts=question.facts)
        refuse_stale(question, digest)
        # First, as a refusal ends what nobody answered by.
        if held.used_at is None:
            held.used_at = clock.now()
            held.save(update_fields=["used_at"])
        told = Answer(decision, ConsentMethod.LINK, f"link {held.pk}", channel_id=actor.channel_id)
        return answer(question, told)


def token_digest(token: str) -> bytes:
    """Of 256 random bits, which nobody can try."""
    return hashlib.sha256(token.encode()).digest()


def _refuse_unaskable(question: Question, method: str) -> None:
    if method not in InvitationKind.values:
        raise ConsentNotTaken(
            f"“{method}” is no way of asking.", facts={**question.facts, "methods": list(InvitationKind.values)}
        )
    if question.is_deceased:
        raise ConsentNotTaken(
            "The person is deceased: record a document, which a second member of staff confirms.", facts=question.facts
        )


def _refuse_too_many(question: Question, method: str, now: datetime) -> None:
    sent = ConsentInvitation.objects.filter(consent=question.consent, kind=method, sent_at__gt=now - SENT_WITHIN)
    if sent.count() >= MOST_SENT:
        raise TooManyInvitations(
            f"{MOST_SENT} were sent within a day. Wait, or take the answer in person or on paper.",
            facts={**question.facts, "sent": MOST_SENT},
        )


def _send_code(question: Question, now: datetime) -> ConsentInvitation:
    code = new_code()
    (pk,) = next_ids("memberships_consentinvitation_id_seq")
    return _send(
        question,
        InvitationKind.CODE,
        {"code": code, "minutes": minutes()},
        pk=pk,
        secret_digest=code_digest(PURPOSE, _bound_to(pk, question), code),
        sent_at=now,
        expires_at=now + CODE_LASTS,
    )


def _send_link(question: Question, now: datetime) -> ConsentInvitation:
    """Good until the change's deadline, counted in real time."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    (pk,) = next_ids("memberships_consentinvitation_id_seq")
    deadline, zone = question.change.expires_at or question.at, question.change.program.zone
    told = {
        "link": settings.LOYALTY_SITE_URL + reverse("consent", args=[token]),
        "until": deadline.astimezone(zone),
        "zone": zone.key,
    }
    return _send(
        question,
        InvitationKind.LINK,
        told,
        pk=pk,
        secret_digest=token_digest(token),
        sent_at=now,
        expires_at=now + (deadline - question.at),
    )


def _send(question: Question, kind: InvitationKind, told: dict[str, Any], **values: Any) -> ConsentInvitation:
    consent, change = question.consent, question.change
    context = {**told, "kind": change.get_kind_display(), "membership": consent.membership.number}
    messages = put_message(
        consent.customer,
        purpose=MessagePurpose.CODE if kind == InvitationKind.CODE else MessagePurpose.LINK,
        template=f"consent-{kind}",
        context=context,
        program=change.program,
        cause=("consent", consent.pk),
    )
    if messages[0].status == MessageStatus.SUPPRESSED:
        raise ConsentNotTaken(
            f"Nothing can be sent: {messages[0].why_not}. Take the answer in person or on paper.", facts=question.facts
        )
    return ConsentInvitation.objects.create(
        consent=consent, program_id=change.program_id, kind=kind, message=messages[0], **values
    )


def _bound_to(invitation_id: int, question: Question) -> str:
    """One invitation, and the terms it was sent for."""
    return f"{invitation_id}/{question.change.digest}"
