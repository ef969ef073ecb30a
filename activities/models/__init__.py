from activities.models.activity import ActivityStatus, ActivityType, MemberActivity, PointFlow
from activities.models.award import AwardRow, AwardStatus, BulkAward, Claim, ClaimStatus
from activities.models.batch import ActivityBatch, BatchSource, RefusedLine
from activities.models.campaign import Campaign, CampaignMember, CampaignSpending, CampaignStatus, Eligibility
from activities.models.reward import (
    OrderStatus,
    RewardItem,
    RewardKind,
    RewardOrder,
    RewardStatus,
    RewardStock,
    StockMovement,
)
from activities.models.rule import (
    CapScope,
    GroupMode,
    RewardRule,
    RuleEffect,
    RuleGroup,
    RuleRetirement,
    RuleStatus,
    RuleUse,
    RuleVersion,
)
from activities.models.transaction import Transaction, TransactionItem, TransactionType
from activities.models.voucher import Voucher, VoucherStatus, VoucherUse

__all__ = [
    "ActivityBatch",
    "ActivityStatus",
    "ActivityType",
    "AwardRow",
    "AwardStatus",
    "BatchSource",
    "BulkAward",
    "Campaign",
    "CampaignMember",
    "CampaignSpending",
    "CampaignStatus",
    "CapScope",
    "Claim",
    "ClaimStatus",
    "Eligibility",
    "GroupMode",
    "MemberActivity",
    "OrderStatus",
    "PointFlow",
    "RefusedLine",
    "RewardItem",
    "RewardKind",
    "RewardOrder",
    "RewardRule",
    "RewardStatus",
    "RewardStock",
    "RuleEffect",
    "RuleGroup",
    "RuleRetirement",
    "RuleStatus",
    "RuleUse",
    "RuleVersion",
    "StockMovement",
    "Transaction",
    "TransactionItem",
    "TransactionType",
    "Voucher",
    "VoucherStatus",
    "VoucherUse",
]
