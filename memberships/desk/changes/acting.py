"""The steps of a change, each a form of its page: done once, refused where the page was stale, then back there."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from common.desk.recent_login import RecentLoginRequired
from common.desk.refusing import told
from common.desk.tasks import KEY, OWN_FIELDS, receipts
from common.errors import LoyaltyError, Malformed
from customers.desk.tasks import shown_name
from memberships.changes import inviting, proposing
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.documents import confirm, record_document, turn_down
from memberships.changes.errors import NotAsked, TermsChanged
from memberships.desk.changes.base import ATTEST, CARRY_OUT, CONSENT, DECIDE, PROPOSE, MovedOn, change_url, stamp
from memberships.desk.changes.forms import WhyForm
from memberships.desk.changes.page import ShownChange
from memberships.desk.changes.people import Trial, make_form, person_stamp
from memberships.models import (
    ChangeStatus,
    Consent,
    ConsentMethod,
    ConsentStatus,
    InvitationKind,
    MembershipChange,
)


class Step(ShownChange):
    """Asked for by POST alone; whoever comes by GET, as after giving the password again, is led to the page."""

    form_class: ClassVar[type[forms.Form] | None] = None

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.find(pk)
        return HttpResponseRedirect(change_url(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        change = self.find(pk)
        self.check(change)
        key = request.POST.get("key", "")
        if not KEY.match(key):
            return HttpResponseRedirect(change_url(pk))
        form = self.make_form(change)
        if form is not None and not form.is_valid():
            return self._again(change, form, status=400)
        try:
            done = self._done(key, change, form)
        except (LoyaltyError, DatabaseError) as error:
            refusal = told(error)
            self.after_refusal(change, refusal)
            return self._again(self.find(pk), form, error=refusal, status=refusal.status)
        messages.success(request, done["says"])
        return HttpResponseRedirect(done["to"])

    def check(self, change: MembershipChange) -> None:
        """Rights beyond the page's own."""

    def after_refusal(self, change: MembershipChange, refusal: LoyaltyError) -> None:
        """What stays of a step that was refused; all it did itself is undone."""

    def make_form(self, change: MembershipChange) -> forms.Form | None:
        return None if self.form_class is None else self.form_class(self.request.POST, auto_id="withdrawal-%s")

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        """Call the verb; what to say afterwards."""
        raise NotImplementedError

    def goes_to(self, change: MembershipChange) -> str:
        return change_url(change.pk)

    def trial(self, change: MembershipChange, form: forms.Form) -> Trial | None:
        """Where the form stands on the page, for drawing it again."""
        return None

    def seen(self, change: MembershipChange) -> str:
        return stamp(change)

    def customers(self, change: MembershipChange) -> Sequence[int]:
        """Whose erasure blanks the receipt."""
        return list(Consent.objects.filter(change=change).values_list("customer_id", flat=True))

    def _done(self, key: str, change: MembershipChange, form: forms.Form | None) -> dict[str, Any]:
        step = partial(self._taken, change.pk, form)
        asked = [(name, values) for name, values in self.request.POST.lists() if name not in OWN_FIELDS]
        digest = hashlib.sha256(repr((self.request.path, sorted(asked))).encode()).digest()
        return receipts().once(key, digest, step)

    def _taken(self, pk: int, form: forms.Form | None) -> tuple[dict[str, Any], int, Sequence[int]]:
        """Everything asked again under the key; what the page showed must still be so."""
        change = self.find(pk)
        if self.request.POST.get("seen") != self.seen(change):
            raise MovedOn(
                _("Somebody went on with this change meanwhile. Nothing was done; this is how it stands now.")
            )
        says = self.carry_out(change, form.cleaned_data if form is not None else {})
        return {"says": says, "to": self.goes_to(change)}, change.program_id, self.customers(change)

    def _again(
        self, change: MembershipChange, form: forms.Form | None, *, error: LoyaltyError | None = None, status: int
    ) -> HttpResponse:
        trial = self.trial(change, form) if form is not None else None
        return self.show(change, error=error, trial=trial, form=None if trial else form, status=status)


class Propose(Step):
    """The draft goes to everyone affected."""

    action = PROPOSE

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        proposing.open_draft(change, actor=self.actor)
        return _("Proposed. Now ask everyone affected for consent.")


class Withdraw(Step):
    action = PROPOSE
    form_class = WhyForm

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        proposing.withdraw(change, actor=self.actor, reason=given["reason"])
        return _("Withdrawn. Nothing was changed.")


class Refresh(Step):
    """The memberships changed since the terms were written."""

    action = PROPOSE

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        if proposing.refresh(change, actor=self.actor):
            return _("The terms are written anew; everyone is asked again.")
        return _("The terms are as they were.")


class CarryOut(Step):
    action = CARRY_OUT

    def after_refusal(self, change: MembershipChange, refusal: LoyaltyError) -> None:
        """Consents to other terms count no more."""
        if isinstance(refusal, TermsChanged):
            proposing.refresh(change, actor=self.actor)

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        carry_out(change, actor=self.actor)
        return _("Carried out. This is the receipt.")


class OfPerson(Step):
    """A step about the consent of one person asked."""

    action = CONSENT

    def consent(self, change: MembershipChange) -> Consent:
        text = self.request.POST.get("customer", "")
        asked = {str(one.customer_id): one for one in Consent.objects.filter(change=change).select_related("customer")}
        if text not in asked:
            raise NotAsked(_("The consent of this person is not asked for."))
        return asked[text]

    def name_of(self, change: MembershipChange) -> str:
        return shown_name(self.actor, self.consent(change).customer)

    def seen(self, change: MembershipChange) -> str:
        """What others did about other people does not matter here."""
        return person_stamp(change, self.consent(change))


class Ask(OfPerson):
    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        method = self.request.POST.get("method")
        if method not in InvitationKind.values:
            raise Malformed
        consent = self.consent(change)
        inviting.ask(change, customer_id=consent.customer_id, method=method, actor=self.actor)
        told = {"name": self.name_of(change)}
        if method == InvitationKind.CODE:
            return _("A code is on its way to %(name)s. Ask for it and type it in below.") % told
        return _("A link is on its way to %(name)s, who decides on the page it opens.") % told


class Record(OfPerson):
    """What a person decided, by the code that was sent or in person with evidence."""

    def check(self, change: MembershipChange) -> None:
        if self._method() == ConsentMethod.IN_PERSON and not self.may(ATTEST, change.program_id):
            raise PermissionDenied

    def allow(self, program_id: int | None) -> None:
        """Attesting is enough for answers in person."""
        if not (self.may(CONSENT, program_id) or self.may(ATTEST, program_id)):
            raise PermissionDenied

    def _method(self) -> str:
        return self.request.POST.get("method", "")

    def _decision(self) -> str:
        return self.request.POST.get("decision", "")

    def make_form(self, change: MembershipChange) -> forms.Form | None:
        names = {"code": "code", "in_person": "in_person"}
        name = names.get(self._method())
        if name is None:
            raise Malformed
        if self._decision() == ConsentStatus.WITHDRAWN:
            name = "withdrawal"
        return make_form(name, self.consent(change).customer_id, self.request.POST)

    def trial(self, change: MembershipChange, form: forms.Form) -> Trial | None:
        name = "withdrawal" if self._decision() == ConsentStatus.WITHDRAWN else self._method()
        return name, self.consent(change).customer_id, form

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        consent = self.consent(change)
        decide(
            change,
            customer_id=consent.customer_id,
            decision=self._decision(),
            method=self._method(),
            actor=self.actor,
            evidence=given.get("evidence", ""),
            code=given.get("code", ""),
            digest=self.request.POST.get("digest", ""),
        )
        told = {"name": self.name_of(change)}
        if self._decision() == ConsentStatus.REFUSED:
            return _("%(name)s refused. The proposal is closed; a new one is needed.") % told
        if self._decision() == ConsentStatus.WITHDRAWN:
            return _("%(name)s took the consent back. The change waits again.") % told
        change.refresh_from_db()
        if change.status == ChangeStatus.AGREED:
            return _("%(name)s agreed, and so has everyone. The change can be carried out.") % told
        return _("The consent of %(name)s is recorded.") % told


class RecordDocument(OfPerson):
    """A signed paper, or a decision in place of a refused consent: it counts once somebody else confirmed it."""

    def _decides(self) -> str:
        return self.request.POST.get("decides", "")

    def check(self, change: MembershipChange) -> None:
        if self._decides() == ConsentMethod.RECORDED_DECISION and not self.may(DECIDE, change.program_id):
            raise PermissionDenied

    def make_form(self, change: MembershipChange) -> forms.Form | None:
        if self._decides() not in (ConsentMethod.DOCUMENT, ConsentMethod.RECORDED_DECISION):
            raise Malformed
        return make_form(self._decides(), self.consent(change).customer_id, self.request.POST, self.request.FILES)

    def trial(self, change: MembershipChange, form: forms.Form) -> Trial | None:
        return self._decides(), self.consent(change).customer_id, form

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        record_document(
            change,
            customer_id=self.consent(change).customer_id,
            actor=self.actor,
            evidence=given["evidence"],
            file=given.get("file"),
            decides=self._decides(),
        )
        return _("Recorded. It counts once a second member of staff has confirmed it.")


class Confirm(RecentLoginRequired, OfPerson):
    """The second person looked at the paper."""

    def allow(self, program_id: int | None) -> None:
        """Which of the two it takes depends on the paper; the verb knows."""
        if not (self.may(ATTEST, program_id) or self.may(DECIDE, program_id)):
            raise PermissionDenied

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        confirm(change, customer_id=self.consent(change).customer_id, actor=self.actor)
        return _("Confirmed: it stands for the consent of %(name)s.") % {"name": self.name_of(change)}


class TurnDown(OfPerson):
    """The paper does not show what it should."""

    def make_form(self, change: MembershipChange) -> forms.Form | None:
        return make_form("turn_down", self.consent(change).customer_id, self.request.POST)

    def trial(self, change: MembershipChange, form: forms.Form) -> Trial | None:
        return "turn_down", self.consent(change).customer_id, form

    def carry_out(self, change: MembershipChange, given: dict[str, Any]) -> str:
        turn_down(change, customer_id=self.consent(change).customer_id, actor=self.actor, reason=given["reason"])
        return _("Turned down: it does not stand for the consent of %(name)s.") % {"name": self.name_of(change)}
