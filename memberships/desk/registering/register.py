"""Register a found card: find the card, find whose it is, see what would happen, prove it, and do it (domain 1.10)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Card
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.refusing import told
from common.desk.task_hooks import undone
from common.desk.tasks import TaskPage
from common.desk.words import day
from common.errors import LoyaltyError
from customers.desk.tasks import customer_page
from customers.models import Customer
from memberships import admission
from memberships.desk.changes.base import CARRY_OUT, told_name
from memberships.desk.figures import points
from memberships.desk.registering import choosing, telling
from memberships.desk.registering.forms import RegisterForm, asked
from memberships.desk.tasks import membership_page
from memberships.models import (
    CardRegistration,
    Member,
    Membership,
    MembershipType,
    RegistrationOutcome,
    RegistrationStatus,
)
from memberships.registering import register
from memberships.registrations import open_registrations
from programs.design import design_of
from programs.life import terms_in_force

# What the form asks for; everything else stands in the way of it.
ASKED_FOR = {"proof_required": "proof", "terms_not_accepted": "terms"}


class RegisterCard(TaskPage):
    action = choosing.ACTION
    section = "customers"
    title = gettext_lazy("Register a found card")
    what = gettext_lazy(
        "The points on a temporary card become those of the person who has it: with a membership of their own, or in "
        "the one they have already. Having the card in their hand is their consent."
    )
    confirm = gettext_lazy("Register the card")
    form_class = RegisterForm
    form_template = "desk/registering/form.html"
    about_template = "desk/registering/about.html"
    card: Card
    customer: Customer
    needs: frozenset[str] = frozenset()

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if "receipt" not in request.GET and not self._is_chosen():
            return self._choose()
        return super().get(request, **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A form that names no card or nobody begins anew."""
        return super().post(request, **kwargs) if self._is_chosen() else HttpResponseRedirect(request.get_full_path())

    def load(self, **kwargs: Any) -> None:
        card = choosing.card_called(choosing.asked_for(self.request, "number"), self.actor)
        customer = choosing.customer_called(choosing.asked_for(self.request, "customer"))
        if card is None or customer is None:
            raise Http404
        self.card, self.customer, self.program = card, customer, card.program
        self.design = design_of(card.program_id)
        self.subject = _("Card %(number)s") % {"number": card.number_id}

    def obstacles(self) -> Sequence[str]:
        """What the verb says when it is tried, but for what the form is there to ask."""
        try:
            undone(lambda: {"done": bool(self._registered())})
        except (LoyaltyError, DatabaseError) as error:
            refusal = told(error)
            if refusal.code not in ASKED_FOR:
                return [refusal.message]
            self.needs = frozenset({ASKED_FOR[refusal.code]})
        return ()

    def form_options(self) -> dict[str, Any]:
        terms = terms_in_force(design_of(self.program.pk)) if self._member() is None else None
        return {"proof": "proof" in self.needs, "terms": terms}

    def initial(self) -> dict[str, Any]:
        return {"number": self.card.number_id, "customer": self.customer.pk}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        registration = self._registered(**asked(given))
        facts = {
            "customer": self.customer.pk,
            "outcome": registration.outcome,
            "registration": registration.pk,
            "waits": registration.status in (RegistrationStatus.WAITING, RegistrationStatus.AWAITING_CONSENT),
            "change": registration.change_id,
            "membership": telling.home_of(registration).pk,
        }
        return Outcome(telling.said(registration, self.design), facts)

    def figures(self) -> Sequence[Figure]:
        card = Card.objects.get(pk=self.card.pk)
        shown = [
            Figure("kind", _("Card"), str(card.get_kind_display())),
            Figure("status", _("Status of the card"), str(card.get_status_display())),
            Figure("until", _("Card valid until"), day(card.valid_until) if card.valid_until else "", always=False),
        ]
        found = choosing.membership_of(card)
        if found is not None and found.type == MembershipType.ANONYMOUS:
            shown += self._points("card", _("On the card: %(what)s"), found)
        member = self._member()
        if member is not None:
            shown += self._points("person", _("The person's: %(what)s"), member.membership)
        return shown

    def customers(self) -> Iterable[int]:
        return [self.customer.pk]

    def context(self) -> dict[str, Any]:
        member = self._member()
        return {
            "card": self.card,
            "customer": self.customer,
            "name": told_name(self.actor, self.customer),
            "home": member and member.membership,
            "sharing": choosing.sharing(member.membership) if member else 0,
            "waiting": self._waiting(),
            "again": reverse("desk:register-card"),
            "other_customer": choosing.address(self.card),
        }

    def exits(self) -> Sequence[Way]:
        return [
            Way(_("Another card"), reverse("desk:register-card")),
            Way(_("Playbook"), choosing.address(self.card, self.customer, "playbook-found-card")),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = [membership_page(facts["membership"], main=True), customer_page(facts["customer"])]
        if facts["waits"]:
            found.append(
                Way(_("Withdraw the registration"), reverse("desk:registration-withdraw", args=[facts["registration"]]))
            )
        if facts["outcome"] == RegistrationOutcome.ABSORBED and self.may(CARRY_OUT):
            found.append(Way(_("Take it back: undo"), reverse("desk:change-undo", args=[facts["change"]])))
        if facts["outcome"] == RegistrationOutcome.CONVERTED and self.may("points:transfer"):
            found.append(
                Way(_("Wrong person: transfer the points"), reverse("desk:transfer", args=[facts["membership"]]))
            )
        if facts["change"] and facts["waits"]:
            found.append(Way(_("The change that asks the others"), reverse("desk:change", args=[facts["change"]])))
        return found

    def _registered(self, **asked: Any) -> CardRegistration:
        return register(self.card, customer=self.customer, actor=self.actor, **asked)

    def _member(self) -> Member | None:
        return admission.current_participation(self.customer.pk, program_id=self.program.pk)

    def _points(self, whose: str, label: str, membership: Membership) -> Iterator[Figure]:
        for one in points(membership, self.design):
            like = one.like and f"{whose}/{one.like}"
            yield Figure(f"{whose}/{one.key}", label % {"what": one.label}, one.value, always=False, like=like)

    def _waiting(self) -> CardRegistration | None:
        found: CardRegistration | None = open_registrations().filter(card=self.card).first()
        return found

    def _is_chosen(self) -> bool:
        """Both are named and there; else the page asks."""
        card = choosing.card_called(choosing.asked_for(self.request, "number"), self.actor)
        return card is not None and choosing.customer_called(choosing.asked_for(self.request, "customer")) is not None

    def _choose(self) -> HttpResponse:
        """First the card, then the person; unknown and foreign numbers are told alike."""
        number, text = choosing.asked_for(self.request, "number"), choosing.asked_for(self.request, "find")
        card = choosing.card_called(number, self.actor)
        holding = None if card is None else choosing.open_holding(card)
        customer = choosing.customer_called(choosing.asked_for(self.request, "customer"))
        return self.draw(
            "desk/registering/choose.html",
            number=number,
            card=card,
            holding=holding,
            customer=customer,
            is_somebodys=holding is not None and holding.customer_id is not None,
            text=text,
            found=choosing.people_for(card, text, self.actor) if card else [],
            may_create=self.may("customers:write"),
        )
