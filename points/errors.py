"""Refusals of the ledger, each with the numbers behind it."""

from common.errors import Conflict, LoyaltyError, Malformed, NotAllowed


class LedgerError(LoyaltyError):
    """Root of this app's errors."""


class InsufficientPoints(LedgerError):
    code = "insufficient_points"
    title = "Not enough points"

    def __init__(self, *, available: int, asked: int, point_type: str) -> None:
        super().__init__(
            f"{available} points of type “{point_type}” are available, {asked} were asked for.",
            facts={"available": available, "asked": asked, "point_type": point_type},
        )


class AccountClosed(LedgerError):
    code = "account_closed"
    title = "This account takes no points"


class NotRedeemable(LedgerError):
    code = "not_redeemable"
    title = "Qualifying points cannot be spent"


class NotTransferable(LedgerError):
    code = "not_transferable"
    title = "These points cannot be transferred"


class SameAccount(LedgerError):
    code = "same_account"
    title = "These points are there already"


class TransferOutOfLimits(LedgerError):
    code = "transfer_limit"
    title = "The program limits transfers"


class AccountRested(LedgerError):
    code = "account_rested"
    title = "The account was without activity too long"


class DifferentProgram(LedgerError):
    code = "different_program"
    title = "Points never cross programs"


class SpendingFrozen(LedgerError):
    code = "spending_frozen"
    title = "Nothing is spent from these points for now"


class NotReversible(LedgerError):
    code = "not_reversible"
    title = "This posting cannot be reversed"


class PointsSpent(LedgerError):
    code = "points_spent"
    title = "The points to take back are not there any more"


class ReasonNotACode(Malformed):
    code = "reason_not_a_code"
    title = "The reason is no reason code"


class OwnPoints(LedgerError):
    code = "own_points"
    title = "Nobody corrects their own points"


class EventTimeOutOfRange(LedgerError):
    code = "event_time_out_of_range"
    title = "The event lies too far from now"


class HoldOutOfBounds(LedgerError):
    code = "hold_out_of_bounds"
    title = "A hold can't last so long"


class CaptureTooLarge(LedgerError):
    code = "capture_too_large"
    title = "More than was held"


class LotNotExtendable(LedgerError):
    code = "lot_not_extendable"
    title = "This lot's date can't be moved so"


class LotsNotRedatable(LedgerError):
    code = "lots_not_redatable"
    title = "Lots of this type can't be re-dated"


class HoldNotOpen(Conflict):
    code = "hold_not_open"
    title = "This hold is over"


class AdjustmentDecided(Conflict):
    code = "adjustment_decided"
    title = "This adjustment was decided already"


class OpeningRefused(LedgerError):
    code = "opening_refused"
    title = "This balance can't be taken over"


class OpeningKnown(Conflict):
    code = "opening_known"
    title = "Another balance was taken over already"


class AboveLimit(NotAllowed):
    code = "above_limit"
    title = "So many points need a supervisor"


class HoldTooLarge(LedgerError):
    code = "hold_larger_than_share"
    title = "A hold is larger than the share it would go with"


class SharesNotCovered(LedgerError):
    code = "shares_not_covered"
    title = "The pool has less than the shares ask for"
