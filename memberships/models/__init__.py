from memberships.models.holding import CardHolding
from memberships.models.membership import EndReason, Member, Membership, MembershipStatus, MembershipType
from memberships.models.participation import MembershipTerm, StandingSource, TermsAcceptance, TierStanding

__all__ = [
    "CardHolding",
    "EndReason",
    "Member",
    "Membership",
    "MembershipStatus",
    "MembershipTerm",
    "MembershipType",
    "StandingSource",
    "TermsAcceptance",
    "TierStanding",
]
