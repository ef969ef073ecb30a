from memberships.models.attribute import AttributeValue, LabelSource, MembershipLabel, TierReview
from memberships.models.benefit import BenefitSource, MembershipBenefit
from memberships.models.change import (
    DONE,
    OPEN,
    ChangeBasis,
    ChangeKind,
    ChangeParty,
    ChangeStatus,
    MembershipChange,
    PartyRole,
)
from memberships.models.consent import (
    Consent,
    ConsentDecision,
    ConsentDocument,
    ConsentInvitation,
    ConsentMethod,
    ConsentStatus,
    InvitationKind,
)
from memberships.models.holding import CardHolding
from memberships.models.membership import EndReason, Member, Membership, MembershipStatus, MembershipType
from memberships.models.organization import (
    AgreementBenefit,
    AgreementForm,
    AgreementTier,
    AgreementVersion,
    InheritedAgreement,
    OrganizationAgreement,
    OrganizationSignatory,
)
from memberships.models.participation import MembershipTerm, StandingSource, TermsAcceptance, TierStanding
from memberships.models.registration import CardRegistration, ProofKind, RegistrationOutcome, RegistrationStatus
from memberships.models.spending_code import SpendingCode

__all__ = [
    "DONE",
    "OPEN",
    "AgreementBenefit",
    "AgreementForm",
    "AgreementTier",
    "AgreementVersion",
    "AttributeValue",
    "BenefitSource",
    "CardHolding",
    "CardRegistration",
    "ChangeBasis",
    "ChangeKind",
    "ChangeParty",
    "ChangeStatus",
    "Consent",
    "ConsentDecision",
    "ConsentDocument",
    "ConsentInvitation",
    "ConsentMethod",
    "ConsentStatus",
    "EndReason",
    "InheritedAgreement",
    "InvitationKind",
    "LabelSource",
    "Member",
    "Membership",
    "MembershipBenefit",
    "MembershipLabel",
    "MembershipChange",
    "MembershipStatus",
    "MembershipTerm",
    "MembershipType",
    "OrganizationAgreement",
    "OrganizationSignatory",
    "PartyRole",
    "ProofKind",
    "RegistrationOutcome",
    "RegistrationStatus",
    "SpendingCode",
    "StandingSource",
    "TermsAcceptance",
    "TierReview",
    "TierStanding",
]
