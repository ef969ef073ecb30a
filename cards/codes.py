"""The code under a temporary card's scratch field: it proves possession where the number alone is not enough.

Codes are not stored: one is worked out from the number and the secret of its batch.
"""

import hmac
import re
from base64 import b32encode

from cards.models import Card, CardBatch
from cards.numbering import BASE32

LENGTH = 8
# Eight symbols of five bits each.
BYTES = 5
_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", BASE32.encode())
_READ_ALIKE = str.maketrans("OIL", "011")


def code_of(batch: CardBatch, number: str) -> str:
    """Eight of Crockford's symbols, by the secret of the batch."""
    digest = hmac.digest(bytes(batch.code_key), number.encode(), "sha256")
    return b32encode(digest[:BYTES]).translate(_CROCKFORD).decode()


def code_matches(card: Card, code: str) -> bool:
    """Whether it is the code of the card, in constant time; a card without batch has none.

    Blanks, hyphens and small letters do not matter, and O is read as 0, I and L as 1.
    """
    if card.batch is None:
        return False
    given = re.sub(r"[\s-]", "", code).upper().translate(_READ_ALIKE)
    return hmac.compare_digest(given.encode(), code_of(card.batch, card.number_id).encode())
