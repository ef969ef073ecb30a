"""What sales and claims leave behind when a customer goes (1.3): amounts and ids stay, what channels wrote goes."""

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from activities.models import Claim, MemberActivity, Transaction
from common.obstacles import Obstacle
from customers.models import Customer

# Each row must have a reference of its own, so each keeps one that says nothing.
SAYS_NOTHING = Concat(Value("erased-"), Cast(F("pk"), CharField()))


def obstacles(customer: Customer) -> list[Obstacle]:
    """Sales are kept for totals and returns: whoever has any is not deleted."""
    count = Transaction.objects.filter(customer=customer).count()
    if not count:
        return []
    message = f"Purchases are recorded: {count}. They stay; erase the customer instead."
    return [Obstacle("has_transactions", message, {"transactions": count})]


def erase_sales(customer: Customer) -> None:
    """Empty what channels wrote about this person's purchases."""
    Transaction.objects.filter(customer=customer).update(reference=SAYS_NOTHING, location="")
    MemberActivity.objects.filter(customer=customer, attributes__isnull=False).update(attributes=None)
    Claim.objects.filter(customer=customer).update(receipt=SAYS_NOTHING, note="", why="")
