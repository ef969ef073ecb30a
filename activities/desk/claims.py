"""Claims for missing points: what waits, a new one, the decision (domain 1.11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.claims import (
    DECIDE_RIGHT,
    OWN_CLAIM,
    ClaimCall,
    grant_claim,
    is_own_claim,
    open_claim,
    refuse_attributed,
    refuse_claim,
)
from activities.claims import visible_claim as find_claim
from activities.desk.returning import decimal_field, told
from activities.desk.seen import name_for
from activities.desk.work import WorkList
from activities.models import ActivityStatus, Claim, ClaimStatus, MemberActivity
from common import clock
from common.desk.fields import MomentField, NoteField
from common.desk.outcomes import Figure, Outcome, Way
from common.errors import LoyaltyError, NotFound
from memberships.able import require_able
from memberships.desk.figures import points as figures_of
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import Membership
from memberships.targets import current_home
from points.adjusting import refuse_own

PAGE = 50
GRANT, REFUSE = "grant", "refuse"
WORDS = {
    ClaimStatus.OPEN: gettext_lazy("Waiting"),
    ClaimStatus.GRANTED: gettext_lazy("Granted"),
    ClaimStatus.REFUSED: gettext_lazy("Refused"),
}


class Claims(WorkList):
    """Those that wait, the oldest first; or with ?status= those that were decided, the latest first."""

    action = "memberships:read"
    template = "desk/sales/claims.html"
    section = "claims"

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("status", "")
        status = ClaimStatus(asked) if asked in ClaimStatus.values else ClaimStatus.OPEN
        rows = list(self._found(status)[: PAGE + 1])
        return self.draw(
            tabs=[(WORDS[one], self._address(one), one == status) for one in ClaimStatus],
            waits=status == ClaimStatus.OPEN,
            rows=[(one, self._name(one), self.may(DECIDE_RIGHT, one.program_id)) for one in rows[:PAGE]],
            next_page=self._address(status, after=rows[PAGE - 1].pk) if len(rows) > PAGE else "",
            first_page=self._address(status) if request.GET.get("after") else "",
        )

    def _found(self, status: ClaimStatus) -> QuerySet[Claim]:
        found = Claim.objects.filter(status=status).select_related("program", "membership", "customer")
        if self.actor.programs is not None:
            found = found.filter(program_id__in=self.actor.programs)
        after = self.after()
        if status == ClaimStatus.OPEN:
            return found.filter(pk__gt=after).order_by("pk")
        return (found.filter(pk__lt=after) if after else found).order_by("-pk")

    def _address(self, status: ClaimStatus, **asked: Any) -> str:
        given = asked if status == ClaimStatus.OPEN else {"status": str(status), **asked}
        return f"{self.request.path}?{urlencode(given)}" if given else self.request.path

    def _name(self, claim: Claim) -> str | None:
        return name_for(self.actor, claim.customer_id, claim.customer.name) if claim.customer else ""


class ClaimForm(forms.Form):
    receipt = forms.CharField(
        label=gettext_lazy("Number of the receipt"),
        max_length=80,
        help_text=gettext_lazy("A receipt earns once in a program, whoever shows it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    bought_at = MomentField(label=gettext_lazy("Bought at"), help_text=gettext_lazy("As the receipt says."))
    amount = decimal_field(gettext_lazy("Amount"), places=2, required=True)
    currency = forms.RegexField(
        r"^[A-Z]{3}\Z",
        label=gettext_lazy("Currency"),
        help_text=gettext_lazy("Three capital letters, as EUR."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    note = NoteField()

    def __init__(self, *args: Any, zone: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        moment: Any = self.fields["bought_at"]
        moment.zone = zone


class NewClaim(MembershipTask):
    action = "activities:write"
    title = gettext_lazy("Claim missing points")
    what = gettext_lazy(
        "A member bought something and the points are missing. Copy the receipt; a colleague who may correct points "
        "looks at it and grants or refuses it. Granted, the rules of the day it was bought decide what it earns."
    )
    confirm = gettext_lazy("Open the claim")
    form_class = ClaimForm

    def form_options(self) -> dict[str, Any]:
        return {"zone": self.design.zone}

    def initial(self) -> dict[str, Any]:
        return {"currency": self.design.program.currency}

    def obstacles(self) -> Sequence[str]:
        try:
            require_able(self.membership, "earn", self.design)
        except LoyaltyError as error:
            return [error.message]
        return ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        bought_at: datetime = given["bought_at"]
        call = ClaimCall(
            given["receipt"],
            bought_at,
            given["amount"],
            given["currency"],
            membership_id=self.membership.pk,
            note=given["note"],
        )
        claim = open_claim(call, actor=self.actor)
        return Outcome([_("The claim waits for a decision; nothing is earned yet.")], {"claim": claim.pk})

    def figures(self) -> Sequence[Figure]:
        waiting = Claim.objects.filter(membership=self.membership, status=ClaimStatus.OPEN).count()
        return [Figure("claims", _("Claims that wait"), waiting)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = [membership_page(self._of(facts), main=True), Way(_("Claims that wait"), reverse("desk:claims"))]
        if self.may(DECIDE_RIGHT):
            found.append(Way(_("Take it back: refuse it"), reverse("desk:claim", args=[facts["claim"]])))
        return found

    def _of(self, facts: dict[str, Any]) -> int:
        return Claim.objects.values_list("membership_id", flat=True).get(pk=facts["claim"])


class ClaimDecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            (GRANT, gettext_lazy("Grant: the purchase earns as on the day it was made")),
            (REFUSE, gettext_lazy("Refuse: nothing is earned")),
        ],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Stays with the claim. No names, please."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("decision") == REFUSE and not given.get("why"):
            self.add_error("why", _("Say why you refuse: the member will ask."))
        return given


class DecideClaim(MembershipTask):
    action = DECIDE_RIGHT
    section = "claims"
    title = gettext_lazy("Decide about a claim")
    what = gettext_lazy(
        "Compare the claim with the receipt. Granted, it is a late activity, judged by the rules of its day; refused, "
        "the receipt can be claimed again."
    )
    confirm = gettext_lazy("Decide")
    form_class = ClaimDecisionForm
    about_template = "desk/sales/about_claim.html"
    claim: Claim

    def load(self, **kwargs: Any) -> None:
        try:
            self.claim = find_claim(self.actor, kwargs["pk"])
        except NotFound as error:
            raise Http404 from error
        self.take(self.claim.membership)
        self.subject = _("Claim for receipt %(receipt)s") % {"receipt": self.claim.receipt}

    def obstacles(self) -> Sequence[str]:
        if self.claim.status != ClaimStatus.OPEN:
            return [_("The claim was decided already: %(status)s.") % {"status": self.claim.get_status_display()}]
        try:
            refuse_own(self.actor, [self.claim.customer_id] if self.claim.customer_id else [])
        except LoyaltyError as error:
            return [error.message]
        return ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        facts = {"claim": self.claim.pk, "membership": self.claim.membership_id}
        if given["decision"] == REFUSE:
            refuse_claim(self.claim.pk, actor=self.actor, why=given["why"])
            return Outcome([_("The claim is refused; nothing is earned.")], facts)
        done = grant_claim(self.claim.pk, actor=self.actor, why=given["why"])[1]
        says = [effect["because"] for effect in done.effects]
        if done.activity.problem:
            says.append(_("A rule failed; the activity waits: %(why)s") % {"why": done.activity.problem["detail"]})
        return Outcome(says or [_("No rule rewards it: the claim is granted and earns nothing.")], facts)

    def figures(self) -> Sequence[Figure]:
        status = Claim.objects.get(pk=self.claim.pk).get_status_display()
        return [Figure("status", _("Claim"), status), *figures_of(self._home(), self.design)]

    def _home(self) -> Membership:
        return current_home(self.claim.membership, self.claim.customer_id) or self.claim.membership

    def context(self) -> dict[str, Any]:
        return super().context() | {
            "claim": self.claim,
            "money": told(self.claim.amount, self.claim.currency),
            "attributed": self._attributed(),
            "same_receipt": self._same_receipt(),
            "own": self.claim.status == ClaimStatus.OPEN and is_own_claim(self.claim, self.actor),
            "own_words": OWN_CLAIM,
            "late": (clock.program_now(self.program) - self.claim.occurred_at).days,
        }

    def _attributed(self) -> str:
        if self.claim.status != ClaimStatus.OPEN:
            return ""
        try:
            refuse_attributed(self.claim.receipt, self.design, but=self.claim.pk)
        except LoyaltyError as error:
            return error.message
        return ""

    def _same_receipt(self) -> MemberActivity | None:
        """What the receipt earned by already, or what the claim became."""
        if self.claim.activity_id is not None:
            return self.claim.activity
        same = MemberActivity.objects.filter(program=self.claim.program_id, reference=self.claim.receipt)
        return same.exclude(status=ActivityStatus.REFUSED).first()

    def exits(self) -> Sequence[Way]:
        return [*super().exits(), Way(_("Claims that wait"), reverse("desk:claims"))]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [membership_page(facts["membership"], main=True), Way(_("Claims that wait"), reverse("desk:claims"))]
