"""A form of the desk carried out once: a second click, a reload and a double submit meet the first receipt.

Receipts stand among the answers kept for repeated requests: as long as those, and blanked with the customers in
them. Only what was done is kept; a refusal leaves the form's key free.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction

from common.db import retrying
from common.keys import carrying_key
from gateway import idempotency
from gateway.answers import AnswerErased, key_digest, lock_number
from gateway.channels import built_in_channel_id

# Who clicks twice waits for the first click; nobody waits longer than this for any lock.
PATIENCE = "10s"
OWNER = "task"
DONE = 200
# What the receipt is shown from (JSON only), its program, the customers whose erasure blanks it.
Kept = tuple[dict[str, Any], int | None, Sequence[int]]


class Receipts:
    """The keys of forms on the channel `desk`."""

    def once(self, key: str, asked: bytes, func: Callable[[], Kept]) -> dict[str, Any]:
        """The body `func` answered, now or the first time; all it did is undone where it raises.

        Raises KeyReused where the key came with something else before, AnswerErased, KeyUsed.
        """
        return retrying(partial(self._once, key, asked, func))

    def read(self, key: str) -> dict[str, Any] | None:
        """The body kept under the key; None without. Raises AnswerErased."""
        stored = idempotency.stored_answer(built_in_channel_id("desk"), key_digest(key, OWNER))
        if stored is None:
            return None
        if stored.erased:
            raise AnswerErased("This receipt held data of a person that was erased; what was done stands.")
        return dict(json.loads(stored.body))

    def _once(self, key: str, asked: bytes, func: Callable[[], Kept]) -> dict[str, Any]:
        channel_id, digest = built_in_channel_id("desk"), key_digest(key, OWNER)
        with transaction.atomic():
            _wait_for(lock_number(channel_id, digest))
            earlier = idempotency.claim(channel_id, digest, asked)
            if earlier is not None:
                return dict(json.loads(earlier.content))
            with carrying_key(digest), transaction.atomic():
                body, program_id, customers = func()
            raw = json.dumps(body, ensure_ascii=False).encode()
            idempotency.store(channel_id, digest, DONE, raw, program_id=program_id, customers=customers)
            return body


def _wait_for(lock: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])


RECEIPTS = Receipts()
