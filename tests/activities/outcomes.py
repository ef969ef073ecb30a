"""All that came of a stream, in names instead of ids, so that two programs that took the same one can be compared."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from activities.models import (
    Campaign,
    CampaignSpending,
    Claim,
    MemberActivity,
    RuleEffect,
    RuleUse,
    Transaction,
    TransactionItem,
    Voucher,
)
from customers.models import Message
from gateway.models import Event
from memberships.models import AttributeValue, Member, Membership, MembershipBenefit, MembershipLabel, TierStanding
from points.models import Draw, Entry, Lot, PointAccount, Posting
from programs.models import PointType, Program

# Not of the deed but of when and how it was taken in.
OF_THE_QUEUE = ("recorded_at", "processed_at", "key_digest")
RECEIVED = ("activity.received", "transaction.taken")
# What was there before the stream.
BEFORE = ("card.issued", "membership.enrolled", "campaign.started", "rule.released")
Rows = list[dict[str, Any]]


class Names:
    """What stands for an id: memberships and people by their place, activities and sales by when they came in, accounts
    by set and type, postings by their activity, lots by their place in their account."""

    def __init__(self, program: Program) -> None:
        self.program = program
        memberships = list(Membership.objects.filter(program=program).order_by("pk"))
        self.memberships = {one.pk: f"membership {n}" for n, one in enumerate(memberships)}
        self.numbers = {one.number: self.memberships[one.pk] for one in memberships}
        sets = dict.fromkeys(pk for one in memberships for pk in (one.own_set_id, one.pool_id) if pk)
        self.sets = {pk: f"set {n}" for n, pk in enumerate(sets)}
        people = Member.objects.filter(program=program).order_by("pk").values_list("customer_id", flat=True)
        self.people = {pk: f"person {n}" for n, pk in enumerate(dict.fromkeys(people))}
        accounts = PointAccount.objects.filter(account_set__in=sets).select_related("point_type")
        self.accounts = {one.pk: f"{one.point_type.code} of {self.sets[one.account_set_id]}" for one in accounts}
        self.types = dict(PointType.objects.filter(program=program).values_list("pk", "code"))
        self.activities = _in_order("activity", MemberActivity.objects.filter(program=program))
        self.claims = _in_order("claim", Claim.objects.filter(program=program))
        self.sales = _in_order("sale", Transaction.objects.filter(program=program))
        self.campaigns = _in_order("campaign", Campaign.objects.filter(program=program))
        self.benefits = _of_owner(
            "benefit", MembershipBenefit.objects.filter(program=program), "membership_id", self.memberships
        )
        self.standings = _of_owner(
            "standing", TierStanding.objects.filter(program=program), "membership_id", self.memberships
        )
        postings = Posting.objects.filter(program=program)
        self.postings = {one.pk: f"{one.kind} by {self._cause(one.cause_kind, one.cause_id)}" for one in postings}
        self.lots = _of_owner("lot", Lot.objects.filter(account__in=self.accounts), "account_id", self.accounts)

    @cached_property
    def by_column(self) -> dict[str, dict[int, str]]:
        people, postings = self.people, self.postings
        return {
            **dict.fromkeys(("customer_id", "person_id", "earner_id", "contributor_id"), people),
            **dict.fromkeys(("membership_id", "redirected_from"), self.memberships),
            **dict.fromkeys(("lot_id", "parent", "origin"), self.lots),
            **dict.fromkeys(("posting_id", "entry__posting_id"), postings),
            "account_id": self.accounts,
            "account_set_id": self.sets,
            "activity_id": self.activities,
            "for_set_id": self.sets,
        }

    @cached_property
    def by_key(self) -> dict[str, dict[int, str]]:
        """Of the facts of events and of the API's answers."""
        return {
            **dict.fromkeys(("customer", "member"), self.people),
            **dict.fromkeys(("membership", "memberships", "redirected_from"), self.memberships),
            "activity": self.activities,
            "posting": self.postings,
            "transaction": self.sales,
            "claim": self.claims,
            "given": self.benefits,
            "standing": self.standings,
            "campaign": self.campaigns,
            "set": self.sets,
        }

    def in_words(self, text: str) -> str:
        """A text that names ids or numbers of its program."""
        for number, name in self.numbers.items():
            text = text.replace(number, name)
        for pk, name in self.sales.items():
            text = text.replace(f"transaction {pk} ", f"{name} ")
        for pk, name in self.claims.items():
            text = text.replace(f"with claim {pk}.", f"with {name}.")
        return text.replace(self.program.code, "stream")

    def _cause(self, kind: str, pk: int) -> str:
        return self.activities[pk] if kind == "activity" else kind


def _of_owner(name: str, rows: QuerySet[Any], column: str, owners: Mapping[int, str]) -> dict[int, str]:
    """Counted for each owner by itself: a wave writes those of many together."""
    met: Counter[int] = Counter()
    found = {}
    for pk, owner in rows.order_by("pk").values_list("pk", column):
        met[owner] += 1
        found[pk] = f"{name} {met[owner]} of {owners[owner]}"
    return found


def _in_order(name: str, rows: QuerySet[Any]) -> dict[int, str]:
    return {pk: f"{name} {n}" for n, pk in enumerate(rows.order_by("pk").values_list("pk", flat=True))}


def outcome(program: Program) -> dict[str, Rows]:
    """By table, each in an order of its own that does not ask who wrote first."""
    names = Names(program)
    return {name: _rows(rows, names) for name, rows in {**_of_points(program), **_of_members(program)}.items()} | {
        "events": _events(program, names)
    }


def of_sales(program: Program) -> dict[str, Rows]:
    """What only a sale has, beside its activity."""
    sales = Transaction.objects.filter(program=program)
    about = ("type", "business_unit", "customer_id", "amount", "currency", "location", "occurred_at", "recorded_at")
    lines = TransactionItem.objects.filter(transaction__in=sales).order_by("transaction__pk", "line")
    names = Names(program)
    return {
        "sales": _rows(sales.order_by("pk").values(*about), names),
        "items": _rows(lines.values("line", "sku", "category", "quantity", "amount"), names),
    }


Answers = Iterable[tuple[int, Any]]


def answers(program: Program, given: Answers) -> list[tuple[int, Any]]:
    """What the API said, by the same names."""
    names = Names(program)
    return [(status, _said(body, "", names)) for status, body in given]


def _said(value: Any, key: str, names: Names) -> Any:
    if isinstance(value, dict):
        # Only an activity has a member, and only a posting has entries.
        ids = names.postings if "entries" in value else names.activities if "member" in value else names.sales
        return {name: ids[one] if name == "id" else _said(one, name, names) for name, one in value.items()}
    if isinstance(value, list) and key == "entries" and value and isinstance(value[0], list):
        return [[names.types[type_id], *figures] for type_id, *figures in value]
    if isinstance(value, list):
        return [_said(one, key, names) for one in value]
    if isinstance(value, str):
        return names.in_words(value)
    return names.by_key[key].get(value, value) if key in names.by_key else value


def without_the_queue(found: dict[str, Rows]) -> dict[str, Rows]:
    """What a queued stream has in common with the same one sent at once."""
    return {
        name: [
            {key: value for key, value in row.items() if key not in OF_THE_QUEUE}
            for row in rows
            if row.get("kind") not in RECEIVED
        ]
        for name, rows in found.items()
    }


def _of_points(program: Program) -> dict[str, QuerySet[Any, dict[str, Any]]]:
    activities = MemberActivity.objects.filter(program=program).order_by("pk")
    postings = Posting.objects.filter(program=program)
    entries = Entry.objects.filter(program=program).order_by("account__pk", "number")
    lots = Lot.objects.filter(account__program=program).order_by("account__pk", "pk")
    draws = Draw.objects.filter(lot__account__program=program).order_by("entry__account__pk", "entry__number", "pk")
    effects = RuleEffect.objects.filter(program=program).order_by("activity__pk", "position")
    uses = RuleUse.objects.filter(rule__program=program).order_by("rule__code", "membership_id", "day")
    accounts = PointAccount.objects.filter(program=program).order_by("pk")
    spending = CampaignSpending.objects.filter(campaign__program=program)
    return {
        "activities": activities.values(
            "type__code", "membership_id", "customer_id", "user_id", "status", "points", "location", "reference",
            "amount", "currency", "attributes", "partner__code", "occurred_at", "recorded_at", "processed_at",
            "posting_id", "problem", "card__kind", "redirected_from",
        ),
        "postings": postings.order_by("cause_id", "kind").values(
            "kind", "for_set_id", "person_id", "cause_kind", "occurred_at", "recorded_at", "user_id", "reason_code",
            "part", "ordinal",
        ),
        "entries": entries.values("account_id", "number", "amount", "balance_after", "posting_id"),
        "lots": lots.values(
            "account_id", "amount", "remaining", "earned_at", "available_at", "expires_at", "earner_id",
            "contributor_id", "parent", "origin", "entry__posting_id",
        ),
        "draws": draws.values("lot_id", "amount", "posting_id"),
        "effects": effects.values(
            "activity_id", "rule_version__rule__code", "rule_version__version", "position", "action",
            "point_type__code", "points", "because", "posting_id",
        ),
        "uses": uses.values("rule__code", "membership_id", "day", "times", "points"),
        "accounts": accounts.values(
            "account_set_id", "point_type__code", "balance", "debt", "entry_count", "lifetime_earned",
            "lifetime_redeemed", "last_activity_at",
        ),
        "spending": spending.values("points", "budget"),
    }  # fmt: skip


def _of_members(program: Program) -> dict[str, QuerySet[Any, dict[str, Any]]]:
    standings = TierStanding.objects.filter(program=program).order_by("membership__pk", "since", "pk")
    values = AttributeValue.objects.filter(program=program).order_by("membership__pk", "definition__code")
    history = AttributeValue.history.filter(program=program).order_by("membership_id", "definition_id", "history_id")
    labels = MembershipLabel.objects.filter(program=program).order_by("membership__pk", "since")
    benefits = MembershipBenefit.objects.filter(program=program).order_by("membership__pk", "since", "pk")
    vouchers = Voucher.objects.filter(program=program).order_by("membership__pk", "activity__pk")
    letters = Message.objects.filter(program=program).order_by("customer__pk", "pk")
    return {
        "standings": standings.values("membership_id", "tier__code", "since", "until", "ended_at", "source", "reason"),
        "attributes": values.values("membership_id", "definition__code", "number", "text"),
        "history": history.values("membership_id", "number", "text", "history_type", "history_change_reason"),
        "labels": labels.values("membership_id", "label__code", "source", "ended_at", "reason"),
        "benefits": benefits.values("membership_id", "benefit__code", "source", "until", "ended_at", "reason"),
        "vouchers": vouchers.values("membership_id", "activity_id", "item__code", "face", "remaining", "status"),
        "letters": letters.values("customer_id", "template", "subject", "body", "cause_kind"),
    }


def _rows(rows: Iterable[Mapping[str, Any]], names: Names) -> Rows:
    columns = names.by_column
    return [
        {
            key: columns[key][value] if key in columns and value is not None else _said(value, key, names)
            for key, value in row.items()
        }
        for row in rows
    ]


def _events(program: Program, names: Names) -> Rows:
    """In an order of what they say: a wave writes those of many together."""
    letters: dict[int, str] = {}
    subjects = {"activity": names.activities, "transaction": names.sales, "points": names.postings, "notice": letters}
    found = [
        {
            "kind": one.kind,
            "subject": subjects.get(one.kind.partition(".")[0], names.memberships).get(one.subject_id),
            "facts": _said(one.facts, "", names),
        }
        for one in Event.objects.filter(program=program).exclude(kind__in=BEFORE)
    ]
    return sorted(found, key=str)
