"""What the ledger knows about an Idempotency-Key, for ever."""

from typing import Any

from points.models import Posting


def posting_of_key(channel_id: int, key_digest: bytes, ordinal: int = 0) -> dict[str, Any] | None:
    """The posting that was made under the key, as facts; None if there is none."""
    found = Posting.objects.filter(channel_id=channel_id, key_digest=key_digest, ordinal=ordinal).first()
    if found is None:
        return None
    return {"posting": found.pk, "kind": found.kind, "recorded_at": found.recorded_at.isoformat()}
