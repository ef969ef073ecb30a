"""Numbers and codes tried at random: counted per caller in shared storage, outside of any verb's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from cards.errors import NumberTaken
from common.errors import NotFound
from gateway.throttling import FAILURE_WINDOW, count_failure, seconds_left, too_many_failures
from memberships.errors import CardRegistered, CodeNotValid, WrongCode

# Wrong numbers and codes; and that a number is somebody's tells that there is such a card.
GUESSED = (NotFound, NumberTaken, CardRegistered, WrongCode, CodeNotValid)


@contextmanager
def guess(request: Request) -> Iterator[None]:
    """Around a look-up by number: what is GUESSED counts, and after too many nothing is looked up."""
    auth: Any = request.auth
    subject = f"numbers:{auth.throttle_subject}"
    if too_many_failures(subject):
        raise Throttled(wait=seconds_left(FAILURE_WINDOW))
    try:
        yield
    except GUESSED:
        count_failure(subject)
        raise
