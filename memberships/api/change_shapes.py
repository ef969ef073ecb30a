"""Changes as channels see them: ids, figures and times, nothing personal (interfaces 3.1)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from common import clock
from common.api.dry_run import row_id
from memberships.changes.proposing import status_at
from memberships.changes.terms import plain
from memberships.changes.waiting import counts
from memberships.models import (
    OPEN,
    Consent,
    ConsentDocument,
    ConsentInvitation,
    Membership,
    MembershipChange,
)
from points.models import Posting

INVITATIONS = Prefetch(
    "invitations",
    queryset=ConsentInvitation.objects.filter(used_at__isnull=True, ended_at__isnull=True).order_by("-pk"),
    to_attr="open_invitations",
)
DOCUMENTS = Prefetch(
    "documents",
    queryset=ConsentDocument.objects.filter(confirmed_at__isnull=True, ended_at__isnull=True),
    to_attr="waiting_documents",
)
CONSENTS = Prefetch("consents", queryset=Consent.objects.order_by("pk").prefetch_related(INVITATIONS, DOCUMENTS))


def change_shape(change: MembershipChange) -> dict[str, Any]:
    """As it stands in the database now."""
    return change_shapes([MembershipChange.objects.get(pk=change.pk)])[0]


def change_shapes(changes: Iterable[MembershipChange]) -> list[dict[str, Any]]:
    rows = list(changes)
    prefetch_related_objects(rows, "program", CONSENTS)
    undone_by = dict(MembershipChange.objects.filter(undoes__in=rows).values_list("undoes_id", "pk"))
    return [_shape(row, undone_by.get(row.pk)) for row in rows]


def _shape(change: MembershipChange, undone_by: int | None) -> dict[str, Any]:
    status = status_at(change, clock.program_now(change.program))
    missing = [consent.customer_id for consent in change.consents.all() if not counts(consent, change)]
    return {
        "id": row_id(MembershipChange, change.pk),
        "program": change.program.code,
        "kind": change.kind,
        "status": status,
        **_asked_for(change),
        "terms": change.terms,
        "digest": change.digest,
        "consents": [_consent(consent, clock.now()) for consent in change.consents.all()],
        "missing": missing if status in OPEN else [],
        "proposed_at": change.proposed_at,
        "expires_at": change.expires_at,
        "carried_out_at": change.carried_out_at,
        "basis": change.basis if change.carried_out_at is not None else None,
        "result": row_id(Membership, change.result_id),
        "posting": row_id(Posting, change.posting_id),
        "undoes": change.undoes_id,
        "undone_by": row_id(MembershipChange, undone_by),
        "replaces": change.replaces_id,
    }


def _asked_for(change: MembershipChange) -> dict[str, Any]:
    return {
        "prime": change.prime_id,
        "secondary": change.secondary_id,
        "leaver": change.leaver_id,
        "main": change.main_id,
        "result_type": change.result_type or None,
        "policy": change.policy or None,
        "ratio": plain(change.leaver_share) or None,
        "shares": change.manual_shares,
        "freeze": change.freezes,
    }


def _consent(consent: Any, now: datetime) -> dict[str, Any]:
    """The rows below are loaded with CONSENTS."""
    until = [one.expires_at for one in consent.open_invitations if one.expires_at > now]
    return {
        "customer": consent.customer_id,
        "membership": consent.membership_id,
        "status": consent.status,
        "method": consent.method or None,
        "decided_at": consent.decided_at,
        "asked_until": until[0] if until else None,
        "awaits_confirmation": bool(consent.waiting_documents),
    }
