"""Memberships and what belongs to them, to be looked at: every change is a verb of the desk."""

from .changes import (
    ChangePartyAdmin,
    ConsentAdmin,
    ConsentDecisionAdmin,
    ConsentDocumentAdmin,
    ConsentInvitationAdmin,
    MembershipChangeAdmin,
)
from .membership import MembershipAdmin
from .parts import (
    CardHoldingAdmin,
    CardRegistrationAdmin,
    MemberAdmin,
    MembershipTermAdmin,
    TermsAcceptanceAdmin,
    TierStandingAdmin,
)

__all__ = [
    "CardHoldingAdmin",
    "CardRegistrationAdmin",
    "ChangePartyAdmin",
    "ConsentAdmin",
    "ConsentDecisionAdmin",
    "ConsentDocumentAdmin",
    "ConsentInvitationAdmin",
    "MemberAdmin",
    "MembershipAdmin",
    "MembershipChangeAdmin",
    "MembershipTermAdmin",
    "TermsAcceptanceAdmin",
    "TierStandingAdmin",
]
