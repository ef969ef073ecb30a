"""The authorization matrix: one row for every method of every route under /api/, written by hand."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLResolver
from django.urls.resolvers import get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Row:
    """`call` is "METHOD path" with names of Side.ids in braces; `needs` any one of these actions.

    `own` is the status of the caller's own program (asked as a dry run where it writes), `foreign` what another
    program's row answers: 404, or 200 for what is global or an empty list. A row for staff is closed to channels,
    and the other way round.
    """

    call: str
    needs: tuple[str, ...]
    own: int = 200
    foreign: int = 404
    body: Mapping[str, Any] = field(default_factory=dict)
    for_staff: bool = False
    for_channels: bool = False
    # Where staff need more than a channel.
    staff_needs: tuple[str, ...] = ()

    def is_open_to(self, may: frozenset[str]) -> bool:
        """To staff with these actions."""
        return not self.for_channels and bool(may & set(self.staff_needs or self.needs))

    @property
    def method(self) -> str:
        return self.call.partition(" ")[0]

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def path(self, ids: Mapping[str, Any]) -> str:
        return "/api/" + self.call.partition(" ")[2].format(**ids)

    def filled(self, ids: Mapping[str, Any]) -> dict[str, Any]:
        """The body, with $names replaced by ids."""
        return {name: _filled(value, ids) for name, value in self.body.items()}


def _filled(value: Any, ids: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [{name: _filled(one, ids) for name, one in item.items()} for item in value]
    return ids[value[1:]] if isinstance(value, str) and value.startswith("$") else value


READERS = (
    "memberships:read", "memberships:manage", "customers:read", "points:earn", "points:redeem", "points:transfer",
    "points:adjust", "activities:write", "cards:read", "cards:manage", "rewards:manage",
    "vouchers:use", "reports:read", "programs:design",
)  # fmt: skip
READ, MANAGE = ("memberships:read",), ("memberships:manage",)
PROPOSE, CONSENT, CARRY_OUT = ("changes:propose",), ("changes:consent",), ("changes:carry-out",)
ATTEST = ("changes:attest",)
READ_CHANGES = READ + PROPOSE + CONSENT + ATTEST + CARRY_OUT
ADJUSTMENTS = ("points:adjust", "points:approve", "reports:read")
ONE, POINTS, REASON = "memberships/{membership}", {"points": 5}, {"reason": "asked for it"}
CHANGE = "membership-changes/{change}"
WEBHOOK = "GET webhooks/{webhook}"
MERGE = {"kind": "merge", "prime": "$membership", "secondary": "$other_membership", "result_type": "shared"}
SAID_YES = {"customer": "$customer_asked", "decision": "given", "method": "in_person", "evidence": "passport seen"}
MONEY = {"amount": "1.00", "currency": "EUR"}
SALE = {"reference": "R-1", "amount": "5.00", "currency": "EUR"}
CLAIM = {"receipt": "R-2", "occurred_at": "2020-01-01T12:00:00Z", "amount": "5.00", "currency": "EUR"}
NEW_CUSTOMER = {"first_name": "Cara", "last_name": "Diaz", "email": "cara@example.com"}

ROWS = (
    Row("GET programs", READERS),
    Row("GET programs/{program}", READERS),
    Row("GET programs/{program}/point-types", READERS),
    Row("GET programs/{program}/tiers", READERS),
    Row("GET programs/{program}/liability", ("reports:read",)),
    Row("GET programs/{program}/liability/entries?line=earned", ("reports:read",)),
    Row("GET programs/{program}/expiry-forecast", ("reports:read",)),
    Row("GET events", ("reports:read",)),
    Row("GET webhooks", ("reports:read",), for_channels=True),
    Row("POST webhooks", ("reports:read",), own=201, body={"url": "https://example.com/hook"}, for_channels=True),
    # What belongs to another channel does not exist; gateway's own tests ask for one's own.
    Row(WEBHOOK, ("reports:read",), own=404, for_channels=True),
    Row(WEBHOOK.replace("GET", "DELETE"), ("reports:read",), own=404, for_channels=True),
    Row(WEBHOOK.replace("GET", "POST") + "/rotate-secret", ("reports:read",), own=404, for_channels=True),
    Row(f"{WEBHOOK}/deliveries", ("reports:read",), own=404, for_channels=True),
    Row(
        WEBHOOK.replace("GET", "POST") + "/deliveries/{delivery}/retry",
        ("reports:read",),
        own=404,
        for_channels=True,
    ),
    Row("GET customers", ("customers:read",)),
    Row("POST customers", ("customers:write",), own=201, body=NEW_CUSTOMER),
    Row("GET customers/{customer}", ("customers:read",), foreign=200),
    Row("PATCH customers/{customer}", ("customers:write",), foreign=200, body={"notes": "tall"}),
    Row("GET customers/lookup?email=anna@{program}.example", ("customers:read",), foreign=200),
    Row("GET customers/{customer}/memberships", READ, foreign=200),
    Row("GET memberships", READ),
    Row("POST memberships", MANAGE, own=409, body={"program": "$program", "customer": "$customer"}),
    Row("POST enrollments", MANAGE, own=422, body={"customer": "$customer", "enrollments": [{"program": "$program"}]}),
    Row(f"GET {ONE}", READ),
    Row(f"GET {ONE}/tiers", READ),
    Row(f"GET {ONE}/attributes", READ),
    Row(f"GET {ONE}/labels", READ),
    Row(f"GET {ONE}/benefits", READ),
    Row(f"GET {ONE}/cards", READ),
    Row(f"GET {ONE}/balances", READ),
    Row(f"GET {ONE}/lots", READ),
    Row(f"GET {ONE}/statement", READ),
    Row(f"GET {ONE}/explain", READ),
    Row(f"GET {ONE}/activities", READ),
    Row(f"POST {ONE}/activate", MANAGE, own=409),
    Row(f"POST {ONE}/pause", MANAGE, body=REASON),
    Row(f"POST {ONE}/suspend", MANAGE, body=REASON),
    Row(f"POST {ONE}/reinstate", MANAGE, own=409, body=REASON),
    Row(f"POST {ONE}/renew", MANAGE, own=422),
    Row(f"POST {ONE}/terminate", MANAGE, body=REASON),
    Row(f"POST {ONE}/allow-redemption", MANAGE, own=422, body=REASON),
    Row(f"POST {ONE}/forbid-redemption", MANAGE, own=422, body=REASON),
    Row(f"GET {ONE}/fairness", READ, own=409),
    Row(f"POST {ONE}/hand-over", MANAGE, own=422, body=REASON | {"customer": "$customer"}),
    Row(f"POST {ONE}/members/{{customer}}/suspend", MANAGE, body=REASON),
    Row(f"POST {ONE}/members/{{customer}}/reinstate", MANAGE, own=409, body=REASON),
    Row("GET membership-changes", READ_CHANGES),
    Row("POST membership-changes", PROPOSE, own=201, body=MERGE),
    Row(f"GET {CHANGE}", READ_CHANGES),
    Row(f"GET {CHANGE}/preview", READ_CHANGES),
    Row(f"POST {CHANGE}/ask", CONSENT, body={"customer": "$customer_asked", "method": "code"}),
    Row(f"POST {CHANGE}/consents", CONSENT + ATTEST, body=SAID_YES, staff_needs=ATTEST),
    Row(f"POST {CHANGE}/consents/{{customer_on_paper}}/confirm", (*ATTEST, "changes:decide"), for_staff=True),
    Row(f"POST {CHANGE}/carry-out", CARRY_OUT, own=422),
    Row(f"POST {CHANGE}/withdraw", PROPOSE, body=REASON),
    Row(f"POST {CHANGE}/undo", CARRY_OUT, own=409, body=REASON),
    Row(f"POST {ONE}/earn-points", ("points:earn",), own=201, body=POINTS),
    Row(f"POST {ONE}/redeem-points", ("points:redeem",), own=201, body=POINTS),
    Row(
        f"POST {ONE}/transfer-points",
        ("points:transfer",),
        own=201,
        body=POINTS | {"to_membership": "$other_membership"},
    ),
    Row(f"POST {ONE}/convert-points", ("points:transfer",), own=422, body=POINTS | {"from": "miles", "to": "status"}),
    Row(f"POST {ONE}/holds", ("points:redeem",), own=201, body=POINTS),
    Row(f"POST {ONE}/adjustments", ("points:adjust",), own=201, body=POINTS | {"reason_code": "goodwill"}),
    Row(f"POST {ONE}/spending-codes", ("points:redeem",), own=201, body=POINTS),
    Row("POST activities", ("activities:write",), own=201, body=POINTS | {"type": "earn", "membership": "$membership"}),
    Row("POST activities/{failed_activity}/reprocess", ("activities:write",)),
    Row("POST transactions", ("activities:write",), own=201, body=SALE | {"membership_id": "$membership"}),
    Row("GET transactions/{transaction}", ("memberships:read", "activities:write")),
    Row("POST transactions/{transaction}/returns", ("activities:write",), own=201, body={"reference": "B-1"}),
    Row("GET customers/{customer}/transactions", READ, foreign=200),
    Row("POST claims", ("activities:write",), own=422, body=CLAIM | {"membership_id": "$membership"}),
    Row("GET holds/{hold}", ("points:redeem",)),
    Row("POST holds/{hold}/capture", ("points:redeem",)),
    Row("POST holds/{hold}/release", ("points:redeem",)),
    Row("GET postings/{posting}", ("memberships:read", "reports:read")),
    Row(
        "POST postings/{posting}/reverse",
        ("points:reverse", "points:adjust"),
        own=201,
        body={"reason": "returned"},
        staff_needs=("points:reverse",),
    ),
    Row("GET programs/{program}/rewards", READERS),
    Row("GET rewards", READERS),
    Row("GET reward-orders", (*READ, "points:redeem", "rewards:manage")),
    Row(
        "POST reward-orders",
        ("points:redeem",),
        own=201,
        body={"membership": "$membership", "reward": "cup"},
    ),
    Row("GET reward-orders/{order}", (*READ, "points:redeem", "rewards:manage")),
    Row(
        "POST reward-orders/{order}/cancel",
        ("rewards:manage",),
        body={"reason": "other"},
        staff_needs=("points:redeem", "rewards:manage"),
    ),
    Row("POST reward-orders/{order}/fulfil", ("rewards:manage",)),
    Row("GET vouchers/{voucher}", ("vouchers:use",)),
    Row("POST vouchers/{voucher}/use", ("vouchers:use",), own=201, body=MONEY),
    Row("POST vouchers/{voucher}/give-back", ("vouchers:use",), own=422, body=MONEY),
    Row("GET adjustments", ADJUSTMENTS, for_staff=True),
    Row("POST adjustments/{adjustment}/approve", ("points:approve",), for_staff=True),
    Row("POST adjustments/{adjustment}/refuse", ("points:approve",), for_staff=True),
    Row(
        "POST lots/{lot}/extend",
        ("points:extend",),
        own=422,
        body={"last_day": "2099-01-01", "reason": "goodwill"},
        for_staff=True,
    ),
    Row("GET cards/{card}", ("cards:read",)),
    Row(f"POST {ONE}/cards", ("cards:manage",), own=201),
    Row("POST cards/{card}/activate", ("cards:manage",), own=409),
    Row("POST cards/{card}/block", ("cards:manage",), body=REASON),
    Row("POST cards/{card}/unblock", ("cards:manage",), own=409, body=REASON),
    Row("POST cards/{card}/report-lost", ("cards:manage",)),
    Row("POST cards/{card}/report-stolen", ("cards:manage",)),
    Row("POST cards/{temporary_card}/register", ("cards:manage",), own=201, body={"customer": "$stranger"}),
    Row("POST cards/{card}/replace", ("cards:manage",), own=201, body=REASON),
)
# Open to all on purpose.
OPEN = {"GET schema", "GET docs"}


def routes() -> Iterator[str]:
    """Every "METHOD route" under /api/ as the URL conf has it, with {} for each parameter."""
    for prefix, pattern in _patterns(get_resolver().url_patterns, ""):
        if prefix.startswith("api/"):
            for method in _methods(pattern.callback):
                yield f"{method} {prefix.removeprefix('api/')}"


def nameless(call: str) -> str:
    """The call of a row as `routes` spells it."""
    return re.sub(r"{[a-z_]+}", "{}", call.partition("?")[0])


def _patterns(found: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for one in found:
        route = prefix + re.sub(r"<[^>]+>|\(\?P<[^)]+\)", "{}", str(one.pattern)).strip("^$")
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, route)
        else:
            yield route, one


def _methods(view: Any) -> list[str]:
    """What the view answers besides HEAD and OPTIONS."""
    offered = getattr(view, "actions", None) or {name for name in METHODS if hasattr(view.view_class, name)}
    return [name.upper() for name in METHODS if name in offered]
