"""Tasks of a membership's life: activate, pause, suspend, reinstate, renew, terminate (domain 1.5)."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import clock
from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day, figure
from memberships import ending, lifecycle
from memberships.desk.figures import points, standing, term_told
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import EndReason, Membership, MembershipType
from memberships.organization_pools import accepted_rule, pool_umbrella
from memberships.types import type_of
from points.balances import balances_of
from programs.models import LeavingRule

WISH = gettext_lazy("At the customer's wish")


class ReasonForm(forms.Form):
    reason = ReasonField(suggestions=(WISH,))


class LifecycleTask(MembershipTask):
    """The verb is its own predicate: it is tried before the form is shown, and undone again."""

    action = "memberships:manage"
    form_class: ClassVar[type[forms.Form]] = ReasonForm
    verb: ClassVar[Callable[..., Membership]]
    # Names of the tasks that take it back or go on from there.
    onward: ClassVar[dict[str, Any]] = {}

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: self.change({"reason": "?"}))

    def change(self, given: dict[str, Any]) -> Membership:
        return type(self).verb(self.membership, actor=self.actor, **given)

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        row = self.change(given)
        return Outcome(self.says(row), {"membership": row.pk})

    def says(self, row: Membership) -> list[str]:
        raise NotImplementedError

    def figures(self) -> Sequence[Figure]:
        return [*standing(self.membership.pk), *points(self.membership, self.design)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = [membership_page(facts["membership"], main=True)]
        for name, label in self.onward.items():
            found.append(Way(label, reverse(f"desk:{name}", args=[facts["membership"]])))
        return found


class Activate(LifecycleTask):
    title = gettext_lazy("Activate membership")
    what = gettext_lazy("Makes a new or paused membership active. From then on it earns and redeems again.")
    confirm = gettext_lazy("Activate")
    verb = staticmethod(lifecycle.activate)
    onward = {"pause": gettext_lazy("Pause it again")}

    def says(self, row: Membership) -> list[str]:
        return [_("The membership is active, and the cards given out with it can be used.")]


class Pause(LifecycleTask):
    title = gettext_lazy("Pause membership")
    what = gettext_lazy(
        "Sets an active membership aside at the customer's wish. Nothing is earned or redeemed meanwhile; points keep "
        "their dates and may expire. Activating ends the pause at any time."
    )
    confirm = gettext_lazy("Pause")
    verb = staticmethod(lifecycle.pause)
    onward = {"activate": gettext_lazy("Activate it again")}

    def says(self, row: Membership) -> list[str]:
        return [_("The membership is set aside until somebody activates it. Points keep their dates.")]


class SuspendForm(forms.Form):
    reason = ReasonField(
        suggestions=(
            gettext_lazy("Misuse suspected"),
            gettext_lazy("Card reported as misused"),
            gettext_lazy("Identity in doubt"),
        )
    )


class Suspend(LifecycleTask):
    title = gettext_lazy("Suspend membership")
    what = gettext_lazy(
        "Bars an active membership, for example where misuse is suspected. Nothing is earned, redeemed or transferred "
        "until it is reinstated; open holds run to their own limit."
    )
    confirm = gettext_lazy("Suspend")
    form_class = SuspendForm
    verb = staticmethod(lifecycle.suspend)
    onward = {"reinstate": gettext_lazy("Reinstate it")}

    def says(self, row: Membership) -> list[str]:
        return [_("The membership is barred until somebody reinstates it. Points keep their dates.")]


class Reinstate(LifecycleTask):
    title = gettext_lazy("Reinstate membership")
    what = gettext_lazy(
        "Brings a suspended membership back, or an ended one while its points still rest: then both come back."
    )
    confirm = gettext_lazy("Reinstate")
    verb = staticmethod(lifecycle.reinstate)
    onward = {"suspend": gettext_lazy("Suspend it again")}

    def says(self, row: Membership) -> list[str]:
        return [_("The membership is active again, with its points as shown.")]


class Renew(LifecycleTask):
    title = gettext_lazy("Renew membership")
    what = gettext_lazy(
        "Adds a further term after the last one. A membership that its term ended comes back with its points, within "
        "the days of grace or while the points rest."
    )
    confirm = gettext_lazy("Renew")
    verb = staticmethod(lifecycle.renew)

    def says(self, row: Membership) -> list[str]:
        return term_told(row)


class TerminateForm(forms.Form):
    end_reason = forms.ChoiceField(
        label=gettext_lazy("Why it ends"),
        choices=[(one.value, one.label) for one in EndReason if one in ending.BY_HAND],
        initial=EndReason.TERMINATED,
    )
    reason = ReasonField(suggestions=(WISH, gettext_lazy("Moved away")))


class Terminate(LifecycleTask):
    title = gettext_lazy("Terminate membership")
    what = gettext_lazy(
        "Ends the membership. Its points rest for some days, in which reinstating brings both back; then they expire. "
        "The customer's record and other memberships stay."
    )
    confirm = gettext_lazy("Terminate")
    form_class = TerminateForm
    verb = staticmethod(ending.terminate)
    onward = {"reinstate": gettext_lazy("Take it back: reinstate")}

    def says(self, row: Membership) -> list[str]:
        if type_of(row.type).is_umbrella and row.rests_until is None:
            return [_("The organization's membership ends at once. Its people and the account they share go on.")]
        until = day(row.rests_until or clock.now(), self.design.zone)
        left = [one for one in balances_of([row.own_set_id], design=self.design)[row.own_set_id] if one["balance"] > 0]
        found = [_("The membership ends at once. Until %(day)s it can be reinstated.") % {"day": until}]
        found += self._leaving()
        for one in left:
            figures = {"points": figure(one["balance"]), "day": until}
            name = self.design.by_code[one["point_type"]].name
            found.append(_("%(points)s %(name)s rest until %(day)s, then they expire.") % {**figures, "name": name})
        return found

    def _leaving(self) -> list[str]:
        """What it means for those who shared an account with it."""
        pool_id = self.membership.pool_id
        if pool_id is None:
            return []
        if type_of(self.membership.type).is_umbrella:
            return []
        if pool_umbrella(self.membership) is not None:
            told = {"rule": LeavingRule(accepted_rule(self.membership)).label}
            return [_("Its member leaves the organization's account by the agreement's rule: %(rule)s.") % told]
        rule = self.design.program.get_leaving_rule_display()
        staying = Membership.objects.filter(pool=pool_id, current=True, type=MembershipType.SHARED).count()
        found = [_("Its member leaves the shared account by the program's rule: %(rule)s.") % {"rule": rule}]
        if staying:
            found.append(_("Memberships that go on sharing it: %(count)s.") % {"count": staying})
        else:
            found.append(_("Who stays alone has a standard membership with the rest of the points."))
        return found
