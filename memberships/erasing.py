"""Texts about a person's memberships and consents, emptied when the person is erased (domain 1.3)."""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.db.models import Count, Q

from common.actor import Actor
from common.db import lock_rows
from common.history import AuditedModel, erase_personal, update_with_history
from customers.models import Customer
from memberships.models import (
    AttributeValue,
    CardHolding,
    CardRegistration,
    ChangeParty,
    Consent,
    ConsentDecision,
    ConsentDocument,
    InheritedAgreement,
    Member,
    Membership,
    MembershipBenefit,
    MembershipChange,
    MembershipLabel,
    MembershipTerm,
    OrganizationSignatory,
    TermsAcceptance,
    TierStanding,
)
from programs.models import AttributeType

# A manual standing needs some reason.
ERASED = "erased"
HOLDERS: tuple[tuple[type[AuditedModel], str], ...] = (
    (Membership, "id"),
    (Member, "membership_id"),
    (TierStanding, "membership_id"),
    (MembershipTerm, "membership_id"),
    (TermsAcceptance, "membership_id"),
    (CardHolding, "membership_id"),
    (MembershipBenefit, "membership_id"),
    (MembershipLabel, "membership_id"),
    (AttributeValue, "membership_id"),
    (InheritedAgreement, "membership_id"),
)


def erase_texts(customer: Customer, *, actor: Actor) -> None:
    """Reasons and payment references of memberships that were this person's alone go, from rows and history."""
    taken_part = Member.objects.filter(customer=customer).values("membership_id")
    alone = Membership.objects.filter(pk__in=taken_part).annotate(people=Count("members")).filter(people=1)
    ids = sorted(alone.values_list("pk", flat=True))
    standings = TierStanding.objects.filter(membership__in=ids).exclude(reason="")
    update_with_history(standings, reason=ERASED)
    update_with_history(MembershipTerm.objects.filter(membership__in=ids), payment_reference="")
    update_with_history(MembershipBenefit.objects.filter(membership__in=ids).exclude(reason=""), reason="")
    update_with_history(MembershipLabel.objects.filter(membership__in=ids).exclude(reason=""), reason="")
    # A text in free words may say something about the person; numbers and choices count on.
    for value in AttributeValue.objects.filter(membership__in=ids, definition__type=AttributeType.TEXT):
        value.delete()
    _erase_signatures(customer)
    for model, column in HOLDERS:
        rows = model.history.model._base_manager.filter(**{f"{column}__in": ids})
        rows.update(history_change_reason=None)
        for name in model.PERSONAL:
            rows.exclude(**{name: ERASED}).update(**{name: ""})


def _erase_signatures(customer: Customer) -> None:
    """Why somebody came to sign or ceased to; the words stand in the history of the organization's membership too."""
    signed = OrganizationSignatory.history.model._base_manager.filter(customer_id=customer.pk)
    words = {one for one in signed.values_list("history_change_reason", flat=True) if one}
    umbrellas = Membership.history.model._base_manager.filter(
        id__in=set(signed.values_list("membership_id", flat=True))
    )
    umbrellas.filter(history_change_reason__in=words).update(history_change_reason=None)
    signed.update(history_change_reason=None)


def erase_consents(customer: Customer, *, actor: Actor) -> None:
    """That and when the person consented stays, and which cards they registered; evidence, scans, proofs and the
    reasons of those changes go."""
    _erase_proofs(customer)
    named = Q(pk__in=Consent.objects.filter(customer=customer).values("change")) | Q(leaver=customer) | Q(main=customer)
    # Changes before their consents, as whoever answers locks them.
    changes = lock_rows(MembershipChange.objects.filter(named))
    _erase_reasons(changes)
    for change in changes:
        erase_personal(change)
    for consent in lock_rows(Consent.objects.filter(customer=customer)):
        erase_personal(consent)
    ConsentDecision.objects.filter(consent__customer=customer).exclude(evidence="").update(evidence="")
    for document in ConsentDocument.objects.filter(consent__customer=customer).order_by("pk"):
        _erase_document(document)


def _erase_proofs(customer: Customer) -> None:
    for registration in lock_rows(CardRegistration.objects.filter(customer=customer)):
        erase_personal(registration)


def _erase_reasons(changes: Sequence[MembershipChange]) -> None:
    """The words a change was proposed or withdrawn with, wherever carrying it out wrote them into a history."""
    ids = [change.pk for change in changes]
    told = MembershipChange.history.model._base_manager.filter(id__in=ids, history_change_reason__isnull=False)
    words = [one for one in told.values_list("history_change_reason", flat=True).distinct() if one]
    touched = set(ChangeParty.objects.filter(change__in=ids).values_list("membership_id", flat=True))
    touched |= {change.result_id for change in changes if change.result_id is not None}
    places: list[tuple[type[AuditedModel], str, set[int]]] = [(model, column, touched) for model, column in HOLDERS]
    places.append((Consent, "change_id", set(ids)))
    for model, column, among in places:
        rows = model.history.model._base_manager.filter(**{f"{column}__in": among})
        rows.filter(history_change_reason__in=words).update(history_change_reason=None)


def _erase_document(document: ConsentDocument) -> None:
    """The file goes once the erasure stands: it could not come back."""
    if document.file.name:
        transaction.on_commit(partial(document.file.storage.delete, document.file.name))
    document.file, document.evidence = "", ""
    document.save(update_fields=["file", "evidence"])
