"""Texts staff and channels typed about a person's memberships, emptied when the person is erased (1.3)."""

from django.db.models import Count

from common.actor import Actor
from common.history import AuditedModel, update_with_history
from customers.models import Customer
from memberships.models import CardHolding, Member, Membership, MembershipTerm, TermsAcceptance, TierStanding

# A manual standing needs some reason.
ERASED = "erased"
HOLDERS: tuple[tuple[type[AuditedModel], str], ...] = (
    (Membership, "id"),
    (Member, "membership_id"),
    (TierStanding, "membership_id"),
    (MembershipTerm, "membership_id"),
    (TermsAcceptance, "membership_id"),
    (CardHolding, "membership_id"),
)


def erase_texts(customer: Customer, *, actor: Actor) -> None:
    """Reasons and payment references of memberships that were this person's alone go, from rows and history."""
    taken_part = Member.objects.filter(customer=customer).values("membership_id")
    alone = Membership.objects.filter(pk__in=taken_part).annotate(people=Count("members")).filter(people=1)
    ids = sorted(alone.values_list("pk", flat=True))
    standings = TierStanding.objects.filter(membership__in=ids).exclude(reason="")
    update_with_history(standings, reason=ERASED)
    update_with_history(MembershipTerm.objects.filter(membership__in=ids), payment_reference="")
    for model, column in HOLDERS:
        rows = model.history.model._base_manager.filter(**{f"{column}__in": ids})
        rows.update(history_change_reason=None)
        for name in model.PERSONAL:
            rows.exclude(**{name: ERASED}).update(**{name: ""})
