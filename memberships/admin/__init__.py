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
from .organizations import (
    AgreementVersionAdmin,
    InheritedAgreementAdmin,
    MembershipBenefitAdmin,
    OrganizationAgreementAdmin,
    OrganizationSignatoryAdmin,
)
from .parts import (
    CardHoldingAdmin,
    CardRegistrationAdmin,
    MemberAdmin,
    MembershipTermAdmin,
    TermsAcceptanceAdmin,
    TierStandingAdmin,
)
from .sent import SpendingCodeAdmin
from .tracked import AttributeValueAdmin, MembershipLabelAdmin, TierReviewAdmin

__all__ = [
    "AgreementVersionAdmin",
    "AttributeValueAdmin",
    "CardHoldingAdmin",
    "CardRegistrationAdmin",
    "ChangePartyAdmin",
    "ConsentAdmin",
    "ConsentDecisionAdmin",
    "ConsentDocumentAdmin",
    "ConsentInvitationAdmin",
    "InheritedAgreementAdmin",
    "MemberAdmin",
    "MembershipAdmin",
    "MembershipBenefitAdmin",
    "MembershipChangeAdmin",
    "MembershipLabelAdmin",
    "MembershipTermAdmin",
    "OrganizationAgreementAdmin",
    "OrganizationSignatoryAdmin",
    "SpendingCodeAdmin",
    "TermsAcceptanceAdmin",
    "TierReviewAdmin",
    "TierStandingAdmin",
]
