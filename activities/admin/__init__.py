"""What members did, what it made, and what they may spend points on, in the back office."""

from .activities import ActivityTypeAdmin, MemberActivityAdmin
from .awards import AwardRowAdmin, BulkAwardAdmin
from .campaigns import CampaignAdmin, CampaignMemberAdmin, CampaignSpendingAdmin
from .orders import RewardOrderAdmin, StockMovementAdmin, VoucherAdmin
from .rewards import RewardItemAdmin
from .rules import (
    RewardRuleAdmin,
    RuleEffectAdmin,
    RuleGroupAdmin,
    RuleRetirementAdmin,
    RuleUseAdmin,
    RuleVersionAdmin,
)
from .sales import ClaimAdmin, TransactionAdmin, TransactionItemAdmin

__all__ = [
    "ActivityTypeAdmin",
    "AwardRowAdmin",
    "BulkAwardAdmin",
    "CampaignAdmin",
    "CampaignMemberAdmin",
    "CampaignSpendingAdmin",
    "ClaimAdmin",
    "MemberActivityAdmin",
    "RewardItemAdmin",
    "RewardOrderAdmin",
    "RewardRuleAdmin",
    "RuleEffectAdmin",
    "RuleGroupAdmin",
    "RuleRetirementAdmin",
    "RuleUseAdmin",
    "RuleVersionAdmin",
    "StockMovementAdmin",
    "TransactionAdmin",
    "TransactionItemAdmin",
    "VoucherAdmin",
]
