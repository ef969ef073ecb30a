"""Invariants of memberships, of the sets they use, of cards in hand and of agreements."""

from common.audit import Source
from memberships.audit import (
    accounts,
    changes,
    consents,
    holdings,
    organizations,
    participation,
    registrations,
    tracked,
)

__all__ = ["INVARIANTS", "SOURCES"]

OWN = "program_id = %(program)s"
SOURCES = (
    Source("membership", "memberships_membership", program=OWN),
    Source("member", "memberships_member", program=OWN),
    Source("holding", "memberships_cardholding", program=OWN),
    Source("standing", "memberships_tierstanding", program=OWN),
    Source("tier_review", "memberships_tierreview", program=OWN),
    Source("attribute_value", "memberships_attributevalue", program=OWN),
    Source("label_given", "memberships_membershiplabel", program=OWN),
    Source("agreement", "memberships_organizationagreement", program=OWN),
    Source("change", "memberships_membershipchange", program=OWN),
    Source("party", "memberships_changeparty", program=OWN),
    Source("consent", "memberships_consent", program=OWN),
    Source("registration", "memberships_cardregistration", program=OWN),
)
INVARIANTS = (
    *accounts.INVARIANTS,
    *participation.INVARIANTS,
    *holdings.INVARIANTS,
    *organizations.INVARIANTS,
    *changes.INVARIANTS,
    *consents.INVARIANTS,
    *registrations.INVARIANTS,
    *tracked.INVARIANTS,
)
