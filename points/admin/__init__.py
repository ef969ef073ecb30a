"""The ledger in the back office: read only, every row with the way to those it belongs to."""

from .accounts import PointAccountAdmin, PointAccountSetAdmin
from .corrections import AdjustmentAdmin, ReversalAdmin
from .holds import HoldAdmin
from .ledger import EntryAdmin, PostingAdmin
from .lots import DebtAdmin, DrawAdmin, LotAdmin, LotDateChangeAdmin

__all__ = [
    "AdjustmentAdmin",
    "DebtAdmin",
    "DrawAdmin",
    "EntryAdmin",
    "HoldAdmin",
    "LotAdmin",
    "LotDateChangeAdmin",
    "PointAccountAdmin",
    "PointAccountSetAdmin",
    "PostingAdmin",
    "ReversalAdmin",
]
