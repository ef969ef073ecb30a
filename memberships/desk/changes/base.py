"""What pages of a change share: finding it, telling whether it moved on meanwhile, names, ways between pages."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from common.actor import Actor
from common.clock import program_now
from common.desk.pages import DeskPage
from common.errors import Conflict
from customers.desk.tasks import shown_name
from customers.models import Customer
from memberships.models import ChangeKind, ConsentDocument, MembershipChange

PROPOSE, CONSENT, ATTEST = "changes:propose", "changes:consent", "changes:attest"
DECIDE, CARRY_OUT = "changes:decide", "changes:carry-out"


class MovedOn(Conflict):
    code = "changed_meanwhile"
    title = "Somebody else went on with this change meanwhile"


class ChangePage(DeskPage):
    """A page about one change, found in a program where the user may do the page's action."""

    action: ClassVar[str] = "memberships:read"
    section = "changes"

    def find(self, pk: int) -> MembershipChange:
        """Foreign and unknown ones answer alike."""
        whole = MembershipChange.objects.select_related(
            "program", "prime", "secondary", "leaver", "main", "result", "undoes", "replaces", "posting"
        )
        change: MembershipChange | None = whole.filter(pk=pk).first()
        programs = self.actor.programs
        if change is None or (programs is not None and change.program_id not in programs):
            raise Http404
        self.allow(change.program_id)
        return change

    def name(self, customer: Customer) -> str:
        return told_name(self.actor, customer)

    def names(self, customer_ids: Iterable[int]) -> dict[int, str]:
        found = Customer.objects.in_bulk(list(customer_ids))
        return {pk: self.name(customer) for pk, customer in found.items()}

    def now(self, change: MembershipChange) -> datetime:
        return program_now(change.program)


def told_name(actor: Actor, customer: Customer) -> str:
    """Masked names of a family are alike, so the number stands beside them."""
    name = shown_name(actor, customer)
    return name if actor.sees(customer.pk) or name == customer.number else f"{name} ({customer.number})"


def change_url(pk: int) -> str:
    return reverse("desk:change", args=[pk])


def stamp(change: MembershipChange) -> str:
    """Changes with every step anybody takes: a form that carries an older one is not carried out."""
    consents = list(
        change.consents.order_by("pk").values_list("pk", "status", "method", "digest", "decided_at", "customer_id")
    )
    documents = list(
        ConsentDocument.objects.filter(consent__change=change)
        .order_by("pk")
        .values_list("pk", "confirmed_at", "ended_at")
    )
    facts = (change.status, change.version, change.digest, consents, documents)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def title_of(change: MembershipChange) -> str:
    """What it is, in a few words; the memberships stand beside it."""
    if change.kind == ChangeKind.MERGE and change.secondary_id is None:
        return _("Change of form into %(type)s") % {"type": _of_type(change)}
    if change.kind == ChangeKind.MERGE:
        return _("Merge into %(type)s") % {"type": _of_type(change)}
    names = {
        ChangeKind.SPLIT: _("Split: one member leaves"),
        ChangeKind.ABSORB: _("Absorb an anonymous membership"),
        ChangeKind.JOIN: _("Join an organization's agreement"),
        ChangeKind.UNDO: _("Undo a change"),
    }
    return names[ChangeKind(change.kind)]


def _of_type(change: MembershipChange) -> Any:
    types = {"standard": _("one standard membership"), "shared": _("a shared account"), "group": _("a group")}
    return types.get(change.result_type, change.get_result_type_display())
