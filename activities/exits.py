"""What activities and postings leave behind when a customer is erased: the ledger stays, free text goes (1.3)."""

from activities.models import MemberActivity
from common.actor import Actor
from customers.models import Customer
from gateway.idempotency import blank_answers_of
from points.models import Adjustment, Hold, Reversal


def erase(customer: Customer, *, actor: Actor) -> None:
    """Empty the texts channels and staff wrote about this person, and stored answers that name them."""
    MemberActivity.objects.filter(customer=customer).update(reference="", location="", note="", problem=None)
    Hold.objects.filter(person=customer).update(reference="")
    Adjustment.objects.filter(person=customer).update(note="", decision_note="")
    Reversal.objects.filter(reverses__person=customer).exclude(note="").update(note="")
    blank_answers_of(customer.pk)
