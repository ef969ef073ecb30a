"""One box that finds people, memberships, cards, references and postings, by index alone.

Exact keys are tried first, all that the text could be; a name is looked for only where none of them led anywhere.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from activities.models import MemberActivity, Transaction
from activities.transaction_shown import sees
from cards.issuing import usable_at
from cards.models import CardStatus
from cards.numbering import compact
from common.actor import Actor
from common.clock import program_now
from common.errors import NotFound
from customers.finding import customer_by_number, find_by_name, find_customers
from customers.models import Customer
from customers.unmasking import UNMASK
from memberships.card_overview import card_named, program_of_mistyped
from memberships.finding import Found, find_by_card_number, find_by_member_number
from memberships.models import Member, Membership
from points.models import Posting
from programs.models import Program

LONGEST = 254
MOST = 20
LARGEST_ID = 2**63 - 1
# A phone number has at least so many digits.
LEAST_DIGITS = 5
# What is shown together; the order is that of the page.
CUSTOMER, MEMBERSHIP, CARD, ACTIVITY, POSTING = "customer", "membership", "card", "activity", "posting"
TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True)
class Hit:
    """`retired` is the number asked for where it is no longer in use, though it still leads here; `card` the number
    of the card found, and `out_of_use` whether tills refuse it."""

    kind: str
    why: str
    customer: Customer | None = None
    membership_id: int | None = None
    posting_id: int | None = None
    transaction_id: int | None = None
    program_id: int | None = None
    label: str = ""
    retired: str = ""
    card: str = ""
    out_of_use: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """`tried` says what the text was taken for, `mistyped` of which program it would be a card number but for its check
    character; `more` that there are further ones of the same name. `taking_part`:
    per customer program and member number, where several customers have to be told apart."""

    text: str
    hits: tuple[Hit, ...] = ()
    tried: tuple[str, ...] = ()
    more: bool = False
    mistyped: str = ""
    programs: dict[int, Program] = field(default_factory=dict)
    taking_part: dict[int, list[tuple[int, str]]] = field(default_factory=dict)


def search(text: str, actor: Actor) -> Search:
    """Everything the text could name, in the programs the actor may read."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if not text:
        return Search("")
    hits: list[Hit] = []
    tried: list[str] = []
    for what, possible, find in _ways(text):
        if possible:
            tried.append(what)
            hits += find(text, actor)
    more = False
    if not hits and _may_be_a_name(text):
        tried.append(_("name"))
        named = list(find_by_name(text, whole=not actor.may(UNMASK, None))[: MOST + 1])
        more = len(named) > MOST
        hits = [Hit(CUSTOMER, _("name"), customer) for customer in sorted(named[:MOST], key=_by_name)]
    mistyped = "" if hits else program_of_mistyped(compact(text), actor)
    return _with_programs(Search(text, tuple(_once(hits)), tuple(tried), more, mistyped), actor)


def _ways(text: str) -> Iterable[tuple[str, bool, Callable[[str, Actor], list[Hit]]]]:
    digits = re.sub(r"\D", "", text)
    wordy = " " in text and not digits
    yield _("e-mail"), "@" in text, _by_email
    yield _("customer number"), "@" not in text and not wordy, _by_customer_number
    yield _("phone"), len(digits) >= LEAST_DIGITS and not re.search(r"[a-zA-Z@]", text), _by_phone
    yield _("identification document"), bool(digits) and "@" not in text, _by_document
    yield _("member number"), "@" not in text and not wordy, _by_member_number
    yield _("card number"), "@" not in text and not wordy, _by_card
    yield _("reference"), True, _by_reference
    yield _("posting"), text.isascii() and text.isdigit() and int(text) <= LARGEST_ID, _by_posting


def _may_be_a_name(text: str) -> bool:
    return "@" not in text and any(letter.isalpha() for letter in text)


def _by_email(text: str, actor: Actor) -> list[Hit]:
    return [Hit(CUSTOMER, _("e-mail"), customer) for customer in find_customers(email=text)[:MOST]]


def _by_phone(text: str, actor: Actor) -> list[Hit]:
    """As it was typed, and as an international number without its plus."""
    found = list(find_customers(phone=text)[:MOST])
    if not found and not text.startswith("+"):
        found = list(find_customers(phone="+" + re.sub(r"\D", "", text).removeprefix("00"))[:MOST])
    return [Hit(CUSTOMER, _("phone"), customer) for customer in found]


def _by_document(text: str, actor: Actor) -> list[Hit]:
    return [Hit(CUSTOMER, _("identification document"), one) for one in find_customers(document=text)[:MOST]]


def _by_customer_number(text: str, actor: Actor) -> list[Hit]:
    customer = customer_by_number(text)
    if customer is None:
        return []
    own = customer.number == text.upper()
    return [Hit(CUSTOMER, _("customer number"), customer, label=text.upper(), retired="" if own else text.upper())]


def _by_member_number(text: str, actor: Actor) -> list[Hit]:
    found = _tried(lambda: find_by_member_number(actor, text))
    if not found and text != text.upper():
        found = _tried(lambda: find_by_member_number(actor, text.upper()))
    return [_hit(MEMBERSHIP, _("member number"), one, text.upper()) for one in found]


def _by_card(text: str, actor: Actor) -> list[Hit]:
    """Any card there ever was: whoever holds it or held it last, and the card alone where nobody did."""
    card = card_named(compact(text), actor)
    if card is None:
        return []
    number, is_new = str(card.number_id), card.status == CardStatus.CREATED
    out_of_use = not is_new and not usable_at(card, program_now(card.program))
    found = _tried(lambda: find_by_card_number(actor, number, any_status=True))
    hits = [_hit(CARD, _("card number"), one, number) for one in found] or [
        Hit(CARD, _("card number"), program_id=card.program_id, label=number)
    ]
    return [replace(hit, card=number, out_of_use=out_of_use) for hit in hits]


def _by_reference(text: str, actor: Actor) -> list[Hit]:
    """Transactions, and activities that came without one."""
    activities = MemberActivity.objects.filter(reference=text[:80], transaction__isnull=True)
    if actor.programs is not None:
        activities = activities.filter(program_id__in=actor.programs)
    return _transactions(text, actor) + [
        Hit(
            ACTIVITY,
            _("reference"),
            one.customer,
            membership_id=one.membership_id,
            posting_id=one.posting_id,
            program_id=one.program_id,
            label=f"{one.type.name} {one.reference}",
        )
        for one in activities.select_related("type", "customer").order_by("-pk")[:MOST]
    ]


def _transactions(text: str, actor: Actor) -> list[Hit]:
    rows = Transaction.objects.filter(reference=text[:80]).select_related("customer").order_by("-pk")
    return [
        Hit(
            TRANSACTION,
            _("reference"),
            one.customer,
            transaction_id=one.pk,
            program_id=one.program_id,
            label=f"{one.get_type_display()} {one.reference}",
        )
        for one in rows[:MOST]
        if sees(actor, one)
    ]


def _by_posting(text: str, actor: Actor) -> list[Hit]:
    posting = Posting.objects.select_related("person").filter(pk=int(text)).first()
    if posting is None or (actor.programs is not None and posting.program_id not in actor.programs):
        return []
    label = f"{posting.get_kind_display()} {posting.pk}"
    return [
        Hit(
            POSTING,
            _("posting"),
            posting.person,
            posting_id=posting.pk,
            program_id=posting.program_id,
            label=label,
        )
    ]


def _tried(find: Callable[[], list[Found]]) -> list[Found]:
    try:
        return find()
    except NotFound:
        return []


def _hit(kind: str, why: str, found: Found, number: str) -> Hit:
    retired = number if found.redirected_from is not None else ""
    return Hit(kind, why, found.customer, membership_id=found.membership_id, label=number, retired=retired)


def _once(hits: Iterable[Hit]) -> Iterable[Hit]:
    """One hit a place: what matched by two keys is named once, by the first."""
    seen = set()
    for hit in hits:
        place = (hit.kind, hit.customer and hit.customer.pk, hit.membership_id, hit.posting_id, hit.transaction_id)
        if place not in seen:
            seen.add(place)
            yield hit


def _with_programs(found: Search, actor: Actor) -> Search:
    """Whose program each membership and posting is, and what tells several customers apart, read at once."""
    wanted = {hit.membership_id for hit in found.hits if hit.membership_id and not hit.program_id}
    rows = Membership.objects.filter(pk__in=wanted).values_list("pk", "program_id") if wanted else ()
    program_of = dict(rows)
    hits = tuple(replace(hit, program_id=hit.program_id or program_of.get(hit.membership_id)) for hit in found.hits)
    taking_part = _taking_part(hits, actor) if len(hits) > 1 else {}
    ids = {hit.program_id for hit in hits if hit.program_id} | {pk for one in taking_part.values() for pk, _ in one}
    return replace(found, hits=hits, programs=Program.objects.in_bulk(ids), taking_part=taking_part)


def _taking_part(hits: Iterable[Hit], actor: Actor) -> dict[int, list[tuple[int, str]]]:
    customers = {hit.customer.pk for hit in hits if hit.kind == CUSTOMER and hit.customer}
    members = Member.objects.filter(customer_id__in=customers, current=True, ended_at__isnull=True)
    if actor.programs is not None:
        members = members.filter(program_id__in=actor.programs)
    found: dict[int, list[tuple[int, str]]] = {}
    for pk, program_id, number in members.values_list("customer_id", "program_id", "membership__number"):
        found.setdefault(pk, []).append((program_id, number))
    return found


def _by_name(customer: Customer) -> tuple[str, int]:
    return customer.name_key or "", customer.pk
