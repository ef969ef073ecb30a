"""A scanned document as it is taken: what it is by its content, its size, its digest (quality 4.4)."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import BinaryIO

from memberships.changes.errors import DocumentRefused

MOST_BYTES = 5 * 1024 * 1024
# How a file of the kind begins; its name says nothing that counts.
KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
)


@dataclass(frozen=True, slots=True)
class Paper:
    content: bytes
    content_type: str
    name: str
    digest: str


def read_paper(file: BinaryIO) -> Paper:
    """Raises DocumentRefused. Of a file that is too large no more is read than shows it."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DocumentRefused("The file is larger than 5 MB: scan it with less detail.", facts={"most": MOST_BYTES})
    for start, content_type, ending in KINDS:
        if content.startswith(start):
            # A name nobody can guess, and without the words of the upload's.
            return Paper(content, content_type, f"{secrets.token_hex(16)}.{ending}", digest_of_file(content))
    raise DocumentRefused("The file is empty." if not content else "The file is no PDF, PNG or JPEG.")


def digest_of_file(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
