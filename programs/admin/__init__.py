"""The design of programs in the back office; every step of a program's life goes through its verb."""

from .attributes import AttributeDefinitionAdmin, LabelAdmin
from .benefits import BenefitAdmin, ReciprocalBenefitAdmin, TierBenefitAdmin
from .notices import NoticeTemplateAdmin, RunAdmin
from .partners import PartnerAdmin
from .points import ConversionRateAdmin, PointTypeAdmin
from .program import ProgramAdmin
from .terms import ProgramTermsAdmin
from .tiers import TierAdmin, TierGroupAdmin

__all__ = [
    "AttributeDefinitionAdmin",
    "BenefitAdmin",
    "ConversionRateAdmin",
    "LabelAdmin",
    "NoticeTemplateAdmin",
    "PartnerAdmin",
    "PointTypeAdmin",
    "ProgramAdmin",
    "ProgramTermsAdmin",
    "ReciprocalBenefitAdmin",
    "RunAdmin",
    "TierAdmin",
    "TierBenefitAdmin",
    "TierGroupAdmin",
]
