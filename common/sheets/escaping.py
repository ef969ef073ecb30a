"""Text that a spreadsheet would take for a formula, made harmless and made back (CWE-1236).

A cell that begins with = + - @, a tab or a line break gets an apostrophe in front. One that begins with apostrophes
and then such a character gets one more, so that nothing is lost: `unescaped(escaped(text)) == text` for every text.
"""

import re
from typing import TypeVar

T = TypeVar("T")
# The full-width forms are taken for the plain ones by some programs.
DANGEROUS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001
STARTS_ESCAPED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001


def escaped(value: T) -> T | str:
    """The value as it may stand in a cell; numbers, dates and None stay what they are."""
    if isinstance(value, str) and DANGEROUS.match(value):
        return f"'{value}"
    return value


def unescaped(text: str) -> str:
    """The text `escaped` made that cell from."""
    return text[1:] if STARTS_ESCAPED.match(text) else text
