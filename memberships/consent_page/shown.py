"""What the page shows of a change: who and which memberships, and how the person's own answer stands.

Of the other people it tells the first name and an initial, so that one knows who is meant and learns no more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from customers.models import Customer
from memberships.changes.agreement_told import agreement_told
from memberships.consent_page.figures import Figure, figures_of
from memberships.consent_page.words import Cast, heading, sentences
from memberships.models import (
    ChangeParty,
    Consent,
    ConsentInvitation,
    ConsentStatus,
    Member,
    Membership,
    MembershipChange,
)
from programs.models import Program

UNDECIDED = frozenset({ConsentStatus.ASKED, ConsentStatus.VOID, ConsentStatus.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Side:
    """A membership the change affects, and who takes part in it."""

    number: str
    type: str
    people: tuple[str, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`answers`: the person may say yes or no; `withdraws`: may take the consent back."""

    program: Program
    zone: ZoneInfo
    name: str
    heading: str
    sides: tuple[Side, ...]
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    asked: int
    until: datetime | None
    digest: str
    status: str
    method: str
    decided_at: datetime | None
    answers: bool
    withdraws: bool


def page_of(invitation: ConsentInvitation) -> Page:
    """As many queries for few people as for many; the figures are those of a preview."""
    consent = invitation.consent
    change = consent.change
    parties = _parties(change)
    members = _members(parties)
    names = _names(members, own_id=consent.customer_id)
    cast = Cast(change, parties, names, consent.customer_id, agreement_told(change.terms))
    undecided = consent.status in UNDECIDED
    return Page(
        program=change.program,
        zone=change.program.zone,
        name=consent.customer.first_name or consent.customer.name or "",
        heading=heading(cast),
        sides=tuple(_side(one, members, cast) for one in parties),
        sentences=tuple(sentences(cast)),
        figures=figures_of(change, consent.customer_id),
        asked=_asked(change),
        until=change.expires_at,
        digest=change.digest,
        status=consent.status,
        method=consent.get_method_display(),
        decided_at=consent.decided_at,
        answers=undecided and invitation.used_at is None,
        withdraws=consent.status == ConsentStatus.GIVEN,
    )


def short_name(customer: Customer) -> str:
    """Katrin Bauer -> Katrin B."""
    words = (customer.name or "").split()
    first = customer.first_name or (words[0] if words else "")
    last = customer.last_name or (words[-1] if len(words) > 1 else "")
    if not first:
        return _("somebody whose data were erased")
    return f"{first} {last[0]}." if last else first


def _asked(change: MembershipChange) -> int:
    asked = change.terms.get("asked")
    return len(asked) if asked is not None else Consent.objects.filter(change=change).count()


def _parties(change: MembershipChange) -> tuple[Membership, ...]:
    parties = ChangeParty.objects.filter(change=change).select_related("membership").order_by("pk")
    return tuple(party.membership for party in parties)


def _members(parties: Iterable[Membership]) -> list[Member]:
    ids = [one.pk for one in parties]
    found = Member.objects.filter(membership__in=ids, ended_at=None).select_related("customer").order_by("pk")
    return list(found)


def _names(members: Iterable[Member], *, own_id: int) -> dict[int, str]:
    names = {}
    for member in members:
        name = short_name(member.customer)
        names[member.customer_id] = _("%(name)s (you)") % {"name": name} if member.customer_id == own_id else name
    return names


def _side(membership: Membership, members: Iterable[Member], cast: Cast) -> Side:
    inside = [one.customer_id for one in members if one.membership_id == membership.pk]
    return Side(
        number=membership.number,
        type=membership.get_type_display(),
        people=tuple(cast.name(one) for one in inside),
        is_own=cast.own_id in inside,
    )
