"""Refusals of what members do."""

from common.errors import Conflict, LoyaltyError


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


class BatchRefused(ActivityError):
    code = "batch_refused"
    title = "The file of activities is not taken"


class BatchKnown(Conflict):
    code = "batch_known"
    title = "Another file came under this name, or this file under another"
