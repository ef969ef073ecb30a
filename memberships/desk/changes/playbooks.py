"""Playbooks: several tasks on one thread, each step with how it stands now and the way to do it (interfaces 3.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.clock import program_now
from common.desk.outcomes import Way
from common.desk.pages import DeskPage
from customers.models import Customer, CustomerStatus
from memberships.changes.proposing import status_at
from memberships.changes.waiting import changes_with_parties, waiting
from memberships.desk.changes.base import PROPOSE, change_url, told_name
from memberships.desk.changes.finding import people_in
from memberships.models import (
    ChangeKind,
    ChangeStatus,
    EndReason,
    Member,
    Membership,
    MembershipChange,
    MembershipType,
)

LARGEST_ID = 2**63 - 1
SEVERAL = frozenset({MembershipType.SHARED, MembershipType.GROUP})
DONE, NOW, LATER, NOT_NEEDED, STOPPED = "done", "now", "later", "not_needed", "stopped"


@dataclass(frozen=True, slots=True)
class PlayStep:
    """`state`: done, now, later, not needed or stopped; `how` says how it stands."""

    title: str
    state: str
    how: str
    ways: tuple[Way, ...] = ()

    @property
    def label(self) -> str:
        words = {DONE: _("done"), NOW: _("to do"), LATER: _("later"), NOT_NEEDED: _("if needed"), STOPPED: _("stopped")}
        return words[self.state]

    @property
    def badge(self) -> str:
        return {DONE: "good", NOW: "warn", STOPPED: "bad"}.get(self.state, "")


@dataclass(frozen=True, slots=True)
class Thread:
    """The steps about one membership."""

    membership: Membership
    people: list[tuple[int, str]]
    steps: list[PlayStep]


class Playbook(DeskPage):
    action = PROPOSE
    section = "changes"
    template = "desk/changes/playbook.html"
    title: ClassVar[Any]
    what: ClassVar[Any]
    nothing: ClassVar[Any]

    def get(self, request: HttpRequest) -> HttpResponse:
        customer = self._customer()
        if customer is None:
            return self.draw(customer=None)
        self.customer = customer
        threads = [self._thread(one) for one in self._memberships(customer)]
        return self.draw(
            customer=customer, name=told_name(self.actor, customer), first=list(self.before()), threads=threads
        )

    def before(self) -> Iterable[PlayStep]:
        """Steps about the person."""
        return ()

    def wanted(self, membership: Membership) -> bool:
        raise NotImplementedError

    def steps(self, membership: Membership) -> Iterable[PlayStep]:
        raise NotImplementedError

    def _customer(self) -> Customer | None:
        text = self.request.GET.get("customer", "")
        if not text:
            return None
        known = text.isascii() and text.isdigit() and int(text) <= LARGEST_ID
        found: Customer | None = Customer.objects.filter(pk=int(text)).first() if known else None
        if found is None:
            raise Http404
        return found

    def _memberships(self, customer: Customer) -> list[Membership]:
        """Of the person, in programs where the user may do what the playbook asks; ended ones where it still has
        something to say about them."""
        taking_part = Member.objects.filter(customer=customer).values("membership")
        found = Membership.objects.visible_to(self.actor).filter(pk__in=taking_part).select_related("program")
        return [one for one in found.order_by("pk") if self.may(self.action, one.program_id) and self.wanted(one)]

    def _thread(self, membership: Membership) -> Thread:
        people = [(one.customer_id, told_name(self.actor, one.customer)) for one in people_in(membership)]
        return Thread(membership, people, list(self.steps(membership)))

    def split_of(self, membership: Membership) -> MembershipChange | None:
        """The latest split about this person, or by which the other one leaves."""
        found = changes_with_parties(self.actor).filter(
            kind=ChangeKind.SPLIT, program_id=membership.program_id, parties__membership=membership
        )
        change: MembershipChange | None = found.first()
        return change

    def page_of(self, change: MembershipChange, label: str) -> Way:
        return Way(label, change_url(change.pk), main=True)

    def state_of(self, change: MembershipChange) -> ChangeStatus:
        return ChangeStatus(status_at(change, program_now(change.program)))

    def names(self, people: Iterable[Customer]) -> str:
        return ", ".join(told_name(self.actor, one) for one in people)

    def new_split(self, membership: Membership) -> Way:
        query = f"kind=split&prime={membership.pk}&leaver={self.customer.pk}"
        return Way(_("Propose the split"), f"{reverse('desk:change-new')}?{query}", main=True)

    def is_in(self, membership: Membership) -> bool:
        """Does the person still share it?"""
        shares = membership.type in SEVERAL and membership.current
        return (
            bool(shares)
            and Member.objects.filter(membership=membership, customer=self.customer, ended_at__isnull=True).exists()
        )


class Divorce(Playbook):
    title = gettext_lazy("Playbook: divorce")
    what = gettext_lazy(
        "Two people who share points part. Nobody is put out against their will without a record of why: everyone "
        "is asked, who refuses can be asked anew, and only where the program allows it a decision on paper takes the "
        "place of a refused consent."
    )
    nothing = gettext_lazy("This customer shares no account and no group.")

    def wanted(self, membership: Membership) -> bool:
        return (membership.type in SEVERAL and bool(membership.current)) or self.split_of(membership) is not None

    def steps(self, membership: Membership) -> Iterator[PlayStep]:
        change = self.split_of(membership)
        state = self.state_of(change) if change is not None else None
        yield self._look(membership)
        yield self._propose(membership, change, state)
        yield self._consents(change, state)
        yield from self._anew(membership, change, state)
        yield self._carry_out(change, state)

    def _look(self, membership: Membership) -> PlayStep:
        ways: tuple[Way, ...] = ()
        if membership.pool_id is not None:
            ways = (Way(_("Who brought, who spent"), reverse("desk:fairness", args=[membership.pk])),)
        how = _("Agree on how the points are divided. The fairness view shows what each would take.")
        return PlayStep(_("Look at who brought the points"), NOT_NEEDED, how, ways)

    def _propose(self, membership: Membership, change: MembershipChange | None, state: ChangeStatus | None) -> PlayStep:
        title = _("Propose the split")
        if change is None:
            return PlayStep(title, NOW, _("No split was proposed yet."), (self.new_split(membership),))
        if state == ChangeStatus.DRAFT:
            return PlayStep(title, NOW, _("A draft waits to be proposed."), (self.page_of(change, _("Go on")),))
        return PlayStep(title, DONE, _("Proposed."), (Way(_("Open it"), change_url(change.pk)),))

    def _consents(self, change: MembershipChange | None, state: ChangeStatus | None) -> PlayStep:
        title = _("Ask everyone for consent")
        if change is None or state in (None, ChangeStatus.DRAFT):
            return PlayStep(title, LATER, _("By code on the phone, by link, in person or on paper."))
        missing = waiting(change).missing
        if state == ChangeStatus.AWAITING_CONSENT:
            how = _("Waits for %(names)s.") % {"names": self.names(missing)}
            return PlayStep(title, NOW, how, (self.page_of(change, _("Ask and record")),))
        if state in (ChangeStatus.AGREED, ChangeStatus.CARRIED_OUT, ChangeStatus.UNDONE):
            return PlayStep(title, DONE, _("Everyone has consented."))
        return PlayStep(title, STOPPED, _("It came to nothing: %(state)s.") % {"state": state.label if state else ""})

    def _anew(
        self, membership: Membership, change: MembershipChange | None, state: ChangeStatus | None
    ) -> Iterator[PlayStep]:
        title = _("If somebody refused or never answered: propose it anew")
        allowed = (
            _("In the new proposal a recorded decision, as of a court, with a document and a second person, may take "
              "the place of that consent.")
            if membership.program.replaces_consent
            else _("This program allows no decision in place of a consent: they have to agree.")
        )  # fmt: skip
        if change is not None and state in (ChangeStatus.REFUSED, ChangeStatus.LAPSED):
            way = Way(_("Propose it anew"), reverse("desk:change-again", args=[change.pk]), main=True)
            yield PlayStep(title, NOW, allowed, (way,))
        elif change is not None and change.replaces_id is not None:
            yield PlayStep(title, DONE, allowed, (Way(_("The former proposal"), change_url(change.replaces_id)),))
        else:
            yield PlayStep(title, NOT_NEEDED, allowed)

    def _carry_out(self, change: MembershipChange | None, state: ChangeStatus | None) -> PlayStep:
        title = _("Carry it out")
        if change is not None and state in (ChangeStatus.CARRIED_OUT, ChangeStatus.UNDONE):
            return PlayStep(title, DONE, str(state.label), (Way(_("Receipt"), change_url(change.pk)),))
        if change is not None and state == ChangeStatus.AGREED:
            return PlayStep(title, NOW, _("Everyone has agreed."), (self.page_of(change, _("Carry out")),))
        return PlayStep(title, LATER, _("Once everyone has agreed. Each keeps their own cards."))


class Deceased(Playbook):
    title = gettext_lazy("Playbook: a customer has died")
    what = gettext_lazy(
        "The heirs call. Record the death, then settle each membership: what is shared is split with a document in "
        "place of the consent, what stood alone ends with the reason deceased, unless the heirs take it over."
    )
    nothing = gettext_lazy("This customer takes part in nothing that could be settled.")

    def before(self) -> Iterator[PlayStep]:
        title = _("Record the death")
        if self.customer.status == CustomerStatus.DECEASED:
            yield PlayStep(title, DONE, _("Recorded. Nobody enrols the customer, no code or link is sent."))
            return
        ways: tuple[Way, ...] = ()
        how = _("See a death certificate first. It takes the right customers:write.")
        if self.may("customers:write"):
            ways = (Way(_("Record the death"), reverse("desk:deceased", args=[self.customer.pk]), main=True),)
            how = _("See a death certificate first.")
        yield PlayStep(title, NOW, how, ways)

    def wanted(self, membership: Membership) -> bool:
        return bool(membership.current) or membership.end_reason == EndReason.DECEASED

    def steps(self, membership: Membership) -> Iterator[PlayStep]:
        if membership.type in SEVERAL and self.is_in(membership):
            yield from self._shared(membership)
        elif membership.current:
            yield self._end(membership)
        else:
            yield PlayStep(_("End the membership"), DONE, _("Ended with the reason deceased."))

    def _shared(self, membership: Membership) -> Iterator[PlayStep]:
        change = self.split_of(membership)
        state = self.state_of(change) if change is not None else None
        open_ways = {
            ChangeStatus.DRAFT: _("Go on with the draft"),
            ChangeStatus.AWAITING_CONSENT: _("Ask and record"),
            ChangeStatus.AGREED: _("Carry out"),
        }
        if change is None or state not in open_ways:
            how = _("The person leaves what is shared, by the policy the heirs and the others agree on.")
            yield PlayStep(_("Propose the split"), NOW, how, (self.new_split(membership),))
            yield PlayStep(
                _("Record the document"), LATER, _("It stands for the consent; a second person confirms it.")
            )
            return
        yield PlayStep(
            _("Propose the split"), DONE, str(state.label) if state else "", (Way(_("Open it"), change_url(change.pk)),)
        )
        missing = waiting(change).missing
        how = _("Waits for %(names)s.") % {"names": self.names(missing)} if missing else _("Everything is there.")
        way = self.page_of(change, open_ways[ChangeStatus(state)])
        yield PlayStep(_("Record the document, ask the others, carry out"), NOW, how, (way,))

    def _end(self, membership: Membership) -> PlayStep:
        query = urlencode({"end_reason": EndReason.DECEASED.value})
        url = f"{reverse('desk:terminate', args=[membership.pk])}?{query}"
        points = Way(_("Transfer points to an heir first"), reverse("desk:transfer", args=[membership.pk]))
        how = _("Its points rest for the program's days, then expire. Heirs may have them transferred before.")
        if not self.may("memberships:manage", membership.program_id):
            return PlayStep(_("End the membership"), NOW, _("It takes the right memberships:manage."))
        return PlayStep(_("End the membership"), NOW, how, (Way(_("Terminate"), url, main=True), points))
