"""Work lists: what waits for a second person, who may be one person twice."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities.desk.seen import name_for
from activities.waiting import adjustments_waiting
from common import clock
from common.desk.pages import DeskPage
from customers.duplicate_pairs import TRAITS, look_for_duplicates, waiting_to_be_merged
from customers.models import Customer
from customers.shown import shown_customer

LARGEST_ID = 2**63 - 1


class WorkList(DeskPage):
    def after(self) -> int:
        """Where the page goes on; the first one for anything that is no id."""
        text = self.request.GET.get("after", "")
        return int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID else 0

    def next_page(self, after: int | None) -> str:
        return f"{self.request.path}?after={after}" if after else ""

    def first_page(self) -> str:
        return self.request.path if self.request.GET.get("after") else ""


class AdjustmentsWaiting(WorkList):
    action = "reports:read"
    template = "desk/work/adjustments.html"
    section = "adjustments"

    def get(self, request: HttpRequest) -> HttpResponse:
        page, now = adjustments_waiting(self.actor, after=self.after()), clock.now()
        rows = [
            {
                "row": row,
                "person": _name(self, row.adjustment.person),
                "age": now - row.adjustment.requested_at,
                "old": (now - row.adjustment.requested_at).days >= 1,
            }
            for row in page.rows
        ]
        return self.draw(rows=rows, next_page=self.next_page(page.after), first_page=self.first_page())


class LikelyDuplicates(DeskPage):
    action = "customers:read"
    template = "desk/work/duplicates.html"
    section = "duplicates"

    def get(self, request: HttpRequest) -> HttpResponse:
        trait = request.GET.get("by", "email")
        if trait not in TRAITS:
            raise Http404
        start = request.GET.get("from", "").replace("\x00", "")
        look = look_for_duplicates(trait, start=start)
        labels = {
            "email": _("E-mail"),
            "phone": _("Phone"),
            "document": _("Document"),
            "name": _("Name and birth date"),
        }
        path = reverse("desk:duplicates")
        return self.draw(
            trait=trait,
            label=labels[trait],
            traits=[(labels[one], f"{path}?by={one}", one == trait) for one in TRAITS],
            groups=[[shown_customer(one, unmasked=self.actor.sees(one.pk)) for one in group] for group in look.groups],
            waiting=waiting_to_be_merged(one.pk for group in look.groups for one in group),
            may_decide=self.may("customers:write"),
            next_page=f"{path}?{urlencode({'by': trait, 'from': look.start})}" if look.start else "",
            first_page=f"{path}?by={trait}" if start else "",
        )


def _name(page: DeskPage, person: Customer | None) -> str:
    return "" if person is None else name_for(page.actor, person.pk, person.name) or person.number
