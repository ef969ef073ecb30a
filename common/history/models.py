"""The base class of audited models and their querysets."""

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn, Self

from django.core.checks import CheckMessage, Warning
from django.db import models, transaction

from .records import AuditedRecords


class UnrecordedChange(TypeError):
    """A call that would change an audited model without a history row."""


class AuditedQuerySet(models.QuerySet[Any]):
    """Refuses the calls that write no history."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UnrecordedChange(f"{self.model.__name__} is audited: use update_with_history() or create_with_history().")

    update = bulk_update = bulk_create = _refuse
    aupdate = abulk_update = abulk_create = _refuse


class AuditedModel(models.Model):
    """A model whose every change leaves a history row.

    `PERSONAL` lists the fields that erasure may empty in history too; `HISTORY_EXCLUDED` those that never
    enter it (secrets, time stamps of logins). `_change_reason` may be set for the next save; else the
    context's reason counts.
    """

    PERSONAL: ClassVar[tuple[str, ...]] = ()
    HISTORY_EXCLUDED: ClassVar[tuple[str, ...]] = ()

    objects = AuditedQuerySet.as_manager()
    history = AuditedRecords()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # History is written after Django's own transaction of the save.
        with transaction.atomic(savepoint=False), _forgetting_reason(self):
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic(savepoint=False), _forgetting_reason(self):
            return super().delete(*args, **kwargs)

    @classmethod
    def check(cls, **kwargs: Any) -> list[CheckMessage]:
        return [*super().check(**kwargs), *cls._check_querysets(cls._meta.managers)]

    @classmethod
    def _check_querysets(cls, managers: Iterable[Any]) -> list[CheckMessage]:
        return [
            Warning(
                f"The manager {manager.name!r} of an audited model allows changes without history.",
                hint="Derive its queryset from common.history.AuditedQuerySet.",
                obj=cls,
                id="common.W001",
            )
            for manager in managers
            if not issubclass(manager._queryset_class, AuditedQuerySet)
        ]


class _forgetting_reason:
    """simple-history leaves the reason and the user on the instance and would record them again."""

    def __init__(self, instance: models.Model) -> None:
        self.instance = instance

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.instance.__dict__.pop("_change_reason", None)
        self.instance.__dict__.pop("_history_user", None)
