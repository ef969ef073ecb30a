"""What the API takes in: strict JSON, strict types, known fields."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from common.api.fields import (
    IdField,
    PointsField,
    StrictBooleanField,
    StrictCharField,
    StrictDateTimeField,
)
from common.api.parsers import MAX_DEPTH, StrictJSONParser, parse_json
from common.api.serializers import StrictSerializer
from common.errors import Malformed


def test_ordinary_json_is_read() -> None:
    raw = '{"a": [1, -2, 1.5, true, null, "x\\u00e9\\"\\\\u0000", {"b": {}}], "ü": "\\ud83d\\ude00"}'
    assert parse_json(raw.encode()) == {
        "a": [1, -2, 1.5, True, None, 'xé"\\u0000', {"b": {}}],
        "ü": "\U0001f600",
    }


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"points": 1, "points": 2}', "stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "stands twice"),
        (b'{"a": NaN}', "not a JSON number"),
        (b"[Infinity]", "not a JSON number"),
        (b"[-Infinity]", "not a JSON number"),
        (b"[1e999]", "out of range"),
        (b'{"a": "x\\u0000y"}', "can't be stored"),
        (b'{"x\\u0000y": 1}', "can't be stored"),
        (b'["\\ud800"]', "can't be stored"),
        (b'{"a": ["deep", {"b": "\\udfff"}]}', "can't be stored"),
        (b'"\x00"', "not valid JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"{} {}", "not valid JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not valid JSON"),
        (b"[" + b"9" * 5000 + b"]", "not valid JSON"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested deeper"),
    ],
)
def test_everything_else_is_malformed(raw: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse_json(raw)


def test_depth_is_counted_in_levels_not_in_brackets() -> None:
    assert len(parse_json(b"[" + b",".join([b"[1]"] * 1000) + b"]")) == 1000
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) != []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "nonsense"])
def test_other_encodings_are_malformed(encoding: str) -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        StrictJSONParser().parse(None, parser_context={"encoding": encoding})


@pytest.mark.parametrize("value", [0, 1, -1, 10**15, -(10**15)])
def test_points_are_whole_numbers(value: int) -> None:
    assert PointsField().run_validation(value) == value


@pytest.mark.parametrize("value", [True, False, 10.0, "10", 1e3, None, [], {}, 10**15 + 1, -(10**15) - 1, 10**30, ""])
def test_nothing_else_is_points(value: Any) -> None:
    with pytest.raises(ValidationError):
        PointsField().run_validation(value)


@pytest.mark.parametrize("value", [0, -1, 2**63, "1", True, 1.0])
def test_an_id_is_a_positive_bigint(value: Any) -> None:
    assert IdField().run_validation(2**63 - 1) == 2**63 - 1
    with pytest.raises(ValidationError):
        IdField().run_validation(value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T12:00:00.123456-05:30", datetime(2026, 3, 1, 17, 30, 0, 123456, tzinfo=UTC)),
    ],
)
def test_a_time_has_its_offset(text: str, moment: datetime) -> None:
    assert StrictDateTimeField().run_validation(text) == moment


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-03-01T12:00:00", "offset"),
        ("2026-03-01", "offset"),
        ("2026-02-30T12:00:00Z", "invalid"),
        ("0001-01-01T00:00:00+14:00", "invalid"),
        ("yesterday", "invalid"),
        (1_700_000_000, "invalid"),
        (True, "invalid"),
    ],
)
def test_other_times_are_refused(value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        StrictDateTimeField().run_validation(value)
    assert caught.value.get_codes() == [code]


@pytest.mark.parametrize("value", [1, 1.5, True, [], None])
def test_a_text_is_a_string(value: Any) -> None:
    with pytest.raises(ValidationError):
        StrictCharField().run_validation(value)


@pytest.mark.parametrize("value", ["true", 1, 0, "on", None])
def test_a_boolean_is_true_or_false(value: Any) -> None:
    assert StrictBooleanField().run_validation(False) is False
    with pytest.raises(ValidationError):
        StrictBooleanField().run_validation(value)


class Earn(StrictSerializer):
    points = PointsField(min_value=1)
    id = serializers.IntegerField(read_only=True)


class Batch(StrictSerializer):
    items = Earn(many=True)


def test_unknown_and_read_only_fields_are_told_with_the_other_faults() -> None:
    given = Earn(data={"points": 0, "pionts": 5, "id": 7})

    assert given.is_valid() is False
    assert {name: faults[0].code for name, faults in given.errors.items()} == {
        "points": "min_value",
        "pionts": "unknown_field",
        "id": "read_only",
    }


def test_an_unknown_field_alone_is_enough() -> None:
    given = Batch(data={"items": [{"points": 1}, {"points": 1, "x": 1}]})

    assert given.is_valid() is False
    assert given.errors["items"][1]["x"][0].code == "unknown_field"


@pytest.mark.parametrize("data", [[], "x", 5])
def test_a_body_that_is_no_object_is_refused(data: Any) -> None:
    assert Earn(data=data).is_valid() is False


def test_known_input_passes() -> None:
    given = Earn(data={"points": 5})
    assert given.is_valid() is True
    assert given.validated_data == {"points": 5}
