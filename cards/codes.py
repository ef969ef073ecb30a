"""The code under a temporary card's scratch field: it proves possession where the number alone is not enough.

Codes are not stored: one is worked out from the number and the secret of its batch.
"""

import hmac
import re

from cards.models import Card, CardBatch
from cards.numbering import BASE32

# Eight symbols of five bits each, written two by two.
BYTES = 5
_PAIRS = [first + second for first in BASE32 for second in BASE32]
_READ_ALIKE = str.maketrans("OIL", "011")


def code_of(batch: CardBatch, number: str) -> str:
    """Eight of Crockford's symbols, by the secret of the batch."""
    bits = int.from_bytes(hmac.digest(bytes(batch.code_key), number.encode(), "sha256")[:BYTES], "big")
    return _PAIRS[bits >> 30] + _PAIRS[bits >> 20 & 1023] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]


def code_matches(card: Card, code: str) -> bool:
    """Whether it is the code of the card, in constant time; a card without batch has none.

    Blanks, hyphens and small letters do not matter, and O is read as 0, I and L as 1.
    """
    if card.batch is None:
        return False
    given = re.sub(r"[\s-]", "", code).upper().translate(_READ_ALIKE)
    return hmac.compare_digest(given.encode(), code_of(card.batch, card.number_id).encode())
