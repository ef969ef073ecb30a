"""The base of tasks about one membership."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from common.desk.links import page_of
from common.desk.outcomes import Way
from common.desk.tasks import TaskPage
from customers.desk.tasks import shown_name
from memberships.models import Member, Membership
from programs.design import Design, design_of


class MembershipTask(TaskPage):
    section = "customers"
    membership: Membership
    design: Design

    def load(self, **kwargs: Any) -> None:
        self.take(Membership.objects.visible_to(self.actor).filter(pk=kwargs["pk"]).first())

    def take(self, membership: Membership | None) -> None:
        """The membership found, in a program where the user may do this."""
        if membership is None:
            raise Http404
        self.allow_program(membership.program_id)
        self.membership, self.program = membership, membership.program
        self.design = design_of(membership.program_id)
        self.members = list(
            Member.objects.filter(membership=membership, ended_at__isnull=True).select_related("customer")
        )
        self.subject = _("Membership %(number)s") % {"number": membership.number}

    def customers(self) -> Iterable[int]:
        return Member.objects.filter(membership=self.membership).values_list("customer_id", flat=True)

    def context(self) -> dict[str, Any]:
        return {"people": [shown_name(self.actor, member.customer) for member in self.members]}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the membership"), page_of("membership", self.membership.pk))]


def membership_page(membership_id: int, *, main: bool = False) -> Way:
    return Way(_("Membership"), page_of("membership", membership_id), main)
