"""One posting whole, with the way to take it back."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.desk.seen import name_for
from activities.effects import effects_of_postings
from activities.orders import is_cancellable, paid_order
from activities.posting_overview import PostingView, posting_view
from activities.reversing import may_reverse, visible_posting
from common.desk.pages import DeskPage
from common.errors import NotFound
from points.models import PostingKind
from points.reversal_parts import WHY_NOT, is_reversible
from programs.design import design_of


class PostingPage(DeskPage):
    action = "memberships:read"
    template = "desk/posting.html"
    section = "customers"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            posting = visible_posting(self.actor, pk)
        except NotFound as error:
            raise Http404 from error
        self.allow(posting.program_id)
        view, design = posting_view(posting), design_of(posting.program_id)
        person = view.told.names.get(posting.person_id or 0)
        return self.draw(
            view=view,
            posting=posting,
            program=design.program,
            zone=design.zone,
            agent=view.told.agent(posting.user_id, posting.channel_id),
            channel=view.told.channels.get(posting.channel_id, ""),
            person=name_for(self.actor, posting.person_id, person) if posting.person_id else "",
            activity=view.told.activities.get(posting.reverses_id or posting.pk),
            reversals=[(one, view.told.agent(one.user_id, one.channel_id)) for one in view.reversals],
            asked_by=_user(view, "requested_by_id"),
            decided_by=_user(view, "decided_by_id"),
            effects=effects_of_postings([posting.pk]).get(posting.pk, []),
            **self._way_back(view),
        )

    def _way_back(self, view: PostingView) -> dict[str, Any]:
        """Where to reverse it, or why that is not possible."""
        posting = view.posting
        if not is_reversible(posting.kind):
            return {"reverse": "", "why_not": _(WHY_NOT[PostingKind(posting.kind)])}
        order = paid_order(posting)
        if order is not None and is_cancellable(order):
            return {"reverse": "", "why_not": _("It pays an order: cancel that."), "order": order}
        if view.is_reversed:
            return {"reverse": "", "why_not": _("It was taken back in full.")}
        if not may_reverse(self.actor, posting.program_id):
            why_not = _("Reversing needs the right points:reverse: ask a supervisor.")
            return {"reverse": "", "why_not": why_not, "order": order}
        return {"reverse": reverse("desk:reverse", args=[posting.pk]), "why_not": "", "order": order}


def _user(view: PostingView, name: str) -> str:
    user_id = getattr(view.adjustment, name, None)
    return view.told.users.get(user_id, "") if user_id else ""
