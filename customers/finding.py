"""Finding customers by what they say about themselves."""

from django.db.models import Q, QuerySet

from customers.keys import document_key, email_key, name_key, phone_key
from customers.models import Customer, CustomerKind, CustomerNumber, CustomerStatus, EmployeeGroup

# The index of names is one of trigrams.
LEAST_LETTERS = 3
LONGEST = 254
# Of many organizations the first ones are shown.
MOST = 20


def customer_by_number(number: str) -> Customer | None:
    """Whoever answers to the number today: a merged record's number finds the record it was merged into."""
    found = CustomerNumber.objects.select_related("customer").filter(number=number.strip().upper()).first()
    return found.customer if found else None


def find_customers(
    *, phone: str | None = None, email: str | None = None, document: str | None = None, country: str = ""
) -> QuerySet[Customer]:
    """Customers that match every value given; nobody when nothing comparable is given."""
    conditions = [
        _by(phone, phone_key(phone, country), "phone_key"),
        _by(email, email_key(email), "email_key"),
        _by(document, document_key(document), "identifications__number_key"),
    ]
    given = [condition for condition in conditions if condition is not None]
    if not given:
        return Customer.objects.none()
    found: QuerySet[Customer] = Customer.objects.exclude(status=CustomerStatus.ERASED).filter(merged_into=None)
    for condition in given:
        found = found.filter(condition)
    return found.distinct().order_by("pk")


def find_by_name(text: str, *, whole: bool = False) -> QuerySet[Customer]:
    """Customers whose name holds every word of the text, in no order: by the index of parts of words.

    Words of one or two letters are in no such index; a text of only those must be the whole name. With `whole` every
    text must: who sees names masked would spell them by their parts.
    """
    key = name_key(text)
    found: QuerySet[Customer] = Customer.objects.filter(merged_into=None)
    words = [] if whole else [word for word in (key or "").split() if len(word) >= LEAST_LETTERS]
    if not words:
        return found.filter(name_key=key) if key else found.none()
    for word in words:
        found = found.filter(name_key__contains=word)
    return found.order_by()


def find_organizations(text: str) -> list[Customer]:
    """Active organizations by number or name; without a text some of those that have employee groups."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    found: QuerySet[Customer] = Customer.objects.filter(
        kind=CustomerKind.ORGANIZATION, status=CustomerStatus.ACTIVE, merged_into=None
    )
    if not text:
        with_groups = found.filter(pk__in=EmployeeGroup.objects.values("organization"))
        return list(with_groups.order_by("name")[:MOST])
    numbered = customer_by_number(text)
    if numbered is not None:
        return list(found.filter(pk=numbered.pk))
    return sorted(found.filter(pk__in=find_by_name(text).values("pk"))[:MOST], key=lambda one: one.name or "")


def _by(given: str | None, key: str | None, column: str) -> Q | None:
    if given is None:
        return None
    return Q((column, key)) if key else Q(pk__in=())
