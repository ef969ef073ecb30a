from programs.models.base import DesignModel, DesignVersion, bump_design
from programs.models.benefit import Benefit, TierBenefit
from programs.models.kept import KeptFigures
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
    "Benefit",
    "CheckScheme",
    "ConversionRate",
    "DesignModel",
    "DesignVersion",
    "Downgrade",
    "ExpiryPolicy",
    "ExpiryRounding",
    "FedBy",
    "KeptFigures",
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
    "TierBenefit",
    "TierGroup",
    "TierPeriod",
    "bump_design",
]
