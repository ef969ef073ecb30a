"""Faults of sales, returns and claims."""

from activities.models import ActivityType, Claim, MemberActivity, Transaction, TransactionItem
from gateway.models import Channel
from memberships.models import SpendingCode
from points.models import ReversalLine

from .faults import fault
from .world import World, days


@fault("R01")
def more_returned_than_was_sold(w: World) -> None:
    Transaction.objects.filter(reference="A2").update(amount="60.01")


@fault("R01")
def return_of_a_sale_without_an_amount(w: World) -> None:
    Transaction.objects.filter(reference="A3").update(amount=None)


@fault("R02")
def more_pieces_returned_than_were_sold(w: World) -> None:
    TransactionItem.objects.filter(returns__isnull=False).update(quantity=3)


@fault("R02")
def more_money_for_a_line_than_was_paid(w: World) -> None:
    TransactionItem.objects.filter(returns__isnull=False).update(amount="40.01")


@fault("R02")
def line_of_another_sale_returned(w: World) -> None:
    TransactionItem.objects.filter(sku="lamp").update(transaction=_of("A3"), line=9)
    TransactionItem.objects.filter(returns__isnull=False).update(returns=TransactionItem.objects.get(sku="lamp"))


@fault("R02")
def line_that_returns_nothing(w: World) -> None:
    TransactionItem.objects.filter(returns__isnull=False).update(returns=None)


@fault("R03")
def more_points_back_than_the_share(w: World) -> None:
    _back().update(asked=21, posted=21)


@fault("R03")
def more_points_back_than_were_credited(w: World) -> None:
    Transaction.objects.filter(reference="A2").update(amount="60.00")
    _back().update(asked=61, posted=61)


@fault("R04")
def return_of_a_return(w: World) -> None:
    # Of no money, so that no sum is broken by it.
    again = Transaction.objects.get(reference="A4")
    again.pk, again.reference, again.original, again.amount = None, "A5", _of("A4"), 0
    again.save()


@fault("R04")
def return_before_the_sale(w: World) -> None:
    Transaction.objects.filter(reference="A4").update(occurred_at=w.now - days(2))


@fault("R04")
def return_in_another_currency(w: World) -> None:
    Transaction.objects.filter(reference="A4").update(currency="USD")


@fault("R04")
def return_in_another_program(w: World) -> None:
    Transaction.objects.filter(reference="A4").update(program=w.south)


@fault("R04")
def return_by_a_channel_that_cannot_see_the_sale(w: World) -> None:
    Transaction.objects.filter(reference="A4").update(channel=_kiosk())


@fault("R05")
def purchase_that_another_channel_sent(w: World) -> None:
    MemberActivity.objects.filter(transaction__reference="A2").update(channel=_kiosk())


@fault("R05")
def purchase_noted_as_something_else(w: World) -> None:
    bought = MemberActivity.objects.filter(transaction__reference="A1", type__code="purchase")
    bought.update(type=ActivityType.objects.get(program=w.north, code="return"))


@fault("R05")
def paid_in_a_program_the_channel_does_not_reach(w: World) -> None:
    kiosk = _kiosk()
    Transaction.objects.filter(reference="A1").update(channel=kiosk, program=w.south)
    Transaction.objects.filter(reference="A2").update(program=w.south)
    MemberActivity.objects.filter(transaction__reference="A1").update(channel=kiosk)
    SpendingCode.objects.update(channel_id=kiosk.pk)
    MemberActivity.objects.exclude(type__code="redeem").filter(transaction__reference__in=["A1", "A2"]).update(
        transaction=None
    )


@fault("R06")
def granted_claim_without_its_activity(w: World) -> None:
    Claim.objects.filter(status="granted").update(activity=0)


@fault("R06")
def granted_claim_of_another_amount(w: World) -> None:
    Claim.objects.filter(status="granted").update(amount="12.01")


@fault("R06")
def granted_claim_of_another_membership(w: World) -> None:
    Claim.objects.filter(status="granted").update(membership=w.memberships["jane"])


@fault("R06")
def granted_claim_of_another_receipt(w: World) -> None:
    Claim.objects.filter(status="granted").update(receipt="B9")


@fault("R07")
def granted_claim_of_a_receipt_that_had_earned(w: World) -> None:
    MemberActivity.objects.filter(transaction__reference="A1", type__code="purchase").update(reference="B1")


@fault("R07")
def receipt_claimed_twice(w: World) -> None:
    Claim.objects.filter(status="open").update(receipt="B1")


def _back():  # noqa: ANN202
    return ReversalLine.objects.filter(reversal__note="A2")


def _of(reference: str) -> Transaction:
    found: Transaction = Transaction.objects.get(reference=reference)
    return found


def _kiosk() -> Channel:
    made: Channel = Channel.objects.create(code="kiosk", name="Kiosk")
    return made


@fault("R08")
def code_that_paid_for_more_than_it_says(w: World) -> None:
    SpendingCode.objects.update(most_points=8)


@fault("R08")
def code_that_paid_for_no_sale(w: World) -> None:
    SpendingCode.objects.update(transaction_id=Transaction.objects.latest("pk").pk + 1)


@fault("R08")
def code_that_allowed_no_redemption(w: World) -> None:
    code = SpendingCode.objects.get()
    SpendingCode.objects.update(transaction_id=None, activity_id=code.transaction_id + 1_000_000)


@fault("R08")
def code_of_another_channel_used(w: World) -> None:
    SpendingCode.objects.update(channel_id=w.till.pk + 1)
