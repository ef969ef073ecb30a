"""What is wrong with a file, one of its lines, or a cell."""

from dataclasses import dataclass

from common.errors import LoyaltyError


class SheetRefused(LoyaltyError):
    """The file as a whole can't be read; the message names the line where there is one."""

    code = "sheet_refused"
    title = "The file can't be read"


class LineRefused(LoyaltyError):
    """A line can't be taken."""

    code = "line_refused"
    title = "The line can't be taken"


class CellRefused(ValueError):
    """A cell does not hold what its column asks for; the message names the cure."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that holds no value, with the reason; `shown` is what stands in it."""

    reason: str
    shown: object = ""

    def __str__(self) -> str:
        return str(self.shown)
