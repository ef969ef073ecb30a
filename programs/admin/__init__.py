"""The design of programs in the back office; every step of a program's life goes through its verb."""

from .points import ConversionRateAdmin, PointTypeAdmin
from .program import ProgramAdmin
from .terms import ProgramTermsAdmin
from .tiers import TierAdmin, TierGroupAdmin

__all__ = ["ConversionRateAdmin", "PointTypeAdmin", "ProgramAdmin", "ProgramTermsAdmin", "TierAdmin", "TierGroupAdmin"]
