"""One person with two records: found out, taken back, and merged into the record that stays (domain 1.3).

What stands above customers goes along by the functions listed in the setting LOYALTY_CUSTOMER_MERGERS, each
(customer, *, duplicate, actor, reason), in the same transaction; one may refuse, as memberships do where both records
take part in one program.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from common import clock
from common.actor import Actor
from common.db import lock_rows
from common.errors import NotFound
from common.history import audit_context
from common.obstacles import registered
from customers.affiliations_exits import bring_affiliations
from customers.details import ADDRESS, IDENTIFICATION
from customers.errors import CustomerErased, NotOnePerson
from customers.models import (
    Address,
    ContactPreference,
    Customer,
    CustomerNumber,
    CustomerStatus,
    DuplicateCustomer,
    DuplicateStatus,
    Identification,
    StaffCustomer,
)
from gateway.events import record_event

CONFIRMED, MERGED, DISMISSED = DuplicateStatus.CONFIRMED, DuplicateStatus.MERGED, DuplicateStatus.DISMISSED
# What the record that stays takes over where it has nothing of its own.
FILLED = (("email", "email_key"), ("phone", "phone_key"), ("birth_date",))


def confirm_duplicate(customer: Customer, *, duplicate: Customer, actor: Actor, reason: str) -> DuplicateCustomer:
    """`duplicate` is the same person as `customer`, whose record stays. Said twice, nothing changes."""
    with _both(customer, duplicate, actor=actor, reason=reason) as (survivor, other):
        pair = pair_of(survivor.pk, other.pk)
        if pair is not None and pair.status == CONFIRMED and pair.customer_id == survivor.pk:
            return pair
        _refuse_chain(survivor, other, pair)
        return _decide(pair, survivor, other, CONFIRMED, actor=actor, reason=reason)


def dismiss_pair(customer: Customer, *, duplicate: Customer, actor: Actor, reason: str) -> DuplicateCustomer:
    """They are two people, whatever they have in common; also takes back that they were found to be one."""
    with _both(customer, duplicate, actor=actor, reason=reason) as (one, other):
        pair = pair_of(one.pk, other.pk)
        if pair is not None and pair.status == DISMISSED:
            return pair
        return _decide(pair, one, other, DISMISSED, actor=actor, reason=reason)


def merge_customers(customer: Customer, *, duplicate: Customer, actor: Actor, reason: str) -> Customer:
    """Bring everything of a confirmed duplicate to the record that stays, which answers to both numbers from now on.

    The duplicate's own row is kept, closed, with its values: what was said and posted names it. Raises NotOnePerson,
    and what the functions above raise.
    """
    with _both(customer, duplicate, actor=actor, reason=reason) as (survivor, other):
        pair = pair_of(survivor.pk, other.pk)
        if pair is None or pair.status != CONFIRMED or pair.customer_id != survivor.pk:
            raise NotOnePerson(
                f"Nobody has found {other.number} to be the same person as {survivor.number}: confirm that first.",
                facts={"customer": survivor.pk, "duplicate": other.pk},
            )
        _refuse_conflict(survivor, other)
        for path in getattr(settings, "LOYALTY_CUSTOMER_MERGERS", ()):
            registered(path)(survivor, duplicate=other, actor=actor, reason=reason)
        _bring_over(survivor, other)
        _close(other, into=survivor)
        pair.status, pair.merged_at = MERGED, clock.now()
        pair.save()
        record_event(
            "customer.merged",
            program_id=None,
            subject_id=survivor.pk,
            facts={"customer": survivor.pk, "duplicate": other.pk, "number": other.number},
        )
        return survivor


def pair_of(one: int, other: int) -> DuplicateCustomer | None:
    """What was decided about the two records, whichever way round."""
    both_ways = Q(customer=one, duplicate=other) | Q(customer=other, duplicate=one)
    found: DuplicateCustomer | None = DuplicateCustomer.objects.filter(both_ways).order_by("-decided_at").first()
    return found


@contextmanager
def _both(customer: Customer, duplicate: Customer, *, actor: Actor, reason: str) -> Iterator[tuple[Customer, Customer]]:
    """Both rows under lock; neither erased nor merged."""
    if customer.pk == duplicate.pk:
        raise NotOnePerson("One record is no duplicate of itself.", facts={"customer": customer.pk})
    with transaction.atomic(), audit_context(actor, reason):
        rows = {row.pk: row for row in lock_rows(Customer.objects.filter(pk__in=(customer.pk, duplicate.pk)))}
        if len(rows) < 2:
            raise NotFound("One of the two records does not exist any more.")
        for row in rows.values():
            if row.status == CustomerStatus.ERASED:
                raise CustomerErased(f"Customer {row.number} was erased; nobody can say who it was.")
            if row.merged_into_id is not None:
                raise NotOnePerson(
                    f"{row.number} was merged already: go on with the record that stayed.",
                    facts={"customer": row.pk, "merged_into": row.merged_into_id},
                )
        yield rows[customer.pk], rows[duplicate.pk]


def _refuse_chain(survivor: Customer, other: Customer, pair: DuplicateCustomer | None) -> None:
    """A record waits for one merge at a time, else nobody could say which one stays."""
    if survivor.kind != other.kind:
        raise NotOnePerson("A person and an organization are never one.", facts={"kinds": [survivor.kind, other.kind]})
    waiting = DuplicateCustomer.objects.filter(
        Q(duplicate__in=(survivor, other)) | Q(customer=other), status=CONFIRMED
    ).exclude(pk=pair.pk if pair else 0)
    for found in waiting.select_related("customer", "duplicate")[:1]:
        raise NotOnePerson(
            f"{found.duplicate.number} waits to be merged into {found.customer.number}: finish that first, or take it "
            "back.",
            facts={"customer": found.customer_id, "duplicate": found.duplicate_id},
        )


def _decide(
    pair: DuplicateCustomer | None,
    customer: Customer,
    duplicate: Customer,
    status: DuplicateStatus,
    *,
    actor: Actor,
    reason: str,
) -> DuplicateCustomer:
    pair = pair or DuplicateCustomer()
    pair.customer, pair.duplicate, pair.status = customer, duplicate, status
    pair.reason, pair.decided_at = reason, clock.now()
    pair.user_id, pair.channel_id = actor.user_id, actor.channel_id
    pair.save()
    return pair


def _refuse_conflict(survivor: Customer, other: Customer) -> None:
    deceased = {row.status == CustomerStatus.DECEASED for row in (survivor, other)}
    facts = {"customer": survivor.pk, "duplicate": other.pk}
    if len(deceased) > 1:
        raise NotOnePerson(
            "One record says that the person has died, the other does not: settle that first.", facts=facts
        )
    if survivor.status == CustomerStatus.CLOSED:
        raise NotOnePerson(f"{survivor.number} is closed: reactivate it, or keep the other record.", facts=facts)
    if other.outstanding_balance and survivor.currency != other.currency:
        raise NotOnePerson(
            f"{other.number} owes {other.outstanding_balance} {other.currency}, and {survivor.number} is kept in "
            f"{survivor.currency}: settle that first.",
            facts=facts,
        )


def _bring_over(survivor: Customer, other: Customer) -> None:
    """What the person has told us comes to one record; the record's own values are kept."""
    for names in FILLED:
        if getattr(survivor, names[0]) is None and getattr(other, names[0]) is not None:
            for name in names:
                setattr(survivor, name, getattr(other, name))
            if names[0] != "birth_date":
                survivor.contact_changed_at = clock.now()
    survivor.customer_since = min(survivor.customer_since, other.customer_since)
    survivor.outstanding_balance += other.outstanding_balance
    other.outstanding_balance = 0
    survivor.version += 1
    survivor.save()
    _bring_rows(Identification, IDENTIFICATION, survivor, other)
    _bring_rows(Address, ADDRESS, survivor, other)
    _bring_wishes(survivor, other)
    bring_affiliations(survivor, other)
    known = StaffCustomer.objects.filter(customer=survivor).values("user")
    for link in StaffCustomer.objects.filter(customer=other).exclude(user__in=known):
        link.customer = survivor
        link.save()
    CustomerNumber.objects.filter(customer=other).update(customer=survivor)
    for earlier in Customer.objects.filter(merged_into=other).order_by("pk"):
        earlier.merged_into = survivor
        earlier.save(update_fields=["merged_into"])


def _bring_rows(
    model: type[Identification] | type[Address], names: tuple[str, ...], survivor: Customer, other: Customer
) -> None:
    """Those the record has too go."""
    known = set(model.objects.filter(customer=survivor).values_list(*names))
    for row in model.objects.filter(customer=other).order_by("pk"):
        if tuple(getattr(row, name) for name in names) in known:
            row.delete()
        else:
            row.customer = survivor
            row.save()


def _bring_wishes(survivor: Customer, other: Customer) -> None:
    """Who has said no to a way of being contacted, on whichever record, is not contacted that way."""
    known = {row.channel: row for row in ContactPreference.objects.filter(customer=survivor)}
    for wish in ContactPreference.objects.filter(customer=other).order_by("pk"):
        kept = known.get(wish.channel)
        if kept is None:
            wish.customer = survivor
            wish.save()
            continue
        if kept.allowed and not wish.allowed:
            kept.allowed = False
            kept.save()
        wish.delete()


def _close(other: Customer, *, into: Customer) -> None:
    other.merged_into, other.status = into, CustomerStatus.CLOSED
    other.version += 1
    other.save()
