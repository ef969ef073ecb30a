"""What members did, what it made, and what they may spend points on, in the back office."""

from .activities import ActivityTypeAdmin, MemberActivityAdmin
from .orders import RewardOrderAdmin, StockMovementAdmin, VoucherAdmin
from .rewards import RewardItemAdmin

__all__ = [
    "ActivityTypeAdmin",
    "MemberActivityAdmin",
    "RewardItemAdmin",
    "RewardOrderAdmin",
    "StockMovementAdmin",
    "VoucherAdmin",
]
