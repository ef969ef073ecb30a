"""Changes of memberships side by side with the model: the same steps, the same refusals, the same points and debts."""

import copy
from collections.abc import Callable
from itertools import count
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from loyalty_site.auditing import audit
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose, withdraw
from memberships.changes.undoing import undo
from memberships.lifecycle import reinstate_member, suspend_member
from memberships.models import Member, Membership, MembershipChange
from memberships.programs import forget_programs
from points.models import Debt, Lot
from programs.design import forget_designs
from tests import changes
from tests.changes import account_in_use
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.stateful import sharing
from tests.stateful.machine import said_by
from tests.stateful.model import Refused
from tests.stateful.sharing import Account, Sharing

PEOPLE = 5
WHO = st.integers(0, PEOPLE - 1)
POLICY = st.sampled_from(["by_contribution", "by_contribution", "equal", "leave_behind"])
_codes = count(1)


class SharingMachine(RuleBasedStateMachine):
    """Inside a transaction that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        forget_designs()
        forget_programs()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.program = make_program(f"sharing-{next(_codes)}")
        self.memberships = [make_membership(self.program, f"Member {number}") for number in range(PEOPLE)]
        self.customers = [member_of(one) for one in self.memberships]
        self.world = Sharing(PEOPLE)
        self.change: MembershipChange | None = None
        self.policy = ""
        # The model before the last change carried out, while nobody has acted since.
        self.before: Sharing | None = None

    @initialize()
    def begin(self) -> None:
        """Two pairs, so that most steps find a pool."""
        for person in range(PEOPLE):
            self.earn(person, 10 + 7 * person)
        for prime, secondary in ((0, 1), (2, 3)):
            self.propose_merge(prime, secondary)
            self.all_agree()
            self.carry_out()

    def teardown(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            found = [f"{one.invariant.id} {one.row}: {one.detail}" for one in audit(program_id=self.program.pk)]
            assert not found, found
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def both(self, wanted: Callable[[Sharing], None], real: Callable[[], Any]) -> Any:
        """The verb's answer; a refusal has the same code on both sides and answers None. Then they agree."""
        after, code = copy.deepcopy(self.world), None
        try:
            wanted(after)
        except Refused as refusal:
            code = refusal.code
        said, answer = said_by(real)
        assert said == code, f"refused with {said}, the model says {code}"
        if code is None:
            self.world = after
        self.agree()
        return answer if code is None else None

    def agree(self) -> None:
        """Points by contributor and debts by person of everybody; who shares with whom; the state of the change."""
        for person in range(PEOPLE):
            real = self.read(person)
            assert real.told() == self.world.account(person).told(), person
            sharing_now = {one for one in range(PEOPLE) if self.pool(one) == self.pool(person) is not None}
            assert (sharing_now or {person}) == self.world.with_whom(person)
        if self.change is not None and self.world.change is not None:
            assert MembershipChange.objects.get(pk=self.change.pk).status == self.world.change.status

    def row(self, person: int) -> Membership:
        return Membership.objects.get(pk=self.memberships[person].pk)

    def pool(self, person: int) -> int | None:
        return self.row(person).pool_id

    def read(self, person: int) -> Account:
        """What the tables say of where the person's points are."""
        account = account_in_use(self.row(person))
        numbers: dict[int | None, int | None] = {None: None} | {pk: n for n, pk in enumerate(self.customers)}
        lots = Lot.objects.filter(account=account, is_open=True).order_by("earned_at", "id")
        debts = Debt.objects.filter(account=account, remaining__gt=0).order_by("id")
        found = Account(
            [sharing.Lot(numbers[one.contributor_id], one.remaining) for one in lots],
            [(self.customers.index(one.person_id or 0), one.remaining) for one in debts],
        )
        assert account.balance == found.points - found.debt
        return found

    def acted(self) -> None:
        self.before = None

    # Points.

    @rule(person=WHO, points=st.integers(1, 60))
    def earn(self, person: int, points: int) -> None:
        call = PointsCall(self.memberships[person].pk, points)
        self.acted()
        self.both(lambda world: sharing.earn(world, person, points), lambda: earn(call, actor=ACTOR))

    @rule(person=WHO, points=st.integers(1, 90))
    def redeem(self, person: int, points: int) -> None:
        call = PointsCall(self.memberships[person].pk, points)
        self.acted()
        self.both(lambda world: sharing.redeem(world, person, points), lambda: redeem(call, actor=ACTOR))

    @rule(person=WHO, points=st.integers(1, 60))
    def owe(self, person: int, points: int) -> None:
        self.acted()
        self.both(lambda world: sharing.owe(world, person, points), lambda: changes.owe(self.row(person), points))

    # Changes.

    @rule(prime=WHO, secondary=WHO)
    def propose_merge(self, prime: int, secondary: int) -> None:
        ids = [self.memberships[one].pk for one in (prime, secondary)]
        self._propose(
            Proposal("merge", ids[0], secondary_id=ids[1], result_type="shared"),
            lambda world: sharing.propose_merge(world, prime, secondary),
        )

    @rule(leaver=WHO, policy=POLICY)
    def propose_split(self, leaver: int, policy: str) -> None:
        proposal = Proposal(
            "split", self.memberships[leaver].pk, leaver_id=self.customers[leaver], policy=policy,
            main_id=self._successor_of(leaver),
        )  # fmt: skip
        if self._propose(proposal, lambda world: sharing.propose_split(world, leaver)):
            self.policy = policy

    def _successor_of(self, leaver: int) -> int | None:
        """Another owner, where the owner leaves several others."""
        staying = sorted(self.world.with_whom(leaver) - {leaver})
        pool = self.row(leaver).pool
        leads = pool is not None and pool.owner_id == self.customers[leaver]
        return self.customers[staying[0]] if leads and len(staying) > 1 else None

    def _propose(self, proposal: Proposal, wanted: Callable[[Sharing], None]) -> bool:
        if self.world.change is not None and self.world.change.is_open and not self._touches(proposal):
            # One change at a time is enough here.
            return False
        former, self.change = self.change, None
        made = self.both(wanted, lambda: propose(proposal, actor=ACTOR))
        self.change = made or former
        if made is not None:
            # Who is in a later change is not undone alone.
            self.before = None
        self.agree()
        return made is not None

    def _touches(self, proposal: Proposal) -> bool:
        assert self.world.change is not None
        ids = {self.memberships[one].pk for one in self.world.change.people}
        return proposal.prime_id in ids or proposal.secondary_id in ids

    @precondition(lambda self: self.change is not None)
    @rule(person=WHO, decision=st.sampled_from(["given", "given", "given", "withdrawn", "refused"]))
    def decide(self, person: int, decision: str) -> None:
        change = self.change
        assert change is not None
        told = {"customer_id": self.customers[person], "decision": decision, "method": "in_person"}
        self.both(
            lambda world: sharing.decide(world, person, decision),
            lambda: decide(change, actor=ACTOR, evidence="signed", **told),
        )

    @precondition(lambda self: self.world.change is not None and self.world.change.is_open)
    @rule()
    def all_agree(self) -> None:
        change = self.world.change
        assert change is not None
        for person in sorted(change.people - change.given):
            self.decide(person, "given")

    @precondition(lambda self: self.change is not None)
    @rule()
    def withdraw(self) -> None:
        change = self.change
        assert change is not None
        self.both(sharing.withdraw, lambda: withdraw(change, actor=ACTOR, reason="no"))

    @precondition(lambda self: self.change is not None)
    @rule()
    def carry_out(self) -> None:
        change, known = self.change, self.world.change
        assert change is not None and known is not None
        before = copy.deepcopy(self.world)
        done, leaver = [], known.leaver

        def real() -> Any:
            answer = carry_out(change, actor=ACTOR)
            done.append(answer)
            return answer

        def wanted(world: Sharing) -> None:
            sharing.require_agreed(world)
            if leaver is None:
                sharing.merge(world)
                return
            # The tables first: how lots are cut is adopted from them, the sums are not.
            real()
            others = sorted(known.people - {leaver})
            sharing.split(world, self.read(leaver), self.read(others[0]), self.policy)

        self.both(wanted, lambda: done[0] if done else real())
        if done:
            self._adopt_order()
            self.before = before

    def _adopt_order(self) -> None:
        """Of lots that were parted and united again the tables say which comes first."""
        for person in range(PEOPLE):
            self.world.accounts[self.world.place(person)] = self.read(person)

    @precondition(lambda self: self.before is not None)
    @rule()
    def undo(self) -> None:
        """At once, as nobody has acted: everything is as it was before the change."""
        change, before = self.change, self.before
        assert change is not None and before is not None and before.change is not None

        def wanted(world: Sharing) -> None:
            world.home, world.accounts = dict(before.home), copy.deepcopy(before.accounts)
            assert world.change is not None
            world.change.status = "undone"

        self.before = None
        self.both(wanted, lambda: undo(change, actor=ACTOR, reason="mistake"))

    # People.

    @precondition(lambda self: self.world.change is None or not self.world.change.is_open)
    @rule(person=WHO, suspend=st.booleans())
    def suspend(self, person: int, suspend: bool) -> None:
        member = Member.objects.get(customer=self.customers[person], current=True, ended_at=None)
        verb = suspend_member if suspend else reinstate_member
        self.acted()
        self.both(
            lambda world: sharing.set_suspended(world, person, suspend=suspend),
            lambda: verb(member, actor=ACTOR, reason="fraud"),
        )
