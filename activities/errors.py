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


class ReferenceTaken(ActivityError):
    code = "reference_taken"
    status = 409
    title = "This channel has used the reference before"


class NotThatPersons(ActivityError):
    code = "card_needed"
    title = "Another person's points take that person's card or code"


class NotReturnable(ActivityError):
    code = "not_returnable"
    title = "Nothing of it can be returned"


class AlreadyReturned(ActivityError):
    code = "already_returned"
    title = "Returned in full already"


class ReturnTooLarge(ActivityError):
    code = "return_too_large"
    title = "More than was sold"


class UnknownItem(ActivityError):
    code = "unknown_item"
    title = "The sale has no such item"


class ReceiptAttributed(ActivityError):
    code = "receipt_attributed"
    title = "The receipt has earned already"


class ClaimDecided(ActivityError):
    code = "claim_decided"
    status = 409
    title = "The claim was decided already"


class NotQueued(ActivityError):
    code = "not_queued"
    title = "This can't wait in the queue"


class UnknownPartner(ActivityError):
    code = "unknown_partner"
    title = "No such active partner of this program"


class NotFailed(ActivityError):
    code = "not_failed"
    status = 409
    title = "Only what failed is processed again"
