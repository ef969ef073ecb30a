"""JSON as it should be sent, and nothing else."""

import codecs
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from rest_framework.parsers import BaseParser

from common.errors import Malformed

MAX_DEPTH = 20


class StrictJSONParser(BaseParser):
    """Refuses duplicate keys, NaN, infinity, NUL, lone surrogates, wrong encodings and deep nesting.

    The size limit is Django's DATA_UPLOAD_MAX_MEMORY_SIZE, checked before the body is read.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        context = parser_context or {}
        _check_encoding(context.get("encoding", "utf-8"))
        request = context.get("request")
        # Through `body`, so that the bytes stay readable for the digest of an idempotency key.
        return parse_json(request.body if request is not None else stream.read())


def parse_json(raw: bytes) -> Any:
    """The value, or Malformed with the reason."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Malformed(f"The body is not valid JSON: {error}.") from error
    if "\\u" in text or text.count("{") + text.count("[") > MAX_DEPTH:
        _check(value)
    return value


def _check_encoding(name: str) -> None:
    try:
        known = codecs.lookup(name).name == "utf-8"
    except LookupError:
        known = False
    if not known:
        raise Malformed("The body must be UTF-8.")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"The name {twice!a} stands twice in one object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not a JSON number.")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Malformed("A number is out of range.")
    return value


def _too_deep() -> Malformed:
    return Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check(value: Any) -> None:
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            _check_text(one)
            continue
        if not isinstance(one, (dict, list)):
            continue
        if depth > MAX_DEPTH:
            raise _too_deep()
        inner = [*one, *one.values()] if isinstance(one, dict) else one
        waiting.extend((item, depth + 1) for item in inner)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Malformed("A text holds a character that can't be stored (NUL or half of a pair).")
