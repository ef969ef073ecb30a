"""Where a page of a statement goes on: the end it was asked with, and the last entry read of each account."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime

Cursor = tuple[datetime, dict[int, int]]


def cursor_text(until: datetime, position: Mapping[int, int]) -> str:
    raw = json.dumps([until.isoformat(), list(position.items())])
    return base64.urlsafe_b64encode(raw.encode()).decode()


def cursor_of(text: str) -> Cursor:
    """The cursor such a text was made of; ValueError where it is none of ours."""
    try:
        until, position = json.loads(base64.urlsafe_b64decode(text.encode()))
        at, read = datetime.fromisoformat(until), {int(account): int(number) for account, number in position}
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise ValueError("not a cursor") from error
    if at.tzinfo is None or any(not 0 <= number < 2**63 for number in read.values()):
        raise ValueError("not a cursor")
    return at, read
