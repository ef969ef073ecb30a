"""Transfer, donate and convert points (domain 1.6)."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.converting import ConversionCall, convert_points
from activities.desk.tasks import REASON_CHOICES, PointsTask, done, type_choices
from activities.transferring import TransferCall, transfer_points
from common import clock
from common.clock import program_now
from common.desk.fields import PointsField, offer
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import figure
from common.errors import FieldError, NotFound
from customers.masking import masked_name
from memberships.desk.figures import points as figures_of
from memberships.models import Membership
from memberships.targets import Target, find_target
from programs.conversion import rate_at
from programs.design import Design
from programs.models import ConversionRate, PointKind


class WishForm(forms.Form):
    """Moves at the customer's own wish, as a rule."""

    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=REASON_CHOICES,
        initial="customer-wish",
        help_text=gettext_lazy("Stays with the posting for ever and is shown in the statement."),
    )


class TransferForm(WishForm):
    to = forms.CharField(
        label=gettext_lazy("To"),
        help_text=gettext_lazy("Member number or card number of the receiver, in the same program."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    points = PointsField(label=gettext_lazy("Points"))
    point_type = forms.ChoiceField(label=gettext_lazy("Point type"))
    donate = forms.BooleanField(
        label=gettext_lazy("A donation"),
        help_text=gettext_lazy("Only to a membership that is marked as taking donations."),
        required=False,
    )
    field_order = ["to", "points", "point_type", "donate", "reason_code"]

    def __init__(self, *args: Any, types: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "point_type", types)


class Transfer(PointsTask):
    action = "points:transfer"
    title = gettext_lazy("Transfer or donate points")
    what = gettext_lazy(
        "Gives points to another membership of the same program. They keep their expiry dates, the next to expire go "
        "first. It can be taken back only while the receiver still has them all."
    )
    confirm = gettext_lazy("Transfer")
    form_class = TransferForm
    needs = ("transfer_out",)
    never_own = True
    receiver: Membership | None = None

    def form_options(self) -> dict[str, Any]:
        return {"types": type_choices(self.design, only=PointKind.REDEEMABLE)}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        receiver = self._receiver(given["to"])
        self.receiver = receiver.membership
        call = TransferCall(
            self.membership.pk,
            receiver.membership.pk,
            given["points"],
            given["point_type"],
            given["donate"],
            reason_code=given["reason_code"],
        )
        answer = transfer_points(call, actor=self.actor)
        told = {
            "points": figure(given["points"]),
            "type": self.design.by_code[given["point_type"]].name,
            "number": receiver.membership.number,
            # Masked whoever looks: receipts keep it.
            "name": masked_name(receiver.member.customer.name) if receiver.member else _("nobody by name"),
        }
        return done(answer, [_("%(points)s %(type)s go to %(number)s (%(name)s).") % told], self.design)

    def exits(self) -> Sequence[Way]:
        convert = Way(_("Convert between point types"), reverse("desk:convert", args=[self.membership.pk]))
        return [*super().exits(), *([convert] if pairs_of(self.design) else [])]

    def _receiver(self, number: str) -> Target:
        """By member number, else by card; in this program only."""
        at, program_id = clock.now(), self.membership.program_id
        try:
            return find_target(self.actor, member_number=number.strip(), program_id=program_id, at=at)
        except NotFound:
            pass
        try:
            found = find_target(self.actor, card_number=number, at=at)
            if found.membership.program_id == program_id:
                return found
        except NotFound:
            pass
        message = _("There is no such member or card in this program. Check the number with the customer.")
        raise NotFound(message, errors=[FieldError(pointer="/to", code="not_found", detail=message)])

    def figures(self) -> Sequence[Figure]:
        found = figures_of(self.target().membership, self.design)
        return [one for one in found if one.key.split("/")[0] in dict(self.form_options()["types"])]

    def customers(self) -> Iterator[int]:
        yield from super().customers()
        if self.receiver is not None:
            yield from self.receiver.members.values_list("customer_id", flat=True)


class ConvertForm(WishForm):
    pair = forms.ChoiceField(label=gettext_lazy("Convert"))
    points = PointsField(label=gettext_lazy("Points taken"))
    field_order = ["pair", "points", "reason_code"]

    def __init__(self, *args: Any, pairs: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "pair", pairs)


class Convert(PointsTask):
    action = "points:transfer"
    title = gettext_lazy("Convert points")
    what = gettext_lazy(
        "Makes points of one type into points of another of this program, at today's rate, rounded down."
    )
    confirm = gettext_lazy("Convert")
    form_class = ConvertForm
    needs = ("transfer_out", "transfer_in")

    def obstacles(self) -> Sequence[str]:
        if found := super().obstacles():
            return found
        if not pairs_of(self.design):
            return [
                _("%(program)s has no rate between its point types. The program manager sets rates.")
                % {"program": self.program}
            ]
        return ()

    def form_options(self) -> dict[str, Any]:
        return {"pairs": pairs_of(self.design)}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        source, target = given["pair"].split(">")
        call = ConversionCall(self.membership.pk, source, target, given["points"], reason_code=given["reason_code"])
        answer = convert_points(call, actor=self.actor)
        entries = {one["point_type"]: one["amount"] for one in answer["posting"]["entries"]}
        told = {
            "taken": figure(-entries[source]),
            "from": self.design.by_code[source].name,
            "given": figure(entries[target]),
            "to": self.design.by_code[target].name,
        }
        return done(answer, [_("%(taken)s %(from)s become %(given)s %(to)s.") % told], self.design)


def pairs_of(design: Design) -> list[tuple[str, str]]:
    """Every pair of types with a rate today, told with it."""
    at, found = program_now(design.program), []
    rated = ConversionRate.objects.filter(program=design.program.pk, valid_from__lte=at)
    for source_id, target_id in sorted(set(rated.values_list("from_type", "to_type"))):
        source, target = design.point_types[source_id], design.point_types[target_id]
        rate = rate_at(source, target, at)
        told = {"n": rate.denominator, "from": source.name, "m": rate.numerator, "to": target.name}
        found.append((f"{source.code}>{target.code}", _("%(n)s %(from)s to %(m)s %(to)s") % told))
    return found
