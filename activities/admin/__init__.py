"""What members did, what it made, and what they may spend points on, in the back office."""

from .activities import ActivityTypeAdmin, MemberActivityAdmin
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

__all__ = [
    "ActivityTypeAdmin",
    "CampaignAdmin",
    "CampaignMemberAdmin",
    "CampaignSpendingAdmin",
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
    "VoucherAdmin",
]
