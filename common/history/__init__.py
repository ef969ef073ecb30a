"""Who changed what, when, through which channel and why: the base of every audited model.

`with audit_context(actor, reason): ...` around a verb is enough; every save and delete inside writes its
history row in the same transaction. Changes of many rows at once go through `update_with_history`, or those of
like name, or by a statement that ends with what `recording` answers; the plain bulk calls of an audited
model refuse.
"""

from .bulk import create_with_history, delete_with_history, save_with_history, update_with_history
from .context import audit_context, current_channel, desk_context
from .erasure import erase_personal
from .models import AuditedModel, AuditedQuerySet, UnrecordedChange
from .sql import recording

__all__ = [
    "AuditedModel",
    "AuditedQuerySet",
    "UnrecordedChange",
    "audit_context",
    "create_with_history",
    "current_channel",
    "delete_with_history",
    "desk_context",
    "erase_personal",
    "recording",
    "save_with_history",
    "update_with_history",
]
