"""Refusals of what marketing designs."""

from common.errors import LoyaltyError


class ProgramError(LoyaltyError):
    """Root of this app's errors."""


class NoPointType(ProgramError):
    code = "no_point_type"
    title = "No such point type in this program"
