"""Whether a found card is the person's: what proves it, and when it must be proved (domain 1.10)."""

from dataclasses import dataclass

from django.db.models import Sum

from cards.codes import code_matches
from cards.models import Card
from memberships.changes.row import owes
from memberships.errors import ProofRequired, WrongCode
from memberships.models import Membership, ProofKind
from points.models import PointAccount
from programs.models import PointKind, Program

# Proofs that somebody saw and says where they are.
SEEN = (ProofKind.RECEIPT, ProofKind.IN_STORE)
REFERENCE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Proof:
    """`code` is the one under the scratch field; `kind` and `reference` name a proof somebody saw."""

    code: str = ""
    kind: str = ProofKind.NONE
    reference: str = ""


def accepted(proof: Proof, *, card: Card, found: Membership, program: Program) -> ProofKind:
    """The kind of proof that counts for the registration of the locked membership.

    Raises WrongCode for a code that is not the card's, needed or not, and ProofRequired.
    """
    if proof.code:
        if not code_matches(card, proof.code):
            raise WrongCode(
                "The code is not the one of this card: read it again from under the scratch field, or show another "
                "proof.",
                facts={"card": card.number_id},
            )
        return ProofKind.CODE
    if proof.kind in SEEN:
        if not proof.reference.strip():
            raise _required(program, "Say which receipt it was, or where and by whom the card was seen.")
        return ProofKind(proof.kind)
    if needed(found, program):
        raise _required(
            program,
            "So many points, or a debt, take more than the number: the code under the scratch field, the receipt of a "
            "purchase with this card, or the card shown in a store.",
        )
    return ProofKind.NONE


def needed(found: Membership, program: Program) -> bool:
    """More points than the possession limit, or any debt. A program without a limit asks for debts alone."""
    if owes(found):
        return True
    return program.possession_limit is not None and points_on(found) > program.possession_limit


def points_on(found: Membership) -> int:
    """All redeemable points of the set, held and pending ones included."""
    accounts = PointAccount.objects.filter(account_set=found.own_set_id, point_type__kind=PointKind.REDEEMABLE)
    return int(accounts.aggregate(points=Sum("balance"))["points"] or 0)


def _required(program: Program, message: str) -> ProofRequired:
    """How many points there are is nothing for a finder to know."""
    facts = {"possession_limit": program.possession_limit, "proofs": [str(ProofKind.CODE), *map(str, SEEN)]}
    return ProofRequired(message, facts=facts)
