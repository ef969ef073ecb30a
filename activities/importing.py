"""Taking over memberships with their opening balances from a file (interfaces 3.3).

Lines of one customer stand together and are one membership: the first says what the membership is, each may bring a
lot of points. A person has one current membership in a program, and an account takes over one balance once; so a file
can be imported again, and an interrupted run goes on. A membership that exists already only gets balances.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from django.db import transaction

from activities.adjusting import ADJUST
from activities.import_columns import COLUMNS
from activities.import_lines import LineReader, Wanted, customer_number
from activities.opening import Takeover
from activities.targeting import require_right
from common.actor import Actor
from common.clock import program_now
from common.db import lock_rows
from common.errors import LoyaltyError
from common.sheets import Column
from common.sheets.importing import Outcome, Record, Result, attempt, outcome_of
from customers.models import Customer, CustomerNumber
from memberships.enrolling_many import enrol_plain
from memberships.enrolment import enrol
from memberships.errors import AlreadyMember
from memberships.lifecycle import activate, pause, record_payment, suspend
from memberships.locking import locked_memberships
from memberships.models import Member, Membership, MembershipStatus
from memberships.standings import take_over_standing
from points.opening import NewOpening
from programs.models import Program

MANAGE = "memberships:manage"
REASON = "import"
ACTIVE, INACTIVE = MembershipStatus.ACTIVE, MembershipStatus.INACTIVE
LEAVING_ACTIVE = {str(INACTIVE): pause, str(MembershipStatus.SUSPENDED): suspend}


class MembershipImport:
    """One run for one program."""

    columns: Sequence[Column] = COLUMNS
    identity = "customer_number"

    def __init__(self, program: Program, *, actor: Actor) -> None:
        require_right(actor, MANAGE, program.pk)
        require_right(actor, ADJUST, program.pk)
        self.program, self.actor = program, actor

    def take(self, records: Sequence[Record]) -> list[Outcome]:
        refused: dict[int, Outcome] = {}
        wanted: dict[int, Wanted] = {}
        customers = _customers(records)
        reader = LineReader(self.program)
        for at, record in enumerate(records):
            try:
                wanted[at] = reader.read(record, customers)
            except LoyaltyError as error:
                refused[at] = outcome_of(error)
        outcomes = refused | self._take_all(wanted)
        return [outcomes[at] for at in sorted(outcomes)]

    def keep(self) -> None:
        """Nothing is carried over: the database knows who takes part."""

    def _take_all(self, wanted: Mapping[int, Wanted]) -> dict[int, Outcome]:
        """Enrol the plain ones together; where one of them is refused afterwards, all again with it by itself."""
        alone: set[int] = set()
        while True:
            try:
                with transaction.atomic():
                    return self._try(wanted, alone)
            except _Again as again:
                alone |= again.refused

    def _try(self, wanted: Mapping[int, Wanted], alone: set[int]) -> dict[int, Outcome]:
        # Whoever enrols one of them meanwhile is waited for, and seen then.
        lock_rows(Customer.objects.filter(pk__in=[one.customer.pk for one in wanted.values()]))
        current = self._current(wanted.values())
        together = {
            at: one.enrolment for at, one in wanted.items() if at not in alone and one.customer.pk not in current
        }
        made = enrol_plain(list(together.values()), program=self.program, actor=self.actor)
        known = list(current.values())
        takeover = Takeover([*known, *made.values()], program_id=self.program.pk, actor=self.actor)
        plans: list[NewOpening] = []
        outcomes = {}
        for at, one in wanted.items():
            membership = made.get(one.customer.pk) if at in together else None
            if membership is not None and one.is_plain and not takeover.alone:
                outcomes[at] = _planned(one, membership, takeover, plans)
            else:
                outcomes[at] = attempt(partial(self._take_one, one, current.get(one.customer.pk), membership, takeover))
        refused = {at for at in together if outcomes[at].result is Result.REFUSED and wanted[at].customer.pk in made}
        if refused:
            raise _Again(refused)
        takeover.open_new(plans)
        return outcomes

    def _take_one(self, one: Wanted, known: Membership | None, made: Membership | None, takeover: Takeover) -> Outcome:
        if known is not None:
            _refuse_other_number(known, one)
            return Outcome(Result.CHANGED if self._open(known, one, takeover) else Result.SAME)
        membership = made or enrol(
            one.customer,
            program=self.program,
            actor=self.actor,
            accept_terms=one.enrolment.accept_terms,
            at=one.enrolment.at,
            number=one.enrolment.number,
        )
        self._complete(membership, one)
        self._open(membership, one, takeover)
        self._bring_to_status(membership, one)
        return Outcome(Result.NEW)

    def _open(self, membership: Membership, one: Wanted, takeover: Takeover) -> bool:
        if not one.lots:
            return False
        person_id = one.customer.pk
        posted = takeover.open(membership, one.lots, person_id=person_id, last_activity_at=one.last_activity_at)
        return posted is not None

    def _complete(self, membership: Membership, one: Wanted) -> None:
        """What a new membership brings along besides its points."""
        at = one.enrolment.at or program_now(self.program)
        if one.payment_reference:
            record_payment(membership, actor=self.actor, reference=one.payment_reference, paid_at=at)
        if one.tier is not None and one.tier_until is not None:
            take_over_standing(membership, tier=one.tier, reason=REASON, until=one.tier_until, actor=self.actor)

    def _bring_to_status(self, membership: Membership, one: Wanted) -> None:
        if one.status is None:
            return
        status = Membership.objects.values_list("status", flat=True).get(pk=membership.pk)
        if status == INACTIVE and one.status != INACTIVE:
            activate(membership, actor=self.actor, reason=REASON)
            status = ACTIVE
        if status == ACTIVE and one.status in LEAVING_ACTIVE:
            LEAVING_ACTIVE[one.status](membership, actor=self.actor, reason=REASON)

    def _current(self, wanted: Iterable[Wanted]) -> dict[int, Membership]:
        """By customer the membership they have, under its lock."""
        members = Member.objects.filter(
            program=self.program, customer__in=[one.customer.pk for one in wanted], current=True, ended_at__isnull=True
        )
        ids = dict(members.values_list("customer_id", "membership_id"))
        locked = {one.pk: one for one in locked_memberships(ids.values())}
        return {customer_id: locked[membership_id] for customer_id, membership_id in ids.items()}


def _planned(one: Wanted, membership: Membership, takeover: Takeover, plans: list[NewOpening]) -> Outcome:
    """A new membership that needs nothing but its points: they are posted with those of the others."""
    if not one.lots:
        return Outcome(Result.NEW)
    try:
        plan = takeover.plan(membership, one.lots, person_id=one.customer.pk, last_activity_at=one.last_activity_at)
    except LoyaltyError as error:
        return outcome_of(error)
    if plan is not None:
        plans.append(plan)
    return Outcome(Result.NEW)


class _Again(Exception):
    """Some of those enrolled together can't stay: `refused` says which."""

    def __init__(self, refused: set[int]) -> None:
        super().__init__()
        self.refused = refused


def _customers(records: Sequence[Record]) -> dict[str, Customer]:
    """Whoever answers to the numbers today."""
    numbers = [customer_number(record) for record in records]
    rows = CustomerNumber.objects.select_related("customer").filter(number__in=numbers)
    return {row.number: row.customer for row in rows}


def _refuse_other_number(membership: Membership, one: Wanted) -> None:
    if one.enrolment.number not in (None, membership.number):
        raise AlreadyMember(
            f"The person takes part as {membership.number}, not as {one.enrolment.number}.",
            facts={"membership": membership.pk, "number": membership.number},
        )
