"""Tasks about single members: hand over the main place or the pool, suspend and reinstate one person (domain 1.4)."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField, offer
from common.desk.outcomes import Figure, Outcome, Way
from memberships import lifecycle
from memberships.changes.handing_over import hand_over
from memberships.desk.changes.base import told_name
from memberships.desk.changes.finding import people_in
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import Member, Membership, MembershipType
from points.models import PointAccountSet


class PersonForm(forms.Form):
    """One of the people who could be meant, and why."""

    member = forms.ChoiceField(label=gettext_lazy("Who"), widget=forms.RadioSelect)
    reason = ReasonField(
        suggestions=(gettext_lazy("At the members' wish"), gettext_lazy("Misuse suspected"), gettext_lazy("Moved out"))
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "member", people)


class MemberTask(MembershipTask):
    """About one person of a membership of several."""

    action = "memberships:manage"
    form_class = PersonForm

    def choices(self) -> list[Member]:
        """The members the task may be done for."""
        raise NotImplementedError

    def form_options(self) -> dict[str, Any]:
        return {"people": [(str(one.pk), self.told(one)) for one in self.choices()]}

    def initial(self) -> dict[str, Any]:
        found = self.choices()
        return {"member": found[0].pk} if len(found) == 1 else {}

    def told(self, member: Member) -> str:
        number = "" if member.membership_id == self.membership.pk else f" ({member.membership.number})"
        return f"{told_name(self.actor, member.customer)}{number}"

    def chosen(self, given: dict[str, Any]) -> Member:
        return next(one for one in self.choices() if str(one.pk) == given["member"])

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [membership_page(facts["membership"], main=True)]


class HandOver(MemberTask):
    title = gettext_lazy("Hand over")
    what = gettext_lazy(
        "Makes another member the main member of the group, or the owner of the shared account. Nobody's points, "
        "number or cards change."
    )
    confirm = gettext_lazy("Hand over")

    def obstacles(self) -> Sequence[str]:
        if self.membership.type not in (MembershipType.GROUP, MembershipType.SHARED):
            return [_("Only a group has a main member, and only a shared account an owner. This is neither.")]
        if not self.choices():
            return [_("There is nobody to hand over to.")]
        return ()

    def choices(self) -> list[Member]:
        return [one for one in people_in(self.membership) if one.customer_id != leader_of(self.membership)]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        member = self.chosen(given)
        hand_over(self.membership, to_customer=member.customer_id, actor=self.actor, reason=given["reason"])
        if self.membership.type == MembershipType.GROUP:
            says = _("The member chosen is the main member of the group from now on; the former one stays a member.")
        else:
            says = _("The member chosen owns the shared account from now on; everybody stays in it.")
        return Outcome([says], {"membership": self.membership.pk})

    def figures(self) -> Sequence[Figure]:
        """By number, not by name: a receipt keeps no personal value."""
        membership = Membership.objects.get(pk=self.membership.pk)
        leader = next((one for one in people_in(membership) if one.customer_id == leader_of(membership)), None)
        label = _("Main member") if membership.type == MembershipType.GROUP else _("Owner of the shared account")
        return [
            Figure("leader", label, _("customer %(number)s") % {"number": leader.customer.number} if leader else None)
        ]


class OneMemberTask(MemberTask):
    """Apart from the membership, for one member of a group."""

    verb: ClassVar[Callable[..., Member]]
    said: ClassVar[Any]
    onward: ClassVar[tuple[str, Any]]
    suspends: ClassVar[bool]

    def obstacles(self) -> Sequence[str]:
        if self.membership.type != MembershipType.GROUP:
            return [_("Only in a group is one member suspended apart: suspend the membership instead.")]
        if not self.membership.current:
            return [_("The membership has ended.")]
        if not self.choices():
            return [_("Everybody is suspended already.") if self.suspends else _("Nobody is suspended.")]
        return ()

    def choices(self) -> list[Member]:
        return [one for one in people_in(self.membership) if (one.suspended_at is None) == self.suspends]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        type(self).verb(self.chosen(given), actor=self.actor, reason=given["reason"])
        return Outcome([self.said], {"membership": self.membership.pk})

    def figures(self) -> Sequence[Figure]:
        suspended = [one for one in people_in(self.membership) if one.suspended_at is not None]
        numbers = ", ".join(one.customer.number for one in suspended)
        return [Figure("suspended", _("Suspended members (customer numbers)"), numbers or None)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        name, label = self.onward
        return [*super().ways(facts), Way(label, reverse(f"desk:{name}", args=[facts["membership"]]))]


class SuspendMember(OneMemberTask):
    title = gettext_lazy("Suspend one member")
    what = gettext_lazy(
        "Bars one person apart from the group: no earning, redeeming, transfers or cards of theirs. The others go on. "
        "The person still counts and is asked for consent."
    )
    confirm = gettext_lazy("Suspend")
    verb = staticmethod(lifecycle.suspend_member)
    said = gettext_lazy("The member is barred until somebody reinstates them. The group goes on.")
    onward = ("reinstate-member", gettext_lazy("Take it back: reinstate the member"))
    suspends = True


class ReinstateMember(OneMemberTask):
    title = gettext_lazy("Reinstate one member")
    what = gettext_lazy("Lets a suspended member of the group earn, redeem and use cards again.")
    confirm = gettext_lazy("Reinstate")
    verb = staticmethod(lifecycle.reinstate_member)
    said = gettext_lazy("The member takes part again like the others.")
    onward = ("suspend-member", gettext_lazy("Suspend the member again"))
    suspends = False


def leader_of(membership: Membership) -> int | None:
    """The main member of a group, the owner of a pool: a customer."""
    if membership.main_member_id is not None:
        return Member.objects.values_list("customer_id", flat=True).get(pk=membership.main_member_id)
    if membership.pool_id is None:
        return None
    return PointAccountSet.objects.values_list("owner_id", flat=True).get(pk=membership.pool_id)
