"""The design of programs in the back office; every step of a program's life goes through its verb."""

from .benefits import BenefitAdmin, TierBenefitAdmin
from .notices import NoticeTemplateAdmin, RunAdmin
from .points import ConversionRateAdmin, PointTypeAdmin
from .program import ProgramAdmin
from .terms import ProgramTermsAdmin
from .tiers import TierAdmin, TierGroupAdmin

__all__ = [
    "BenefitAdmin",
    "ConversionRateAdmin",
    "NoticeTemplateAdmin",
    "PointTypeAdmin",
    "ProgramAdmin",
    "ProgramTermsAdmin",
    "RunAdmin",
    "TierAdmin",
    "TierBenefitAdmin",
    "TierGroupAdmin",
]
