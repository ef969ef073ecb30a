from programs.models.attribute import AttributeDefinition, AttributeType, Label
from programs.models.base import DesignModel, DesignVersion, bump_design
from programs.models.benefit import Benefit, ReciprocalBenefit, TierBenefit
from programs.models.kept import KeptFigures
from programs.models.notice import NoticeTemplate
from programs.models.partner import Partner
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
from programs.models.run import Run
from programs.models.terms import ProgramTerms
from programs.models.tier import Downgrade, FedBy, Tier, TierGroup, TierPeriod

__all__ = [
    "Activation",
    "AttributeDefinition",
    "AttributeType",
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
    "Label",
    "LeavingRule",
    "NoticeTemplate",
    "NumberBody",
    "Partner",
    "PointKind",
    "PointType",
    "Program",
    "ProgramStatus",
    "ProgramTerms",
    "ReciprocalBenefit",
    "Redeemers",
    "RefundPolicy",
    "Run",
    "SplitPolicy",
    "Tier",
    "TierBenefit",
    "TierGroup",
    "TierPeriod",
    "bump_design",
]
