"""Give a member a further card: an additional one that earns only, or a main card where they have none."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Card, CardKind, CardStatus, CardType
from common.desk.fields import offer
from common.desk.outcomes import Figure, Outcome, Way
from memberships.card_holding import cards_in_hand, give_new_card
from memberships.desk.cards.base import card_page, front_page
from memberships.desk.changes.base import told_name
from memberships.desk.tasks import MembershipTask, membership_page

KINDS = (
    (CardKind.ADDITIONAL.value, gettext_lazy("an additional card: it earns only, for example for a partner")),
    (CardKind.MAIN.value, gettext_lazy("a main card, where the member has none")),
)


class GiveCardForm(forms.Form):
    customer = forms.TypedChoiceField(label=gettext_lazy("For whom"), coerce=int)
    kind = forms.ChoiceField(
        label=gettext_lazy("Which card"), choices=KINDS, initial=CardKind.ADDITIONAL, widget=forms.RadioSelect
    )
    card_type = forms.ChoiceField(label=gettext_lazy("Type"), required=False)
    number = forms.CharField(
        label=gettext_lazy("Number"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("Only where the card has one already, from elsewhere. It is drawn otherwise."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, str]], types: Sequence[CardType], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "customer", people)
        offer(self, "card_type", [("", _("the usual one")), *((one.code, one.name) for one in types)])
        if len(people) == 1:
            self.fields["customer"].widget = forms.HiddenInput()
            self.fields["customer"].initial = people[0][0]
        if not types:
            del self.fields["card_type"]


class GiveCard(MembershipTask):
    action = "cards:manage"
    title = gettext_lazy("Give a card")
    what = gettext_lazy(
        "Makes a further card for a member. What it earns goes to this membership; an additional card redeems nothing. "
        "For a card that is gone use Replace instead."
    )
    confirm = gettext_lazy("Give the card")
    form_class = GiveCardForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        kinds = [CardKind.ADDITIONAL, CardKind.MAIN]
        self.types = list(CardType.objects.filter(program=self.membership.program_id, kind__in=kinds).order_by("name"))

    def obstacles(self) -> Sequence[str]:
        if not self.members:
            return [_("Nobody takes part in this membership by name. Register its card for a person first.")]
        first = self.members[0].customer_id
        return self.refusals(lambda: self._given(first, CardKind.ADDITIONAL))

    def form_options(self) -> dict[str, Any]:
        people = [(str(one.customer_id), told_name(self.actor, one.customer)) for one in self.members]
        return {"people": people, "types": self.types}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        card_type = next((one for one in self.types if one.code == given.get("card_type")), None)
        card = self._given(given["customer"], given["kind"], number=given["number"] or None, card_type=card_type)
        return Outcome([_said(card)], {"membership": self.membership.pk, "card": card.number_id})

    def _given(self, customer_id: int, kind: str, **options: Any) -> Card:
        return give_new_card(self.membership, customer_id=customer_id, kind=kind, actor=self.actor, **options)

    def figures(self) -> Sequence[Figure]:
        return [Figure("cards", _("Cards in hand"), cards_in_hand(self.membership).count())]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        number = facts["card"]
        return [card_page(number, main=True), front_page(number), membership_page(facts["membership"])]


def _said(card: Card) -> str:
    kind = str(card.get_kind_display())
    if card.status == CardStatus.ACTIVE:
        return _("A new card, %(kind)s, is usable at once.") % {"kind": kind}
    return _("A new card, %(kind)s, becomes usable with the membership.") % {"kind": kind}
