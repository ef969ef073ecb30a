"""A receipt that earned by a granted claim earns no second time when a channel tells it after all (domain 1.11)."""

from collections.abc import Sequence
from typing import Any

from activities.errors import ReceiptAttributed
from activities.models import Claim, ClaimStatus, MemberActivity, TransactionType
from activities.types import type_by_id
from programs.design import Design


def already_claimed(wave: Sequence[MemberActivity], *, design: Design) -> dict[int, ReceiptAttributed]:
    """By activity why it is refused; in one statement, and in none where nothing of the wave names a receipt."""
    receipts = {
        one.pk: one.reference
        for one in wave
        if one.reference and type_by_id(design, one.type_id).code == TransactionType.PURCHASE
    }
    if not receipts:
        return {}
    granted = Claim.objects.filter(
        program=design.program.pk, receipt__any_of=set(receipts.values()), status=ClaimStatus.GRANTED
    )
    rows = {receipt: (pk, activity) for pk, receipt, activity in granted.values_list("pk", "receipt", "activity_id")}
    found = {}
    for pk, receipt in receipts.items():
        claim, activity = rows.get(receipt, (None, None))
        # The claim's own activity may be processed again.
        if claim is not None and activity != pk:
            found[pk] = attributed(receipt, {"claim": claim, "activity": activity})
    return found


def attributed(receipt: str, facts: dict[str, Any]) -> ReceiptAttributed:
    """The first of the facts is where the receipt stands."""
    what, pk = next(iter(facts.items()))
    return ReceiptAttributed(
        f"The receipt “{receipt}” stands in this program already, with {what} {pk}. A receipt earns once: look there, "
        "or correct what was attributed wrongly.",
        facts={"receipt": receipt, **facts},
    )
