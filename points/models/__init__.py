from points.models.account import PointAccount, PointAccountSet
from points.models.adjustment import Adjustment, AdjustmentStatus
from points.models.figures import DayFigure, KeptDays
from points.models.hold import Hold, HoldLot, HoldStatus
from points.models.ledger import Entry, Posting, PostingKind
from points.models.lot import Debt, Draw, Lot, LotContributorChange, LotDateChange
from points.models.reversal import Reversal, ReversalLine

__all__ = [
    "Adjustment",
    "AdjustmentStatus",
    "DayFigure",
    "Debt",
    "Draw",
    "Entry",
    "Hold",
    "HoldLot",
    "HoldStatus",
    "KeptDays",
    "Lot",
    "LotContributorChange",
    "LotDateChange",
    "PointAccount",
    "PointAccountSet",
    "Posting",
    "PostingKind",
    "Reversal",
    "ReversalLine",
]
