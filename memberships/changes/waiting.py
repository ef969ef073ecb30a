"""Open changes as lists, banners and counts tell them: what waits, for whom, until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from common.actor import Actor
from common.clock import program_now
from customers.models import Customer
from memberships.models import ChangeParty, ChangeStatus, Consent, ConsentStatus, MembershipChange
from programs.models import Program


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change with the people whose consent is still missing; `overdue` once its time has passed."""

    change: MembershipChange
    missing: tuple[Customer, ...]
    overdue: bool

    @property
    def until(self) -> datetime | None:
        return self.change.expires_at


def changes_with_parties(actor: Actor) -> QuerySet[MembershipChange]:
    """Those of the actor's programs, the latest first, with what a list shows: one statement a kind."""
    parties = ChangeParty.objects.select_related("membership").order_by("pk")
    consents = Consent.objects.select_related("customer").order_by("pk")
    found: QuerySet[MembershipChange] = MembershipChange.objects.visible_to(actor)
    return (
        found.select_related("program", "prime", "secondary", "leaver")
        .prefetch_related(Prefetch("parties", queryset=parties), Prefetch("consents", queryset=consents))
        .order_by("-pk")
    )


def waiting(change: MembershipChange) -> Waiting:
    """From the consents as they were read with it."""
    missing = tuple(one.customer for one in change.consents.all() if is_missing(one, change))
    overdue = change.is_open and change.expires_at is not None and change.expires_at <= program_now(change.program)
    return Waiting(change, missing if change.is_open else (), overdue)


def is_missing(consent: Consent, change: MembershipChange) -> bool:
    """It is still asked for and does not count."""
    return is_asked(change, consent.customer_id) and not counts(consent, change)


def is_asked(change: MembershipChange, customer_id: int) -> bool:
    """Whose consent it still takes stands in the terms; drafts and rows made without terms name nobody."""
    asked = change.terms.get("asked")
    return asked is None or customer_id in asked


def counts(consent: Consent, change: MembershipChange) -> bool:
    """A consent counts while it is given, and to the terms as they are."""
    return consent.status == ConsentStatus.GIVEN and consent.digest == change.digest


def open_changes(ids: Iterable[int], actor: Actor) -> dict[int, Waiting]:
    """Those of the changes that the actor may see, by id; no statement where none is asked for."""
    wanted = set(ids)
    return {one.pk: waiting(one) for one in changes_with_parties(actor).filter(pk__in=wanted)} if wanted else {}


def count_of(program: Program, status: ChangeStatus) -> int:
    """How many changes of the program stand there and are in time."""
    changes = MembershipChange.objects.filter(program=program, status=status, expires_at__gt=program_now(program))
    return int(changes.count())
