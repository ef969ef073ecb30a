"""Card numbers by the hundred thousand: the next ones are drawn while the database stores the last."""

import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from cards.numbering import BASE32, body_length, check_of
from programs.models import NumberBody, Program

# Every symbol stands for eight of the 256 values of a byte, so all are equally likely.
_SYMBOLS = (BASE32 * 8).encode()


def draw_numbers(program: Program, *, count: int) -> list[str]:
    """So many numbers by the program's scheme from the operating system's randomness, ascending; not registered."""
    length, check = body_length(program), check_of(program)
    if program.card_body == NumberBody.BASE32:
        bodies = [secrets.token_bytes(length).translate(_SYMBOLS).decode() for _ in range(count)]
    else:
        most = 10**length
        bodies = [f"{secrets.randbelow(most):0{length}d}" for _ in range(count)]
    starts = [program.card_prefix + body for body in bodies]
    return sorted(start + check(start) for start in starts)


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
            numbers += draw_numbers(self._program, count=count - len(numbers))
        self._drawn = self._thread.submit(draw_numbers, self._program, count=then) if then else None
        return numbers[:count]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
