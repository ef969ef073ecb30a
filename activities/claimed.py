"""A receipt that earned by a granted claim earns no second time when a channel tells it after all (domain 1.11).

A sale and a claim of one receipt, on memberships that know nothing of each other, meet in a turn: who grants a claim
takes it alone, sales share it, so none of them waits for another. It comes after the locks of memberships and before
those of accounts. The same words from two channels are two sales (activities.receipts) and need no turn.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from zlib import crc32

from activities.errors import ReceiptAttributed
from activities.models import Claim, ClaimStatus, MemberActivity, TransactionType
from activities.types import type_by_id
from common.db import share_turns
from programs.design import Design

# A file of a million receipts must not take a million locks.
TURNS = 64


def turn_of(receipt: str, program_id: int) -> str:
    """The name of the turn of a receipt, and of others that fall together with it."""
    return f"receipt:{program_id}:{crc32(receipt.encode()) % TURNS}"


def share_receipts(receipts: Iterable[str], program_id: int) -> None:
    """Until the transaction ends no claim of these receipts is granted."""
    share_turns(turn_of(one, program_id) for one in receipts)


def already_claimed(wave: Sequence[MemberActivity], *, design: Design) -> dict[int, ReceiptAttributed]:
    """By activity why it is refused, and stays so; nothing is asked where nothing of the wave names a receipt."""
    receipts = {
        one.pk: one.reference
        for one in wave
        if one.reference and type_by_id(design, one.type_id).code == TransactionType.PURCHASE
    }
    if not receipts:
        return {}
    share_receipts(receipts.values(), design.program.pk)
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
