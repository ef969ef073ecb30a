"""Why a customer's record refuses."""

from common.errors import Conflict, LoyaltyError, NotAllowed


class CustomerError(LoyaltyError):
    """Root of this app's errors."""

    code = "customer_refused"
    title = "Refused by the customer's record"


class LikelyDuplicate(Conflict):
    code = "likely_duplicate"
    title = "This customer probably exists already"


class CustomerNumberRefused(CustomerError):
    code = "customer_number"
    title = "This customer number can't be taken over"


class CustomerWrongStatus(Conflict):
    code = "customer_wrong_status"
    title = "The customer is in another status"


class CustomerErased(Conflict):
    code = "customer_erased"
    title = "The customer was erased"


class CustomerNotDeletable(Conflict):
    code = "customer_not_deletable"
    title = "Something refers to the customer"


class CustomerNotErasable(Conflict):
    code = "customer_not_erasable"
    title = "Something must be settled before the customer can be erased"


class CustomerNotClosable(Conflict):
    code = "customer_not_closable"
    title = "Something of the customer is still open"


class ErasingNotAllowed(NotAllowed):
    code = "erasing_not_allowed"
    title = "Erasing customers is not allowed"


class NotOnePerson(Conflict):
    """The two records can't be found to be one person now."""

    code = "not_one_person"
    title = "These records can't be treated as one person"
