"""The pages of one membership: the whole of it, and the base of its statement and explanation."""

from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from activities.customer_overview import membership_views
from activities.desk.customer import membership_card
from activities.desk.seen import name_for
from activities.membership_overview import membership_details
from activities.orders import USE
from activities.reward_overview import rewards_of
from common import clock
from common.desk.pages import DeskPage
from common.errors import Malformed
from memberships.models import Membership
from memberships.overview import participation
from programs.design import Design, design_of, designs_of_all
from programs.expiry import end_of_day, start_of_day

LATEST = 10


class MembershipPage(DeskPage):
    action = "memberships:read"
    template = "desk/membership.html"
    section = "customers"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        designs = designs_of_all()
        found = participation(pk, self.actor, designs)
        if found is None:
            raise Http404
        self.allow(found.membership.program_id)
        (view,) = membership_views([found], self.actor, designs, latest=LATEST)
        details = membership_details(found)
        return self.draw(
            card=membership_card(view, self.actor),
            details=details,
            people=[(one, name_for(self.actor, one.customer_id, one.customer.name)) for one in details.members],
            sharers=[(one, name_for(self.actor, one.customer_id, one.customer.name)) for one in details.sharers],
            rewards=rewards_of(found.membership, at=clock.program_now(found.design.program)),
            may_use_vouchers=self.may(USE, found.membership.program_id),
            see_personal=all(self.actor.sees(one.customer_id) for one in details.members),
        )


class OfMembership(DeskPage):
    """A page about a membership's points: the membership of the address, and times given in the query."""

    action = "memberships:read"
    section = "customers"

    def membership(self, pk: int) -> Membership:
        """Foreign and unknown ones answer alike."""
        found: Membership | None = (
            Membership.objects.visible_to(self.actor).select_related("program").filter(pk=pk).first()
        )
        if found is None:
            raise Http404
        self.allow(found.program_id)
        return found

    def people(self, membership: Membership) -> list[tuple[int, str | None]]:
        """Who is in it now: id and the name as the user may see it."""
        open_members = membership.members.filter(ended_at__isnull=True).select_related("customer").order_by("pk")
        return [(one.customer_id, name_for(self.actor, one.customer_id, one.customer.name)) for one in open_members[:5]]

    def asked_time(self, name: str, design: Design, *, end: bool) -> datetime | None:
        """A day of the program's zone (its start, or its end) or a time; Malformed for anything else."""
        text = self.request.GET.get(name, "").strip()
        if not text:
            return None
        try:
            day, at = parse_date(text), parse_datetime(text)
            if day is not None:
                return end_of_day(day, design.zone) if end else start_of_day(day, design.zone)
            if at is not None:
                return (at if at.tzinfo else at.replace(tzinfo=design.zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Malformed(_("“%(text)s” is no day there is.") % {"text": text}) from error
        raise Malformed(_("“%(text)s” is no day: write it like 2026-01-31.") % {"text": text})

    def now(self, design: Design) -> datetime:
        return clock.program_now(design.program)


def design_and_types(membership: Membership) -> tuple[Design, list[Any]]:
    """The design, and its point types with the default one first."""
    design = design_of(membership.program_id)
    return design, sorted(design.point_types.values(), key=lambda one: (not one.is_default, one.pk))
