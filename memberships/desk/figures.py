"""How a membership stands, line by line, for before and after."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.outcomes import Figure
from common.desk.words import day, figure, last_day, money
from memberships.capabilities import capabilities_of
from memberships.card_holding import cards_in_hand
from memberships.models import Membership
from memberships.paid_terms import last_term
from memberships.types import type_of
from points.balances import balances_of
from programs.design import Design, design_of

# What a membership may, as short as a line of before and after needs it.
ABLE = {
    "earn": gettext_lazy("earn"),
    "redeem": gettext_lazy("redeem"),
    "hold": gettext_lazy("hold"),
    "transfer_out": gettext_lazy("give points"),
    "transfer_in": gettext_lazy("receive points"),
    "adjust": gettext_lazy("be adjusted"),
    "tier_review": gettext_lazy("change tier"),
    "use_card": gettext_lazy("use cards"),
}


def standing(membership_id: int) -> list[Figure]:
    """Status, end, term, rest, cards, and what the membership may do."""
    row = Membership.objects.select_related("program").get(pk=membership_id)
    zone = row.program.zone
    able = [str(ABLE[name]) for name, may in capabilities_of(row, design_of(row.program_id)).items() if may]
    cards = [f"{card.number_id[-4:]}: {card.get_status_display()}" for card in cards_in_hand(row).order_by("pk")]
    return [
        Figure("status", _("Status"), row.get_status_display()),
        Figure("end", _("Why it ended"), row.get_end_reason_display(), always=False),
        Figure("rest", _("Points rest until"), row.rests_until and day(row.rests_until, zone), always=False),
        Figure("term", _("Last day of the term"), row.expires_on and day(row.expires_on), always=False),
        Figure("cards", _("Cards (last digits)"), ", ".join(cards), always=False),
        Figure("able", _("May"), ", ".join(able) or _("nothing")),
    ]


def points(membership: Membership, design: Design, *, only: frozenset[str] = frozenset()) -> list[Figure]:
    """Balance, available, held and debt of the point types (or those of these codes), and what expires next."""
    kind = type_of(membership.type)
    sets = sorted({kind.account_set_for(membership, one) for one in design.point_types.values()})
    found = balances_of(sets, design=design)
    shown = [one for set_id in sets for one in found[set_id] if not only or one["point_type"] in only]
    return [figure for balance in shown for figure in _of_balance(balance, design)]


def _of_balance(balance: dict[str, Any], design: Design) -> Iterator[Figure]:
    code, name = balance["point_type"], design.by_code[balance["point_type"]].name
    yield Figure(f"{code}/balance", name, balance["balance"])
    parts = {"available": _("available"), "held": _("held"), "debt": _("owed"), "pending": _("not yet usable")}
    for part, label in parts.items():
        like = f"{code}/balance" if part == "available" else ""
        yield Figure(f"{code}/{part}", f"{name}, {label}", balance[part], always=False, like=like)
    following = balance["next_expiry"]
    if following:
        text = _("%(points)s on %(day)s") % {
            "points": figure(following["points"]),
            "day": last_day(datetime.fromisoformat(following["at"]), design.zone),
        }
        yield Figure(f"{code}/expiry", _("%(name)s, next to expire") % {"name": name}, text, always=False)


def term_told(row: Membership) -> list[str]:
    """The last term in words, and what is to be paid for it; nothing where there is none."""
    term = last_term(row)
    if term is None:
        return []
    told = {"first": day(term.first_day), "last": day(term.last_day), "fee": money(term.fee), "currency": term.currency}
    found = [_("The term runs from %(first)s to %(last)s.") % told]
    if term.fee and term.paid_at is None:
        found.append(_("A fee of %(fee)s %(currency)s is to be paid.") % told)
    return found
