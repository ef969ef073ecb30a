"""Serializers that refuse what they do not know."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from .dry_run import is_rehearsal, row_id
from .fields import StrictBooleanField, StrictCharField, StrictDateTimeField, StrictIntegerField


class _KnownFieldsOnly:
    """Unknown and read-only names in the input are faults like any other, told together with them."""

    fields: Any

    def to_internal_value(self, data: Any) -> Any:
        faults = self._unknown(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
        except ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            raise ValidationError({**error.detail, **faults}) from error
        if faults:
            raise ValidationError(faults)
        return value

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        faults = {}
        for name in data:
            if name not in self.fields:
                faults[name] = [ErrorDetail("This field is unknown.", code="unknown_field")]
            elif self.fields[name].read_only:
                faults[name] = [ErrorDetail("This field can't be set.", code="read_only")]
        return faults


class StrictSerializer(_KnownFieldsOnly, serializers.Serializer):
    """For the input of verbs and for answers that are no model."""

    def validated(self, data: Any) -> dict[str, Any]:
        """What `run_validation` answers, for one serializer kept for all calls of a busy route.

        Only the fields that were given are asked; so no field may have a default, a source or be read-only. Any
        fault is left to `run_validation`, which tells all of them.
        """
        fields: Any = self.fields
        if type(data) is dict and self._required <= data.keys():
            try:
                return self.validate({name: fields[name].run_validation(value) for name, value in data.items()})
            except (KeyError, ValidationError):
                pass
        validated: dict[str, Any] = self.run_validation(data)
        return validated

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, field in self.fields.items() if field.required)


class StrictModelSerializer(_KnownFieldsOnly, serializers.ModelSerializer):
    """For a model; its fields take exact JSON types, its ids are null where a dry run kept no row."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.BooleanField: StrictBooleanField,
        models.CharField: StrictCharField,
        models.TextField: StrictCharField,
        models.DateTimeField: StrictDateTimeField,
        models.IntegerField: StrictIntegerField,
        models.BigIntegerField: StrictIntegerField,
        models.PositiveIntegerField: StrictIntegerField,
        models.PositiveSmallIntegerField: StrictIntegerField,
        models.SmallIntegerField: StrictIntegerField,
    }

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if is_rehearsal():
            self._mark_ids(shown)
        return shown

    def _mark_ids(self, shown: dict[str, Any]) -> None:
        model: Any = self.Meta.model
        columns = {column.name: column for column in model._meta.concrete_fields}
        for name, field in self.fields.items():
            column = columns.get(field.source)
            if column is None or not isinstance(shown.get(name), int):
                continue
            if column.primary_key:
                shown[name] = row_id(model, shown[name])
            elif column.is_relation:
                shown[name] = row_id(column.related_model, shown[name])


class FieldErrorSerializer(serializers.Serializer):
    pointer = serializers.CharField(help_text="JSON pointer into the body, or ?name for a query parameter.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """How every error is answered (only for the documentation)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable; meant for programs.")
    facts = serializers.DictField(help_text="The numbers behind the refusal.")
    errors = FieldErrorSerializer(many=True)  # type: ignore[assignment]


class NoInput(StrictSerializer):
    """For calls that say all in their address: a body is refused as anywhere, but an empty object may come."""
