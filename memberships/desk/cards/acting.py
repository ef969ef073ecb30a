"""Replace, block, unblock, cancel: one card, one reason."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import issuing
from cards.models import Card, CardStatus
from common.desk.fields import ReasonField
from common.desk.outcomes import Outcome, Way
from memberships.card_holding import activate_card, cards_in_hand, replace_card, unblock_card
from memberships.desk.cards.base import CardTask, card_address, card_page, front_page, to_people

TOLD = gettext_lazy("Told on the phone")


class ReasonForm(forms.Form):
    reason = ReasonField(suggestions=(TOLD, gettext_lazy("At the customer's wish")))


class VerbTask(CardTask):
    """The verb is its own predicate: it is tried before the form is shown, and undone again."""

    form_class: ClassVar[type[forms.Form]] = ReasonForm
    verb: ClassVar[Callable[..., Card]]
    # What it means, in a sentence.
    meaning: ClassVar[Any] = ""
    # Name and label of the task that takes it back, or goes on from there.
    onward: ClassVar[dict[str, Any]] = {}

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: type(self).verb(self.card, actor=self.actor, reason="?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        type(self).verb(self.card, actor=self.actor, reason=given["reason"])
        return self.outcome(self.says(), Card.objects.get(pk=self.card.pk))

    def says(self) -> list[str]:
        return [str(self.meaning)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        onward = [Way(label, card_address(facts["card"], name)) for name, label in self.onward.items()]
        return [card_page(facts["card"], main=True), *onward, *to_people(facts)]


class ReplaceForm(forms.Form):
    reason = ReasonField(
        suggestions=(gettext_lazy("Lost"), gettext_lazy("Worn out"), gettext_lazy("The name has changed"))
    )


class Replace(VerbTask):
    title = gettext_lazy("Replace a card")
    what = gettext_lazy(
        "Gives a new card with a number of its own to whoever holds this one. This one ends for good: its number "
        "still leads staff to the membership, but no till takes it."
    )
    confirm = gettext_lazy("Replace it")
    form_class = ReplaceForm
    verb = staticmethod(replace_card)

    def says(self) -> list[str]:
        return [self.new_card_told(), _("The old card is final. No till takes it any more.")]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        new = facts["successor"]
        return [card_page(new, main=True), front_page(new), card_page(facts["card"]), *to_people(facts)]


class Activate(VerbTask):
    title = gettext_lazy("Activate a card")
    what = gettext_lazy(
        "Makes a card usable that was given out and waits, for example a renewed one whose predecessor still runs. "
        "Both work then, each to its own end."
    )
    confirm = gettext_lazy("Activate it")
    verb = staticmethod(activate_card)
    meaning = gettext_lazy("Every till takes the card from now on.")
    onward = {"card-block": gettext_lazy("Block it")}


class Block(VerbTask):
    title = gettext_lazy("Block a card")
    what = gettext_lazy(
        "Bars the card for the time being, for example while the customer looks for it. Unblocking makes it usable "
        "again; a card that is gone is reported lost instead."
    )
    confirm = gettext_lazy("Block it")
    verb = staticmethod(issuing.block)
    meaning = gettext_lazy("No till takes the card until somebody unblocks it.")
    onward = {"card-unblock": gettext_lazy("Unblock it again")}


class Unblock(VerbTask):
    title = gettext_lazy("Unblock a card")
    what = gettext_lazy("Makes a blocked card usable again.")
    confirm = gettext_lazy("Unblock it")
    verb = staticmethod(unblock_card)
    meaning = gettext_lazy("Every till takes the card again.")
    onward = {"card-block": gettext_lazy("Block it again")}


class Cancel(VerbTask):
    title = gettext_lazy("Cancel a card")
    what = gettext_lazy(
        "Ends the card for good, without a new one. Membership and points stay; the number stays registered for ever."
    )
    confirm = gettext_lazy("Cancel it for good")
    for_ever = True
    verb = staticmethod(issuing.cancel)
    meaning = gettext_lazy("The card ends for good. No till takes it, and nobody can bring it back.")

    def says(self) -> list[str]:
        if self.holding is None:
            return super().says()
        left = cards_in_hand(self.holding.membership).filter(status=CardStatus.ACTIVE).exclude(pk=self.card.pk)
        others = _("Other cards of the membership that work: %(count)s.") % {"count": left.count()}
        return [*super().says(), others]
