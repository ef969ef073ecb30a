"""Why a program, its terms, clock or rates refuse."""

from common.errors import Conflict, LoyaltyError, NotAllowed


class ProgramError(LoyaltyError):
    """Root of this app's errors."""

    code = "program_refused"
    title = "Refused by the program"


class ProgramWrongStatus(Conflict):
    code = "program_wrong_status"
    title = "The program is in another status"


class ProgramNotReady(ProgramError):
    code = "program_not_ready"
    title = "The program lacks something it needs to run"


class ProgramNotClosable(Conflict):
    code = "program_not_closable"
    title = "Something of the program is still open"


class DesignNotAllowed(NotAllowed):
    code = "design_not_allowed"
    title = "Designing this program is not allowed"


class ClockNotMovable(ProgramError):
    code = "clock_not_movable"
    title = "This program's clock can't be moved so"


class TermsAlreadyReleased(Conflict):
    code = "terms_already_released"
    title = "These terms are released already"


class TermsSuperseded(Conflict):
    code = "terms_superseded"
    title = "A later version of the terms is released"


class NoPointType(ProgramError):
    code = "no_point_type"
    title = "No such point type in this program"


class NoConversionRate(ProgramError):
    code = "no_conversion_rate"
    title = "No rate between these point types at that time"


class ConversionTooSmall(ProgramError):
    code = "conversion_too_small"
    title = "The amount converts to nothing"


class AttributeRefused(ProgramError):
    code = "attribute_refused"
    title = "The attribute does not take the value"
