"""Redeem points for what has no order, and have the member allow it by a code (domain 1.6, 1.11)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.calls import PointsCall
from activities.desk.tasks import PointsTask, done, type_choices
from activities.redeeming import redeem_in_general
from common.desk.fields import NoteField, PointsField, offer
from common.desk.outcomes import Outcome, Way
from common.desk.words import figure
from customers.desk.tasks import shown_name
from memberships.codes import CODE_DIGITS, minutes
from memberships.desk.tasks import membership_page
from memberships.models import Member
from memberships.spending_codes import CodeCall, send_spending_code
from programs.models import PointKind

NOBODY_NAMED = ""


class SpendForm(forms.Form):
    """`members` to choose from; the question is left out where there is nothing to choose."""

    points = PointsField(label=gettext_lazy("Points"))
    point_type = forms.ChoiceField(label=gettext_lazy("Point type"))
    member = forms.TypedChoiceField(
        label=gettext_lazy("Whose wish it is"), coerce=int, empty_value=None, required=False
    )

    def __init__(
        self,
        *args: Any,
        types: Sequence[tuple[str, str]] = (),
        members: Sequence[tuple[str, str]] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "point_type", types)
        offer(self, "member", members)
        if not members:
            del self.fields["member"]


class SpendTask(PointsTask):
    """Who may spend in a membership of several is asked with the person named, not before."""

    action = "points:redeem"
    needs = ("redeem",)

    def form_options(self) -> dict[str, Any]:
        return {
            "types": type_choices(self.design, only=PointKind.REDEEMABLE),
            "members": list(_choices(self.actor, self.members)),
        }


class RedeemForm(SpendForm):
    reference = forms.CharField(
        label=gettext_lazy("What for"),
        help_text=gettext_lazy("The order or receipt number, or what was given; staff find the activity by it."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy(
            "If one was sent: as the member reads it out. It proves who asks, and is needed where the person asking "
            "may not spend alone."
        ),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    note = NoteField()


class Redeem(SpendTask):
    title = gettext_lazy("Redeem points")
    what = gettext_lazy(
        "Spends points for something that is not in the catalog of rewards: the next to expire go first. With a code, "
        "the member it was sent to is who spends; it works once, for so many points at most as its letter said."
    )
    confirm = gettext_lazy("Redeem")
    form_class = RedeemForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        code = given["code"].strip() or None
        # Whoever gave the code is who spends, whoever else asks for it.
        member = None if code else given.get("member")
        call = PointsCall(
            self.membership.pk,
            given["points"],
            given["point_type"],
            member,
            reference=given["reference"],
            note=given["note"],
            code=code,
        )
        answer = redeem_in_general(call, actor=self.actor)
        told = {"points": figure(given["points"]), "type": self.design.by_code[given["point_type"]].name}
        says = [_("%(points)s %(type)s are spent.") % told]
        if code:
            says.append(_("The member allowed it by the code, which is used up."))
        return done(answer, says, self.design)

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        again = Way(_("Send a spending code"), reverse("desk:spending-code", args=[facts["membership"]]))
        return [*super().ways(facts), again]


class SendCode(SpendTask):
    title = gettext_lazy("Send a spending code")
    what = gettext_lazy(
        "Sends the member a code by which they allow points of theirs to be spent here at the desk: when somebody else "
        "asks for it, or when you can't tell who is calling. It goes to the registered address only, and the letter "
        "says how many points it stands for. A till has codes of its own sent."
    )
    confirm = gettext_lazy("Send")
    form_class = SpendForm

    def obstacles(self) -> Sequence[str]:
        return super().obstacles() or ([] if self.members else [_("Nobody takes part in it by name.")])

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        call = CodeCall(self.membership.pk, given["points"], given["point_type"], given.get("member"))
        code = send_spending_code(call, actor=self.actor)
        told = {
            "digits": CODE_DIGITS,
            "minutes": minutes(),
            "points": figure(given["points"]),
            "type": self.design.by_code[given["point_type"]].name,
        }
        says = [
            _("A code of %(digits)s digits goes to the member's registered address.") % told,
            _("It is good for %(minutes)s minutes, once, for up to %(points)s %(type)s.") % told,
            _("A code the desk sent this person before ends."),
        ]
        wish = {"points": given["points"], "point_type": given["point_type"]}
        return Outcome(says, {"membership": code.membership_id, "wish": wish})

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        address = reverse("desk:redeem", args=[facts["membership"]])
        redeem = Way(_("Redeem with the code"), f"{address}?{urlencode(facts['wish'])}", main=True)
        return [redeem, membership_page(facts["membership"])]


def _choices(actor: Any, members: Sequence[Member]) -> Iterable[tuple[str, str]]:
    """The people to choose from, where there are several."""
    if len(members) < 2:
        return
    yield NOBODY_NAMED, _("the main member")
    for member in members:
        yield str(member.customer_id), shown_name(actor, member.customer)
