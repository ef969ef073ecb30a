"""POST /desk/customers/{id}/unmask: show this customer's personal values to the session for some minutes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from common.desk.pages import DeskPage
from common.desk.ways import way_back
from customers.models import Customer
from customers.unmasking import LASTS, UNMASK, UnmaskReason, unmask


class UnmaskCustomer(DeskPage):
    """Asked for by the form of templates/desk/parts/unmask.html, on whatever page it stands."""

    action = UNMASK
    http_method_names = ("post",)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        customer = get_object_or_404(Customer, pk=pk)
        back = HttpResponseRedirect(way_back(request, default=f"/desk/customers/{pk}"))
        reason = request.POST.get("reason", "")
        if reason not in UnmaskReason.values:
            messages.error(request, _("Say why you need to see personal data: choose a reason."))
            return back
        unmask(request, customer, reason=UnmaskReason(reason))
        minutes = int(LASTS.total_seconds() // 60)
        messages.success(
            request, _("Personal data shown for %(minutes)s minutes. This was logged.") % {"minutes": minutes}
        )
        return back
