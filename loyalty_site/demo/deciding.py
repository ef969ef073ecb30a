"""What waits for a second person in the sample world, and what one decided lately: claims for missing points, and
points given from lists."""

from dataclasses import dataclass
from decimal import Decimal

from activities.award_lines import MEMBER, AwardLine
from activities.awarding import AwardCall, approve_award, draft_award, refuse_award, submit_award
from activities.claims import ClaimCall, grant_claim, open_claim, refuse_claim
from activities.models import AwardStatus, BulkAward, Claim, ClaimStatus
from activities.posting_awards import post_award
from activities.transaction_calls import TransactionCall
from activities.transactions import take_transaction
from common.actor import Actor
from gateway.channels import system_actor
from loyalty_site.authentication import actor_of_user
from loyalty_site.demo.history import past
from memberships.models import Membership
from programs.models import Program
from staff.models import User


@dataclass(frozen=True)
class Missed:
    """A claim; `decided` is None while it waits. `told`: the till told the sale after all, so the receipt earned."""

    program: str
    person: tuple[str, str]
    receipt: str
    days: int
    amount: str
    note: str
    decided: ClaimStatus | None = None
    why: str = ""
    told: bool = False


@dataclass(frozen=True)
class Listed:
    """A list that gives everybody on it so many points; `wrong` are numbers nobody has. Without `status` it is sent on
    and, where it is small enough for one person, posted."""

    program: str
    name: str
    points: int
    people: int
    reason: str
    note: str
    wrong: tuple[str, ...] = ()
    status: AwardStatus | None = None
    why: str = ""


MISSED = (
    Missed("urbanwear", ("Ada", "Abbott"), "UW-RCPT-8841", 4, "84.50", "Card left at home, receipt shown at the desk"),
    Missed("premium-plus", ("Dev", "Abbott"), "WC-77310", 9, "240.00", "Paid at the petrol station"),
    Missed("year-round", ("Jan", "Abbott"), "RC-20417", 2, "61.20", "The till was offline", told=True),
    Missed(
        "executive-style", ("Cara", "Abbott"), "ES-4410", 21, "420.00", "Suit bought while the line was down",
        ClaimStatus.GRANTED, "Found in the shop's own journal",
    ),
    Missed(
        "urbanwear", ("Ben", "Abbott"), "UW-RCPT-7702", 12, "35.00", "Sent a photo",
        ClaimStatus.REFUSED, "The receipt shows a return, not a purchase",
    ),
)  # fmt: skip
LISTED = (
    Listed("urbanwear", "Opening of the Mall shop", 50, 6, "goodwill", "Guests of the opening", wrong=("UW-00000",)),
    Listed(
        "skyconnect", "Flight 417: night at the airport", 2_000, 4, "complaint", "List of the station, 30 October",
        wrong=("SC0000000",), status=AwardStatus.WAITING,
    ),
    Listed(
        "skyconnect", "Lounge closed in August", 1_500, 3, "complaint", "Gold members of that week",
        status=AwardStatus.POSTED, why="Seen with the station's report",
    ),
    Listed(
        "year-round", "Summer thanks", 400, 4, "goodwill", "Idea of the shop", status=AwardStatus.REFUSED,
        why="No budget for it this year",
    ),
    Listed("activelife", "Autumn run", 80, 3, "goodwill", "Who finished the run", status=AwardStatus.DRAFT),
)  # fmt: skip


def decide() -> None:
    """The agent asks, the supervisor decides, each with the rights of the role."""
    agent, supervisor = (actor_of_user(User.objects.get(username=name)) for name in ("agent", "supervisor"))
    for missed in MISSED:
        _claim(missed, agent, supervisor)
    for listed in LISTED:
        _award(listed, agent, supervisor)


def rows() -> dict[str, int | None]:
    """The ids of what waits."""
    awards, claims = BulkAward.objects.order_by("pk"), Claim.objects.order_by("pk")
    return {
        "waiting_award": awards.filter(status=AwardStatus.WAITING).values_list("pk", flat=True).first(),
        "open_claim": claims.filter(status=ClaimStatus.OPEN).values_list("pk", flat=True).first(),
    }


def _claim(missed: Missed, agent: Actor, supervisor: Actor) -> None:
    membership = _of(missed.program, *missed.person)
    at, amount = past(days=missed.days), Decimal(missed.amount)
    call = ClaimCall(missed.receipt, at, amount, "USD", membership_id=membership.pk, note=missed.note)
    claim = open_claim(call, actor=agent)
    if missed.decided == ClaimStatus.GRANTED:
        grant_claim(claim.pk, actor=supervisor, why=missed.why)
    elif missed.decided == ClaimStatus.REFUSED:
        refuse_claim(claim.pk, actor=supervisor, why=missed.why)
    if missed.told:
        sale = TransactionCall(
            reference=missed.receipt, amount=amount, currency="USD", occurred_at=at, membership_id=membership.pk
        )
        take_transaction(sale, actor=system_actor())


def _award(listed: Listed, agent: Actor, supervisor: Actor) -> None:
    program = Program.objects.get(code=listed.program)
    people = Membership.objects.filter(program=program, members__customer__email__endswith="@example.org")
    numbers = [*people.order_by("pk").values_list("number", flat=True)[: listed.people], *listed.wrong]
    lines = [AwardLine(at, MEMBER, number, listed.points) for at, number in enumerate(numbers, start=2)]
    award = draft_award(program, AwardCall(listed.name, listed.reason, note=listed.note), lines, actor=agent)
    if listed.status == AwardStatus.DRAFT:
        return
    award = submit_award(award, actor=agent)
    if listed.status == AwardStatus.REFUSED:
        refuse_award(award, actor=supervisor, note=listed.why)
    elif listed.status == AwardStatus.POSTED:
        post_award(approve_award(award, actor=supervisor, note=listed.why))
    elif listed.status is None:
        post_award(award)


def _of(program: str, first_name: str, last_name: str) -> Membership:
    people = Membership.objects.filter(program__code=program, members__customer__last_name=last_name)
    found: Membership = people.get(members__customer__first_name=first_name)
    return found
