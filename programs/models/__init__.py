from programs.models.point_type import ConversionRate, ExpiryPolicy, ExpiryRounding, PointKind, PointType
from programs.models.program import (
    Activation,
    CheckScheme,
    LeavingRule,
    NumberBody,
    Program,
    ProgramStatus,
    Redeemers,
    RefundPolicy,
    SplitPolicy,
)
from programs.models.terms import ProgramTerms
from programs.models.tier import Downgrade, FedBy, Tier, TierGroup, TierPeriod

__all__ = [
    "Activation",
    "CheckScheme",
    "ConversionRate",
    "Downgrade",
    "ExpiryPolicy",
    "ExpiryRounding",
    "FedBy",
    "LeavingRule",
    "NumberBody",
    "PointKind",
    "PointType",
    "Program",
    "ProgramStatus",
    "ProgramTerms",
    "Redeemers",
    "RefundPolicy",
    "SplitPolicy",
    "Tier",
    "TierGroup",
    "TierPeriod",
]
