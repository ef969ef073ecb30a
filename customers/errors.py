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


class NotAffiliable(CustomerError):
    code = "not_affiliable"
    title = "This is no affiliation of a person with an organization"


class AlreadyAffiliated(Conflict):
    code = "already_affiliated"
    title = "The person belongs to the organization on these days already"


class AffiliationPeriod(CustomerError):
    code = "affiliation_period"
    title = "These days don't fit the affiliation"


class PersonnelNumberTaken(Conflict):
    code = "personnel_number_taken"
    title = "The personnel number is somebody else's"


class EmployeeGroupRefused(CustomerError):
    code = "employee_group_refused"
    title = "This employee group can't be used here"
