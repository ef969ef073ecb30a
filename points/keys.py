"""The keys the ledger knows for ever (interfaces 3.1: a key is never used for a second posting)."""

from typing import Any

from points.models import Posting


def posting_of_key(channel_id: int, digest: bytes, ordinal: int = 0) -> dict[str, Any] | None:
    """Facts of the posting made under (channel, SHA-256 of the key, ordinal); None if there is none."""
    posting = (
        Posting.objects.filter(channel_id=channel_id, key_digest=digest, ordinal=ordinal)
        .values("id", "kind", "recorded_at")
        .first()
    )
    if posting is None:
        return None
    return {"posting": posting["id"], "kind": posting["kind"], "recorded_at": posting["recorded_at"].isoformat()}
