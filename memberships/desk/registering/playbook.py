"""Playbook "found card": from the card in somebody's hand to its points in their membership (interfaces 3.2)."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Card, CardKind, CardStatus
from common.desk.outcomes import Way
from common.desk.pages import DeskPage
from memberships.desk.changes.base import told_name
from memberships.desk.changes.playbooks import DONE, LATER, NOT_NEEDED, NOW, STOPPED, PlayStep
from memberships.desk.registering import choosing
from memberships.models import CardRegistration, MembershipType, RegistrationOutcome, RegistrationStatus
from memberships.proofs import needed
from memberships.registrations import WAITS


class FoundCard(DeskPage):
    action = choosing.ACTION
    section = "customers"
    template = "desk/registering/playbook.html"
    title = gettext_lazy("Playbook: found card")
    what = gettext_lazy(
        "Somebody has a temporary card, their own or a found one, and wants its points. Nothing is lost on the way: "
        "until it is somebody's the card goes on earning by itself."
    )

    def get(self, request: HttpRequest) -> HttpResponse:
        number = choosing.asked_for(request, "number")
        self.card = choosing.card_called(number, self.actor)
        self.customer = choosing.customer_called(choosing.asked_for(request, "customer"))
        self.registration = self._registration()
        return self.draw(
            number=number,
            card=self.card,
            customer=self.customer,
            name=told_name(self.actor, self.customer) if self.customer else "",
            steps=list(self._steps()),
        )

    def _registration(self) -> CardRegistration | None:
        """The one that counts: done or waiting; withdrawn ones led to nothing."""
        if self.card is None:
            return None
        counting = CardRegistration.objects.filter(card=self.card, status__in=[*WAITS, RegistrationStatus.DONE])
        found: CardRegistration | None = (
            counting.select_related("customer", "target", "membership").order_by("-pk").first()
        )
        return found

    def _steps(self) -> Iterator[PlayStep]:
        card, registration = self.card, self.registration
        yield self._find(card)
        if card is None:
            yield PlayStep(_("See whether it takes a proof"), LATER, _("Many points or a debt do."))
            yield PlayStep(_("Find the person"), LATER, _("Whoever has it, known already or new."))
            yield PlayStep(_("Register the card"), LATER, _("Previewed first."))
            return
        yield self._prove(card)
        yield self._person(card)
        yield self._register(card)
        if registration is not None:
            yield self._after(registration)

    def _find(self, card: Card | None) -> PlayStep:
        title = _("Find the card")
        if card is None:
            return PlayStep(title, NOW, _("By the number on it, above."))
        holding = choosing.open_holding(card)
        if holding is not None and holding.customer_id is not None:
            page = Way(_("Its membership"), reverse("desk:membership", args=[holding.membership_id]))
            return PlayStep(title, DONE, _("It is somebody's."), (page,))
        told = {"status": card.get_status_display()}
        if card.kind == CardKind.TEMPORARY and card.status in (CardStatus.CREATED, CardStatus.ACTIVE):
            return PlayStep(title, DONE, _("A temporary card, %(status)s, nobody's in person.") % told)
        return PlayStep(title, STOPPED, _("The card is %(status)s: nothing can be registered with it.") % told)

    def _prove(self, card: Card) -> PlayStep:
        title = _("See whether it takes a proof")
        found = choosing.membership_of(card)
        if self.registration is not None and self.registration.status == RegistrationStatus.DONE:
            return PlayStep(title, DONE, str(self.registration.get_proof_kind_display()))
        if found is not None and found.type == MembershipType.ANONYMOUS and needed(found, card.program):
            how = _(
                "So much stands on it that the number alone is not enough: the code under the scratch field, the "
                "receipt of a purchase with it, or the card shown in a store."
            )
            return PlayStep(title, NOW, how)
        return PlayStep(title, NOT_NEEDED, _("Having it in the hand is enough."))

    def _person(self, card: Card) -> PlayStep:
        title = _("Find the person")
        if self.registration is not None:
            return PlayStep(title, DONE, told_name(self.actor, self.registration.customer))
        find = Way(_("Find the person"), choosing.address(card), main=self.customer is None)
        if self.customer is None:
            return PlayStep(title, NOW, _("Look first whether they are known already."), (find,))
        return PlayStep(title, DONE, told_name(self.actor, self.customer), (Way(_("Another person"), find.url),))

    def _register(self, card: Card) -> PlayStep:
        title = _("Register the card")
        registration = self.registration
        if registration is not None and registration.status == RegistrationStatus.DONE:
            return PlayStep(title, DONE, str(registration.get_outcome_display()))
        if registration is not None:
            return PlayStep(title, DONE, str(registration.get_status_display()))
        if self.customer is None:
            return PlayStep(title, LATER, _("The page says what would happen before it does."))
        way = Way(_("Register the card"), choosing.address(card, self.customer), main=True)
        return PlayStep(title, NOW, _("The page says what would happen before it does."), (way,))

    def _after(self, registration: CardRegistration) -> PlayStep:
        """What is left to do, or how it is taken back."""
        if registration.status in WAITS:
            return self._waiting(registration)
        title = _("If it was the wrong person")
        if registration.outcome == RegistrationOutcome.ABSORBED and registration.change_id is not None:
            undo = Way(_("The change, and its undo"), reverse("desk:change", args=[registration.change_id]))
            return PlayStep(title, NOT_NEEDED, _("Undo the absorption: card and points are as before."), (undo,))
        transfer = Way(_("Transfer the points"), reverse("desk:transfer", args=[registration.membership_id]))
        return PlayStep(title, NOT_NEEDED, _("Transfer the points to the right person."), (transfer,))

    def _waiting(self, registration: CardRegistration) -> PlayStep:
        withdraw = Way(_("Withdraw it"), reverse("desk:registration-withdraw", args=[registration.pk]))
        if registration.status == RegistrationStatus.AWAITING_CONSENT and registration.change_id is not None:
            change = Way(_("Ask and record"), reverse("desk:change", args=[registration.change_id]), main=True)
            return PlayStep(_("Ask those who share"), NOW, _("A debt would come to them."), (change, withdraw))
        target = registration.target
        ways = () if target is None else (Way(target.number, reverse("desk:membership", args=[target.pk]), main=True),)
        how = _("The points come by themselves once the person's membership is active.")
        return PlayStep(_("Make the membership active"), NOW, how, (*ways, withdraw))
