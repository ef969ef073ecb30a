"""Drawing card numbers while the database stores the last ones."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from cards.numbering import new_numbers
from programs.models import Program


class Ahead:
    """Draws in a thread, which runs while this one waits for the database."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._drawn: Future[list[str]] | None = None

    def take(self, count: int, *, then: int) -> list[str]:
        """So many numbers; `then` is how many will be wanted next."""
        numbers = self._drawn.result() if self._drawn is not None else []
        if len(numbers) < count:
            numbers += new_numbers(self._program, count=count - len(numbers))
        self._drawn = self._thread.submit(new_numbers, self._program, count=then) if then else None
        return numbers[:count]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
