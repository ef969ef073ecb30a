"""The search box: one thing found leads there at once, several are listed with why they matched."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities.desk.seen import name_for
from activities.searching import Hit, Search, search
from common.desk.pages import DeskPage
from customers.masking import masked_email, masked_phone

ORDER = ("customer", "membership", "card", "transaction", "activity", "posting")


class SearchPage(DeskPage):
    action = "customers:read"
    template = "desk/search.html"
    section = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = search(request.GET.get("q", ""), self.actor)
        if len(found.hits) == 1:
            return HttpResponseRedirect(place(found.hits[0]))
        labels = {
            "customer": _("Customers"),
            "membership": _("Memberships"),
            "card": _("Cards"),
            "transaction": _("Purchases and returns"),
            "activity": _("Activities"),
            "posting": _("Postings"),
        }
        groups = [(labels[kind], [self._shown(hit, found) for hit in found.hits if hit.kind == kind]) for kind in ORDER]
        return self.draw(
            found=found,
            groups=[(label, hits) for label, hits in groups if hits],
            may_create=self.may("customers:write"),
            prefill=_prefill(found.text),
        )

    def _shown(self, hit: Hit, found: Search) -> dict[str, Any]:
        customer = hit.customer
        whole = customer is not None and self.actor.sees(customer.pk)
        return {
            "hit": hit,
            "url": place(hit),
            "program": found.programs.get(hit.program_id or 0),
            "taking_part": [
                (found.programs[pk], number) for pk, number in found.taking_part.get(customer.pk if customer else 0, ())
            ],
            "name": name_for(self.actor, customer.pk, customer.name) if customer else "",
            "email": customer and (customer.email if whole else masked_email(customer.email)),
            "phone": customer and (customer.phone if whole else masked_phone(customer.phone)),
        }


def place(hit: Hit) -> str:
    """The page of what was found: the person's where there is one, at the membership meant."""
    if hit.transaction_id is not None:
        return reverse("desk:transaction", args=[hit.transaction_id])
    if hit.posting_id is not None:
        return reverse("desk:posting", args=[hit.posting_id])
    if hit.customer is None and hit.membership_id is None:
        return reverse("desk:card", args=[hit.card])
    if hit.customer is None:
        return reverse("desk:membership", args=[hit.membership_id])
    asked = {"retired": hit.retired, "card": hit.card if hit.out_of_use else ""}
    query = f"?{urlencode({name: value for name, value in asked.items() if value})}" if any(asked.values()) else ""
    anchor = f"#m{hit.membership_id}" if hit.membership_id is not None else ""
    return reverse("desk:customer", args=[hit.customer.pk]) + query + anchor


def _prefill(text: str) -> str:
    """What was typed, for the form of a new customer."""
    if "@" in text:
        return urlencode({"email": text})
    first, _space, last = text.partition(" ")
    if any(letter.isdigit() for letter in text):
        return urlencode({"phone": text}) if text.lstrip("+").replace(" ", "").isdigit() else ""
    return urlencode({"first_name": first, "last_name": last} if last else {"last_name": first})
