"""Why a card can't do what was asked."""

from common.errors import Conflict, LoyaltyError


class CardStatusConflict(Conflict):
    code = "card_status"
    title = "The card's status does not allow it"


class CardNotUsable(LoyaltyError):
    code = "card_blocked"
    title = "The card is not usable"


class NumbersExhausted(LoyaltyError):
    code = "numbers_exhausted"
    title = "No free card number found"


class SchemeUnusable(LoyaltyError):
    code = "number_scheme_unusable"
    title = "The number scheme can't give numbers"


class TimeOutOfRange(LoyaltyError):
    code = "event_time_out_of_range"
    title = "The time is out of range"


class CardsWait(LoyaltyError):
    code = "program_not_released"
    title = "The program takes no new cards"


class CardTypeRefused(LoyaltyError):
    code = "card_type"
    title = "The card can't be of that type"


class CardEndPast(LoyaltyError):
    code = "card_end"
    title = "The card's last day is over"


class CardHasSuccessor(Conflict):
    code = "card_has_successor"
    title = "The card has a successor already"


class NumberTaken(Conflict):
    code = "number_taken"
    title = "The number is taken"


class NumberRefused(LoyaltyError):
    code = "number_refused"
    title = "This is no number for a card"


class BatchWrong(LoyaltyError):
    code = "batch_wrong"
    title = "There can be no such batch of cards"


class BatchDiffers(Conflict):
    code = "batch_differs"
    title = "A batch of that name has other figures"


class BatchNotReady(Conflict):
    code = "batch_not_ready"
    title = "The batch is not ready"


class BatchRevoked(Conflict):
    code = "batch_revoked"
    title = "The batch is revoked"


class BatchDownloaded(Conflict):
    code = "batch_downloaded"
    title = "The file of the batch was given out already"
