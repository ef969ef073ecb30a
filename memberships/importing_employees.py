"""Taking in the employees of an organization from a file: known or made, affiliated, enrolled under its agreement.

A line is one person, named by the personnel number; all of it is done, or nothing. What is there already is left
alone, so a file can be imported again. Who takes part in the program already is affiliated only: to come under the
agreement they join, with their consent.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from django.db import transaction

from common.actor import Actor
from common.db import lock_rows
from common.errors import LoyaltyError, NotAllowed
from common.sheets.importing import Outcome, Record, Result, attempt, outcome_of
from common.sheets.seen import Seen
from customers.affiliating_many import Known, affiliate_plain
from customers.affiliations import affiliate, draft_affiliation
from customers.creating import create_customer
from customers.creating_many import create_plain
from customers.duplicates import lock_all_traits, taken
from customers.employee_groups import groups_of
from customers.errors import NotAffiliable
from customers.importing import like_line
from customers.models import Affiliation, Customer, CustomerKind, CustomerNumber
from memberships.employee_lines import COLUMNS, Employee, LineReader, customer_number, personnel_number
from memberships.enrolling_many import Enrolment, enrol_under
from memberships.enrolment import enrol
from memberships.models import Member
from programs.models import Program

WRITE, MANAGE = "customers:write", "memberships:manage"
REASON = "import"
Lines = Mapping[int, Employee]


class EmployeeImport:
    """One run for one program and organization. `to_join`: customer numbers of those who take part already, and not
    under the organization."""

    columns = COLUMNS
    identity = "personnel_number"

    def __init__(self, program: Program, organization: Customer, *, actor: Actor) -> None:
        if not actor.may(WRITE, None) or not actor.may(MANAGE, program.pk):
            raise NotAllowed(f"Importing employees needs the rights {WRITE} and {MANAGE}.")
        if organization.kind != CustomerKind.ORGANIZATION:
            raise NotAffiliable(f"Customer {organization.number} is a person: name an organization.")
        self.program, self.organization, self.actor = program, organization, actor
        self.to_join: set[str] = set()
        self._seen = Seen()
        self._fresh: dict[str, int] = {}
        self._joining: set[str] = set()

    def take(self, records: Sequence[Record]) -> list[Outcome]:
        self._fresh, self._joining = {}, set()
        lock_all_traits()
        reader = self._reader(records)
        refused: dict[int, Outcome] = {}
        lines: dict[int, Employee] = {}
        for at, record in enumerate(records):
            try:
                lines[at] = reader.read(record)
            except LoyaltyError as error:
                refused[at] = outcome_of(error)
        outcomes = refused | self._take_all(lines)
        self._fresh = {
            text: lines[at].line
            for at, outcome in outcomes.items()
            if outcome.result is Result.NEW
            for text in lines[at].traits
        }
        return [outcomes[at] for at in sorted(outcomes)]

    def keep(self) -> None:
        """The lines of the last batch are through: later ones are compared with them too."""
        for text, line in self._fresh.items():
            self._seen.add(text, line)
        self.to_join |= self._joining

    def _reader(self, records: Sequence[Record]) -> LineReader:
        """Everybody the lines speak of, and the organization, under lock from here on."""
        numbers = [number for one in records if (number := customer_number(one.values[0]))]
        found = dict(CustomerNumber.objects.filter(number__in=numbers).values_list("number", "customer_id"))
        by_personnel = [personnel_number(one) for one in records]
        holders = Affiliation.objects.filter(organization=self.organization, personnel_number__in=by_personnel)
        wanted = {self.organization.pk, *found.values(), *holders.values_list("customer_id", flat=True)}
        people: dict[int, Customer] = {one.pk: one for one in lock_rows(Customer.objects.filter(pk__in=wanted))}
        self.organization = people[self.organization.pk]
        known = Known(self.organization.pk, customers=list(people), numbers=by_personnel)
        named = {number: people[pk] for number, pk in found.items() if pk in people}
        return LineReader(named, known, groups_of(self.organization.pk))

    def _take_all(self, lines: Lines) -> dict[int, Outcome]:
        """The plain ones together; where one of them is refused afterwards, all again with it by itself."""
        alone: set[int] = set()
        while True:
            try:
                with transaction.atomic():
                    return self._try(lines, alone)
            except _Again as again:
                alone |= again.refused

    def _try(self, lines: Lines, alone: set[int]) -> dict[int, Outcome]:
        members = self._members(lines)
        outcomes = self._like_earlier(lines)
        drafts = {at: one for at, one in lines.items() if at not in alone and at not in outcomes}
        together, rows = self._plain(drafts)
        create_plain([one.draft for one in together.values() if one.draft], actor=self.actor, reason=REASON)
        affiliate_plain(rows, actor=self.actor, reason=REASON)
        new = {at: one for at, one in together.items() if one.customer.pk not in members}
        enrolments = [Enrolment(one.customer.pk, accept_terms=one.accept_terms) for one in new.values()]
        made = enrol_under(enrolments, program=self.program, organization_id=self.organization.pk, actor=self.actor)
        if left := {at for at, one in new.items() if one.customer.pk not in made}:
            raise _Again(left)
        for at, one in lines.items():
            if at in new:
                outcomes[at] = Outcome(Result.NEW)
            elif at in together:
                outcomes[at] = self._affiliated(one, members)
            elif at not in outcomes:
                outcomes[at] = attempt(partial(self._take_one, one))
        return outcomes

    def _plain(self, lines: Lines) -> tuple[dict[int, Employee], list[Affiliation]]:
        """Those nothing stands against, with the affiliations still to be written; a person is among them once."""
        suspects = taken([one.draft.traits for one in lines.values() if one.draft])
        together: dict[int, Employee] = {}
        rows: list[Affiliation] = []
        people: set[int] = set()
        for at, one in lines.items():
            if suspects.intersection(one.traits) or one.customer.pk in people:
                continue
            try:
                row = self._draft(one) if one.known is None else None
            except LoyaltyError:
                continue
            people.add(one.customer.pk)
            together[at] = one
            rows += [row] if row is not None else []
        return together, rows

    def _draft(self, one: Employee) -> Affiliation:
        return draft_affiliation(
            one.customer,
            organization=self.organization,
            employee_group=one.group,
            personnel_number=one.personnel_number,
            valid_from=one.first_day,
            valid_until=one.last_day,
        )

    def _take_one(self, one: Employee) -> Outcome:
        """By the verbs, which refuse and explain."""
        person = one.person or create_customer(
            CustomerKind.PERSON,
            actor=self.actor,
            allow_duplicate=one.allow_duplicate,
            details=one.details,
            reason=REASON,
            **one.columns,
        )
        if one.known is None:
            affiliate(
                person,
                organization=self.organization,
                employee_group=one.group,
                personnel_number=one.personnel_number,
                valid_from=one.first_day,
                valid_until=one.last_day,
                actor=self.actor,
                reason=REASON,
            )
        members = self._members({0: one})
        if person.pk in members:
            return self._affiliated(one, members)
        enrol(
            person,
            program=self.program,
            actor=self.actor,
            accept_terms=one.accept_terms,
            organization_id=self.organization.pk,
        )
        return Outcome(Result.NEW)

    def _affiliated(self, one: Employee, members: Mapping[int, int | None]) -> Outcome:
        """Nobody was enrolled: the person takes part already."""
        if members[one.customer.pk] != self.organization.pk:
            self._joining.add(str(one.customer.number))
        return Outcome(Result.SAME if one.known is not None else Result.CHANGED)

    def _members(self, lines: Lines) -> dict[int, int | None]:
        """Who takes part in the program, with the organization the membership stands under."""
        people = [one.person.pk for one in lines.values() if one.person is not None]
        taking_part = Member.objects.filter(
            program=self.program, customer__in=people, current=True, ended_at__isnull=True
        )
        return dict(taking_part.values_list("customer_id", "membership__organization_membership__organization_id"))

    def _like_earlier(self, lines: Lines) -> dict[int, Outcome]:
        """Refusals of new people who look like those of an earlier line."""
        refused: dict[int, Outcome] = {}
        fresh: dict[str, int] = {}
        for at, one in lines.items():
            earlier = next((line for text in one.traits if (line := fresh.get(text) or self._seen.line_of(text))), None)
            if earlier is not None:
                refused[at] = outcome_of(like_line(earlier))
            else:
                fresh |= dict.fromkeys(one.traits, one.line)
        return refused


class _Again(Exception):
    """Some of those taken together can't stay: `refused` says which."""

    def __init__(self, refused: set[int]) -> None:
        super().__init__()
        self.refused = refused
