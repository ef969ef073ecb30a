"""What this app keeps of a person besides the ledger: the notes written beside corrections (domain 1.3)."""

from common.actor import Actor
from customers.models import Customer
from points.models import Adjustment, Reversal


def erase_notes(customer: Customer, *, actor: Actor) -> None:
    """Empty the notes of the customer's corrections; figures, codes and times stay."""
    Adjustment.objects.filter(person=customer).exclude(note="", decision_note="").update(note="", decision_note="")
    Reversal.objects.filter(reverses__person=customer).exclude(note="").update(note="")
