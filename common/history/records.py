"""simple-history with its traps closed."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from simple_history.manager import HistoryDescriptor
from simple_history.models import HistoricalRecords

from common import clock
from common.constraints import AppendOnly

from .context import current_channel, current_origin
from .sql import REASON, record_stored


class HistoryRow(models.Model):
    """What every history table holds besides what simple-history writes."""

    history_channel = models.TextField(default=current_channel)

    class Meta:
        abstract = True


def _user_of_context(instance: Any, request: Any, **_: Any) -> int | None:
    return current_origin().user_id


def _set_user(history_row: Any, user: Any) -> None:
    history_row.history_user_id = getattr(user, "pk", user)


class HistoryMadeOnce(HistoryDescriptor):
    """The library makes a new class of managers at every look, which takes longer than the look itself."""

    def __init__(self, made: HistoryDescriptor) -> None:
        super().__init__(made.model, made.manager_class, made.queryset_class)
        self.managers = made.manager_class.from_queryset(made.queryset_class)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self.managers(self.model, instance)


class AuditedRecords(HistoricalRecords):
    """History without foreign key to users, append-only but for the columns listed as PERSONAL."""

    def __init__(self) -> None:
        super().__init__(
            inherit=True,
            bases=(HistoryRow,),
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.TextField(null=True),
            history_user_id_field=models.BigIntegerField(null=True),
            history_user_setter=_set_user,
            get_user=_user_of_context,
        )

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        super().finalize(sender, **kwargs)
        made = vars(sender).get(self.manager_name)
        if isinstance(made, HistoryDescriptor):
            setattr(sender, self.manager_name, HistoryMadeOnce(made))

    def get_extra_fields(self, model: type[models.Model], fields: dict[str, Any]) -> dict[str, Any]:
        # One field object shared by all history tables would make each of them update the last one.
        extra: dict[str, Any] = super().get_extra_fields(model, fields)
        return {name: one.clone() if isinstance(one, models.Field) else one for name, one in extra.items()}

    def add_extra_methods(self, cls: type[models.Model]) -> None:
        """Offer no way to save without history."""

    def fields_included(self, model: Any) -> list[Any]:
        excluded = getattr(model, "HISTORY_EXCLUDED", ())
        return [
            field
            for field in super().fields_included(model)
            if field.name not in excluded and not getattr(field, "generated", False)
        ]

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        personal: tuple[str, ...] = tuple(getattr(model, "PERSONAL", ()))
        # A typed reason may name a person, whatever the model holds.
        emptying = (*personal, REASON)
        name = f"{model._meta.app_label}_{model._meta.model_name}_history"
        options: dict[str, Any] = super().get_meta_options(model)
        return options | {
            "app_label": model._meta.app_label,
            "constraints": [AppendOnly(name=name, allow_emptying=emptying)],
        }

    def get_change_reason_for_object(self, instance: Any, history_type: str, using: Any) -> str | None:
        return super().get_change_reason_for_object(instance, history_type, using) or current_origin().reason or None

    def post_save(self, instance: Any, created: bool, using: Any = None, raw: bool = False, **_: Any) -> None:
        """Copied from the table: with update_fields the instance may hold values that were not saved."""
        if raw:
            return
        self._resolve_expressions(instance)
        user = self.get_history_user(instance)
        record_stored(
            instance,
            "+" if created else "~",
            at=instance.__dict__.pop("_history_date", None),
            user_id=getattr(user, "pk", user),
            reason=self.get_change_reason_for_object(instance, "+" if created else "~", using),
        )

    def create_historical_record(self, instance: Any, history_type: str, using: Any = None) -> None:
        planned = getattr(instance, "_history_date", None)
        instance._history_date = planned or clock.now()
        try:
            super().create_historical_record(instance, history_type, using=using)
        finally:
            del instance._history_date

    def _resolve_expressions(self, instance: Any) -> None:
        """Read what F() and its kind became: whoever saved may ask the instance."""
        attributes = (field.attname for field in self.fields_included(instance))
        unresolved = [name for name in attributes if hasattr(instance.__dict__.get(name), "resolve_expression")]
        if unresolved:
            instance.refresh_from_db(fields=unresolved)


def differs(fields: Sequence[Any], one: Any, other: Any) -> bool:
    """Whether two rows differ in one of the fields, whatever type a caller assigned."""
    return any(
        field.to_python(getattr(one, field.attname)) != field.to_python(getattr(other, field.attname))
        for field in fields
    )
