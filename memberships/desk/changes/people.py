"""The consents of a change as its page shows them: who said what, what is under way, which ways are open to whom."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from common import clock
from common.actor import Actor
from common.clock import program_now
from customers.masking import masked_email
from customers.models import CustomerStatus
from memberships.changes.replacing import may_replace
from memberships.changes.waiting import counts
from memberships.desk.changes.base import ATTEST, CONSENT, DECIDE, told_name
from memberships.desk.changes.forms import CodeForm, DocumentForm, EvidenceForm, TurnDownForm
from memberships.models import (
    Consent,
    ConsentDecision,
    ConsentDocument,
    ConsentInvitation,
    ConsentMethod,
    ConsentStatus,
    InvitationKind,
    MembershipChange,
)
from staff.models import User

BADGES = {
    ConsentStatus.ASKED: "warn",
    ConsentStatus.GIVEN: "good",
    ConsentStatus.REFUSED: "bad",
    ConsentStatus.WITHDRAWN: "warn",
    ConsentStatus.VOID: "warn",
}
# A form of the page that was refused, drawn again with what was typed: its name, the customer, the form.
Trial = tuple[str, int, forms.Form]
FORMS: Mapping[str, type[forms.Form]] = {
    "code": CodeForm,
    "in_person": EvidenceForm,
    "document": DocumentForm,
    "recorded_decision": DocumentForm,
    "withdrawal": EvidenceForm,
    "turn_down": TurnDownForm,
}


@dataclass(frozen=True, slots=True)
class PaperShown:
    """A document that waits for its second person; `against` says why this viewer is not the one."""

    document: ConsentDocument
    by: str
    evidence: str
    against: str


@dataclass(slots=True)
class PersonRow:
    """`ways` are the forms this viewer may use now, `against` says for others why not."""

    consent: Consent
    name: str
    number: str
    counts: bool
    badge: str
    by: str
    evidence: str
    is_deceased: bool
    sent: list[tuple[ConsentInvitation, str]] = field(default_factory=list)
    paper: PaperShown | None = None
    ways: dict[str, forms.Form] = field(default_factory=dict)
    may_ask: bool = False
    against: list[tuple[str, str]] = field(default_factory=list)
    stamp: str = ""
    # A form inside the folded parts was refused and is to be seen.
    opened: bool = False

    @property
    def code_sent(self) -> bool:
        return any(invitation.kind == InvitationKind.CODE for invitation, _to in self.sent)


def people_rows(change: MembershipChange, actor: Actor, *, trial: Trial | None = None) -> list[PersonRow]:
    """Everyone asked, in that order, who is missing first."""
    found = list(consents_of(change))
    users = _users(found)
    at = program_now(change.program)
    replaceable = {one.customer_id for one in found if may_replace(change, customer_id=one.customer_id, at=at)}
    rows = [_row(one, change, actor, users, one.customer_id in replaceable, trial) for one in found]
    return sorted(rows, key=lambda row: row.counts)


def consents_of(change: MembershipChange) -> Iterable[Any]:
    open_invitations = ConsentInvitation.objects.filter(used_at__isnull=True, ended_at__isnull=True)
    in_time = open_invitations.filter(expires_at__gt=clock.now()).select_related("message").order_by("-pk")
    papers = ConsentDocument.objects.filter(confirmed_at__isnull=True, ended_at__isnull=True)
    whole = Consent.objects.filter(change=change).select_related("customer", "membership").order_by("pk")
    return whole.prefetch_related(
        Prefetch("invitations", queryset=in_time, to_attr="open_invitations"),
        Prefetch("documents", queryset=papers, to_attr="waiting_papers"),
    )


def _row(
    one: Any, change: MembershipChange, actor: Actor, users: Mapping[int, str], replaceable: bool, trial: Trial | None
) -> PersonRow:
    sees, judges = actor.sees(one.customer_id), _judges(one.customer_id, change, actor)
    row = PersonRow(
        consent=one,
        name=told_name(actor, one.customer),
        number=one.membership.number,
        counts=counts(one, change),
        badge=BADGES[ConsentStatus(one.status)],
        by=_by(one, users),
        evidence=one.evidence if judges else "",
        is_deceased=one.customer.status == CustomerStatus.DECEASED,
        sent=[(invitation, _address(invitation, sees)) for invitation in one.open_invitations],
    )
    if one.waiting_papers:
        row.paper = _paper(one.waiting_papers[0], change, actor, users, judges)
    row.stamp = person_stamp(change, one)
    row.opened = trial is not None and trial[1] == one.customer_id and trial[0] != "code"
    if change.is_open:
        _open_ways(row, change, actor, replaceable, trial)
    return row


def _judges(customer_id: int, change: MembershipChange, actor: Actor) -> bool:
    """Who works on consents has to know what they rest on."""
    return actor.sees(customer_id) or actor.may(CONSENT, change.program_id)


def person_stamp(change: MembershipChange, consent: Consent) -> str:
    """Moves with the terms, with what that person decided, and with the paper that waits about them."""
    papers = ConsentDocument.objects.filter(consent=consent, confirmed_at__isnull=True, ended_at__isnull=True)
    facts = (change.is_open, change.digest, consent.status, consent.digest, list(papers.values_list("pk", flat=True)))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _open_ways(row: PersonRow, change: MembershipChange, actor: Actor, replaceable: bool, trial: Trial | None) -> None:
    """By code and link for whoever asks for consents, without them by a right of its own; paper for the dead."""
    may = {action: actor.may(action, change.program_id) for action in (CONSENT, ATTEST, DECIDE)}
    if row.paper is not None and may[CONSENT]:
        row.ways["turn_down"] = _form("turn_down", row.consent.customer_id, trial)
    if row.counts:
        wanted = {"withdrawal": may[ATTEST] and not row.is_deceased}
    else:
        row.may_ask = may[CONSENT] and not row.is_deceased
        wanted = {
            "code": may[CONSENT] and row.code_sent,
            "in_person": may[ATTEST] and not row.is_deceased,
            "document": may[CONSENT] and row.paper is None,
            "recorded_decision": may[DECIDE] and replaceable and row.paper is None,
        }
        row.against = list(_against(row, may, replaceable))
    for name, is_open in wanted.items():
        if is_open:
            row.ways[name] = _form(name, row.consent.customer_id, trial)


def _against(row: PersonRow, may: Mapping[str, bool], replaceable: bool) -> Iterable[tuple[str, str]]:
    if not may[CONSENT]:
        yield _("By code, link or document"), _("it takes the right changes:consent")
    if row.is_deceased:
        yield _("By code, by link or in person"), _("the person has died: record a document")
    elif not may[ATTEST]:
        yield _("In person, without a code"), _("it takes the right changes:attest: ask a supervisor")
    if replaceable and not may[DECIDE]:
        yield _("By a recorded decision"), _("it takes the right changes:decide: ask a supervisor")


def _form(name: str, customer_id: int, trial: Trial | None) -> forms.Form:
    if trial is not None and trial[:2] == (name, customer_id):
        return trial[2]
    return make_form(name, customer_id)


def make_form(name: str, customer_id: int, *data: Any) -> forms.Form:
    """The ids in it are of that person, as the page has many such forms."""
    made: forms.Form = FORMS[name](*data)
    made.auto_id = f"{name}-{customer_id}-%s"
    return made


def _paper(
    paper: ConsentDocument, change: MembershipChange, actor: Actor, users: Mapping[int, str], judges: bool
) -> PaperShown:
    needed = DECIDE if paper.decides == ConsentMethod.RECORDED_DECISION else ATTEST
    against = ""
    if paper.user_id is not None and paper.user_id == actor.user_id:
        against = _("You recorded it: somebody else confirms.")
    elif not actor.may(needed, change.program_id):
        against = _("Confirming takes the right %(right)s: ask a supervisor.") % {"right": needed}
    return PaperShown(paper, users.get(paper.user_id or 0, ""), paper.evidence if judges else "", against)


def _address(invitation: ConsentInvitation, sees: bool) -> str:
    address = invitation.message.address if invitation.message else None
    return (address if sees else masked_email(address)) or ""


def _by(one: Consent, users: Mapping[int, str]) -> str:
    names = [users.get(pk, f"#{pk}") for pk in (one.user_id, one.confirmed_by_id) if pk]
    return _(" and ").join(names)


def _users(found: Iterable[Any]) -> dict[int, str]:
    ids = {pk for one in found for pk in (one.user_id, one.confirmed_by_id) if pk}
    ids |= {paper.user_id for one in found for paper in one.waiting_papers if paper.user_id}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))


@dataclass(frozen=True, slots=True)
class DecisionRow:
    decision: ConsentDecision
    customer_id: int
    name: str
    by: str
    evidence: str
    to_these_terms: bool


def decision_log(change: MembershipChange, actor: Actor) -> list[DecisionRow]:
    """Everything that was ever decided about its consents, the latest first."""
    found = list(
        ConsentDecision.objects.filter(consent__change=change).select_related("consent__customer").order_by("-pk")
    )
    ids = {pk for one in found for pk in (one.user_id, one.confirmed_by_id) if pk}
    users = dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))
    return [
        DecisionRow(
            decision=one,
            customer_id=one.consent.customer_id,
            name=told_name(actor, one.consent.customer),
            by=_(" and ").join(users.get(pk, f"#{pk}") for pk in (one.user_id, one.confirmed_by_id) if pk),
            evidence=one.evidence if _judges(one.consent.customer_id, change, actor) else "",
            to_these_terms=one.digest == change.digest,
        )
        for one in found
    ]
