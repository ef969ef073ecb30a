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
from memberships.models.participation import MembershipTerm, StandingSource, TermsAcceptance, TierStanding

__all__ = [
    "DONE",
    "OPEN",
    "CardHolding",
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
    "InvitationKind",
    "Member",
    "Membership",
    "MembershipChange",
    "MembershipStatus",
    "MembershipTerm",
    "MembershipType",
    "PartyRole",
    "StandingSource",
    "TermsAcceptance",
    "TierStanding",
]
