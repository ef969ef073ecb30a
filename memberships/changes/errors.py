"""Why memberships can't be changed so: each refusal names the rule and the cure."""

from common.errors import Conflict, LoyaltyError, NotAllowed
from points.errors import HoldTooLarge as HoldTooLarge
from points.errors import SharesNotCovered as SharesNotCovered


class ChangeRefused(LoyaltyError):
    """No such change of these memberships; asked before any consent."""

    code = "change_refused"
    title = "These memberships can't be changed so"


class DifferentPrograms(ChangeRefused):
    code = "different_program"
    title = "Memberships of different programs never go together"


class MembershipBusy(Conflict):
    code = "change_open"
    title = "Another change of the membership is open"


class ChangeNotOpen(Conflict):
    code = "change_status"
    title = "The change is not at this step"


class TermsChanged(Conflict):
    code = "terms_changed"
    title = "The terms changed, so everyone is asked again"


class ConsentMissing(LoyaltyError):
    code = "consent_missing"
    title = "Not everyone affected has consented"


class ConsentNotTaken(LoyaltyError):
    """This consent can't be recorded so."""

    code = "consent_not_taken"
    title = "The consent can't be recorded so"


class NotAsked(LoyaltyError):
    code = "not_asked"
    title = "This person's consent is not asked for"


class CodeWrong(LoyaltyError):
    code = "code_wrong"
    title = "The code is not the one that was sent"


class AttestationNeeded(NotAllowed):
    code = "attestation_needed"
    title = "Recording a consent without a code needs a right of its own"


class OwnConsent(NotAllowed):
    code = "own_consent"
    title = "Staff record no consents to changes of their own"


class TooManyInvitations(Conflict):
    code = "too_many_invitations"
    title = "The person was sent too many codes or links"


class DocumentRefused(LoyaltyError):
    """The file is not one that is taken."""

    code = "document_refused"
    title = "The document can't be taken"


class NotUndoable(Conflict):
    code = "not_undoable"
    title = "The change can't be undone"
