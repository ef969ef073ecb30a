"""Refusals of what members do."""

from common.errors import LoyaltyError


class ActivityError(LoyaltyError):
    """Root of this app's errors."""


class UnknownActivityType(ActivityError):
    code = "unknown_activity_type"
    title = "No such activity type in this program"


class LimitExceeded(ActivityError):
    code = "limit_exceeded"
    title = "Above the program's limit"


class NotBeneficiary(ActivityError):
    code = "not_beneficiary"
    title = "This membership takes no donations"


class PointsNeeded(ActivityError):
    code = "points_needed"
    title = "The activity needs its points"


class PointsNotTaken(ActivityError):
    code = "points_not_taken"
    title = "The activity takes no points"
