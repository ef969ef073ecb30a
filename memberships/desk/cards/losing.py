"""A card is lost, stolen or damaged: reported, and replaced in the same step, while the customer is on the phone."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import issuing
from cards.models import CardStatus
from common.desk.fields import MomentField, ReasonField
from common.desk.outcomes import Outcome, Way
from common.desk.words import moment
from memberships.card_holding import locked_holding, replace_card
from memberships.desk.cards.base import CardTask, card_address, card_page, front_page, to_people

WHAT = (
    (CardStatus.LOST.value, gettext_lazy("lost")),
    (CardStatus.STOLEN.value, gettext_lazy("stolen")),
    (CardStatus.DAMAGED.value, gettext_lazy("damaged: it can't be read")),
)


class ReportForm(forms.Form):
    status = forms.ChoiceField(
        label=gettext_lazy("What happened"), choices=WHAT, initial=CardStatus.LOST, widget=forms.RadioSelect
    )
    since = MomentField(
        label=gettext_lazy("Since when"),
        required=False,
        help_text=gettext_lazy("When it was last safe in the customer's hand. What was booked before still counts."),
    )
    replace = forms.BooleanField(label=gettext_lazy("Give a replacement at once"), initial=True, required=False)
    reason = ReasonField(
        required=False, suggestions=(gettext_lazy("Told on the phone"), gettext_lazy("Bag or wallet stolen"))
    )

    def __init__(self, *args: Any, zone: tzinfo, **options: Any) -> None:
        super().__init__(*args, **options)
        since: Any = self.fields["since"]
        since.zone = zone
        since.label = _("Since when (time in %(zone)s; empty: now)") % {"zone": zone}


class Report(CardTask):
    title = gettext_lazy("Report a card lost, stolen or damaged")
    what = gettext_lazy(
        "Bars the card at once at every till. A replacement has a number of its own and works at once; points and "
        "membership stay as they are."
    )
    confirm = gettext_lazy("Report it")
    form_class = ReportForm

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: issuing.report(self.card, CardStatus.LOST, actor=self.actor))

    def form_options(self) -> dict[str, Any]:
        return {"zone": self.program.zone}

    def exits(self) -> Sequence[Way]:
        ways = list(super().exits())
        if self.card.status in issuing.REPORTED:
            ways.insert(0, Way(_("Replace it"), card_address(self.card.number_id, "card-replace"), main=True))
        return ways

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        status, since = CardStatus(given["status"]), given["since"]
        reason = given["reason"] or str(status.label).capitalize()
        # The membership is locked before the card, as whatever takes the card along locks them.
        locked_holding(self.card)
        card = issuing.report(self.card, status, actor=self.actor, since=since, reason=reason)
        says = [_reported(status, since and moment(since, self.program.zone))]
        if not given["replace"]:
            return self.outcome([*says, _("No new card is given. Replace this one when the customer wants it.")], card)
        replace_card(card, actor=self.actor, reason=reason)
        card.refresh_from_db()
        return self.outcome([*says, self.new_card_told()], card)

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        lost = facts["card"]
        if facts["successor"]:
            found = [card_page(facts["successor"], main=True), front_page(facts["successor"])]
        else:
            found = [Way(_("Replace it"), card_address(lost, "card-replace"), main=True)]
        used = Way(_("Was the old one used meanwhile?"), f"{card_address(lost)}#used")
        return [*found, used, *to_people(facts)]


def _reported(status: CardStatus, since: str | None) -> str:
    told = {"status": status.label, "since": since}
    if since:
        return _("The card is reported %(status)s. No till takes it for anything after %(since)s.") % told
    return _("The card is reported %(status)s. No till takes it from now on.") % told
