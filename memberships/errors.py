"""Why a membership can't be had, changed or used."""

from common.errors import Conflict, LoyaltyError


class AlreadyMember(Conflict):
    code = "already_member"
    title = "The person takes part already"


class TermsNotAccepted(LoyaltyError):
    code = "terms_not_accepted"
    title = "The terms were not accepted"


class ProgramNotOpen(LoyaltyError):
    code = "program_not_released"
    title = "The program takes no such step now"


class OutsideValidity(LoyaltyError):
    code = "program_not_valid"
    title = "The program does not run at that time"


class MembershipNotAble(LoyaltyError):
    code = "membership_not_able"
    title = "The membership may not do this now"


class CustomerNotActive(LoyaltyError):
    code = "customer_not_active"
    title = "The customer is not active"


class CoolingDown(LoyaltyError):
    code = "cool_down"
    title = "The person left too recently"


class TypeNotEnrolled(LoyaltyError):
    code = "type_not_enrolled"
    title = "Memberships of this type do not come from enrolment"


class TimeOutOfRange(LoyaltyError):
    code = "event_time_out_of_range"
    title = "The time is out of range"


class EnrolmentsRefused(LoyaltyError):
    code = "enrolments_refused"
    title = "Not every program takes the enrolment, so none was made"


class NumbersExhausted(LoyaltyError):
    code = "numbers_exhausted"
    title = "No free member number found"


class MemberNumberRefused(LoyaltyError):
    code = "member_number"
    title = "This member number can't be taken over"


class WrongStatus(Conflict):
    code = "membership_status"
    title = "The membership's status does not allow it"


class NotRestorable(Conflict):
    code = "membership_not_restorable"
    title = "The ended membership can't be brought back"


class SplitFirst(LoyaltyError):
    code = "split_first"
    title = "One of several members leaves by a split"


class HandOverRefused(LoyaltyError):
    code = "hand_over_refused"
    title = "This can't be handed over so"


class OverrideRefused(LoyaltyError):
    code = "no_exception"
    title = "This membership redeems by its type"


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    title = "No term is waiting for a payment"


class NoTerm(LoyaltyError):
    code = "no_term"
    title = "The membership has no term"


class ReasonMissing(LoyaltyError):
    code = "reason_missing"
    title = "A reason is needed"


class StandingRefused(LoyaltyError):
    code = "standing_refused"
    title = "The tier can't be set so"


class OrganizationRefused(LoyaltyError):
    code = "organization_refused"
    title = "The organization's membership can't be like that"


class AlreadyOrganization(Conflict):
    code = "already_organization"
    title = "The organization has a membership in the program already"


class LastSignatory(LoyaltyError):
    code = "last_signatory"
    title = "An organization's membership keeps a signatory"


class AgreementRefused(LoyaltyError):
    code = "agreement_refused"
    title = "The agreement can't be like that"


class AgreementsOverlap(Conflict):
    code = "agreements_overlap"
    title = "Another agreement holds for the same people in these days"


class NoOrganization(LoyaltyError):
    code = "no_organization"
    title = "No membership of an organization to enrol under"


class OrganizationNotActive(LoyaltyError):
    code = "organization_not_active"
    title = "The organization's membership is not active"


class UnderNoOrganization(Conflict):
    code = "under_no_organization"
    title = "The membership stands under no organization"


class NoAgreement(LoyaltyError):
    code = "no_agreement"
    title = "No agreement holds for the person on that day"


class AgreementFull(LoyaltyError):
    code = "agreement_full"
    title = "The agreement has as many memberships as it allows"


class LabelRefused(LoyaltyError):
    code = "label_refused"
    title = "There is no such label"


class BenefitRefused(LoyaltyError):
    code = "benefit_refused"
    title = "The benefit can't be given or taken back so"


class NotAMember(LoyaltyError):
    code = "not_a_member"
    title = "The person is no current member"


class MembershipEnded(LoyaltyError):
    code = "membership_ended"
    title = "The membership has ended"


class AmbiguousNumber(LoyaltyError):
    code = "ambiguous_number"
    title = "The number occurs in several programs"


class CardEarnsOnly(LoyaltyError):
    code = "card_earns_only"
    title = "An additional card only earns"


class CardKindRefused(LoyaltyError):
    code = "card_kind"
    title = "Such a card is not given out so"


class MainCardThere(Conflict):
    code = "main_card_there"
    title = "The person has a main card"


class CardNotHeld(Conflict):
    code = "card_not_held"
    title = "Nobody holds the card"


class DeletionRefused(Conflict):
    code = "deletion_refused"
    title = "The membership can't be deleted"


class DoubleMemberships(Conflict):
    """Two records of one person take part in the same program."""

    code = "double_memberships"
    title = "Both records take part in the same program"


class CardRegistered(Conflict):
    """The card belongs to somebody, or somebody's registration of it waits."""

    code = "card_registered"
    title = "The card is registered already"


class ProofRequired(LoyaltyError):
    code = "proof_required"
    title = "It takes a proof that the card is the person's"


class WrongCode(LoyaltyError):
    code = "wrong_code"
    title = "This is not the code of the card"


class RegistrationClosed(Conflict):
    code = "registration_status"
    title = "The registration waits no more"


class CodeNotValid(LoyaltyError):
    """Wrong, used, over, for somebody else, or never sent: all answer alike."""

    code = "code_not_valid"
    title = "No such code stands for these points"


class CodeNotEnough(LoyaltyError):
    code = "code_not_enough"
    title = "The code stands for fewer points"


class CodeNotSent(LoyaltyError):
    code = "code_not_sent"
    title = "No code can be sent"


class TooManyCodes(Conflict):
    code = "too_many_codes"
    title = "The person was sent too many codes"
