"""Memberships and what belongs to them, to be looked at: every change is a verb of the desk."""

from .membership import MembershipAdmin
from .parts import CardHoldingAdmin, MemberAdmin, MembershipTermAdmin, TermsAcceptanceAdmin, TierStandingAdmin

__all__ = [
    "CardHoldingAdmin",
    "MemberAdmin",
    "MembershipAdmin",
    "MembershipTermAdmin",
    "TermsAcceptanceAdmin",
    "TierStandingAdmin",
]
