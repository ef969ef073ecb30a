"""Personal values in lists, forms and history: masked for whoever has not unmasked the customer they belong to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest
from simple_history.template_utils import HistoricalRecordContextHelper

from common.actor import Actor
from common.staff_actor import actor_of_request

from .rights import id_at

UNMASK = "personal:unmask"
Mask = Callable[[Any], str | None]


class MaskedValue:
    """A column or a read-only field that shows a personal value as `actor` may see it."""

    def __init__(self, field: Any, mask: Mask, customer_path: str, actor: Actor) -> None:
        self.name = self.__name__ = str(field.name)
        self.short_description = field.verbose_name
        self.mask = mask
        self.customer_path = customer_path
        self.actor = actor

    def __call__(self, row: models.Model) -> Any:
        value = getattr(row, self.name)
        return value if sees(self.actor, row, self.customer_path) else self.mask(value)


class MasksPersonal:
    """For a ModelAdmin whose rows hold personal values (the model's PERSONAL) of a customer.

    `customer_path` leads from a row to that customer ("pk" for customers themselves); None: nothing is masked.
    """

    model: Any
    customer_path: ClassVar[str | None] = None
    masks: ClassVar[Mapping[str, Mask]] = {}

    @property
    def personal(self) -> tuple[str, ...]:
        return getattr(self.model, "PERSONAL", ()) if self.customer_path is not None else ()

    def sees_personal(self, request: HttpRequest, obj: models.Model | None) -> bool:
        """A new row is seen by whoever writes it."""
        return obj is None or not self.customer_path or sees(actor_of_request(request), obj, self.customer_path)

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns = super().get_list_display(request)  # type: ignore[misc]
        return [self._masked(request, name) if name in self.personal else name for name in columns]

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Any:
        links = super().get_list_display_links(request, list_display)  # type: ignore[misc]
        shown = {getattr(column, "name", column): column for column in list_display}
        return None if links is None else [shown.get(link, link) if isinstance(link, str) else link for link in links]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if not self.personal or self.sees_personal(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": self._replaced(request, options["fields"])}) for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Sequence[Any]:
        fields = super().get_readonly_fields(request, obj)  # type: ignore[misc]
        if not self.personal or self.sees_personal(request, obj):
            return fields
        kept = [name for name in fields if name not in self.personal]
        return [*kept, *(self._masked(request, name) for name in self.personal)]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A filter in the address would tell personal values letter by letter."""
        if lookup.split("__")[0] in self.personal:
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]

    def mask_of(self, name: str) -> Mask:
        return self.masks.get(name, lambda value: None if value is None else "***")

    def _masked(self, request: HttpRequest, name: str) -> MaskedValue:
        """One object per request and field: Django looks a field up by identity."""
        known: dict[Any, MaskedValue] = request.__dict__.setdefault("_masked_values", {})
        if (self, name) not in known:
            field = self.model._meta.get_field(name)
            path = self.customer_path or ""
            known[self, name] = MaskedValue(field, self.mask_of(name), path, actor_of_request(request))
        return known[self, name]

    def _replaced(self, request: HttpRequest, fields: Sequence[Any]) -> list[Any]:
        return [
            self._replaced(request, one)
            if isinstance(one, (list, tuple))
            else self._masked(request, one)
            if one in self.personal
            else one
            for one in fields
        ]


class MaskingHelper(HistoricalRecordContextHelper):
    """History tells that a personal value changed, and not what it was."""

    def __init__(self, model: type[models.Model], record: Any, masks: Mapping[str, Mask]) -> None:
        super().__init__(model, record)
        self.masks = masks

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        prepared = super().prepare_delta_change_value(change, value)
        return self.masks[change.field](prepared) if change.field in self.masks else prepared


def sees(actor: Actor, row: models.Model, customer_path: str) -> bool:
    customer_id = id_at(row, customer_path)
    return customer_id is not None and actor.sees(customer_id)
