"""The one outbox: everything sent to customers is a row first, written in the transaction of what it speaks of.

So nothing is sent for what was rolled back, and nothing is lost that was committed; delivering.py sends it. The
texts stand in templates/messages/<template>.subject.txt and <template>.txt, which extend messages/base.txt: it greets
the customer and names program and membership.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.template import Context
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation import gettext_noop

from common import clock
from customers.models import (
    ContactPreference,
    Customer,
    CustomerStatus,
    Message,
    MessagePurpose,
    MessageStatus,
    PreferenceChannel,
)
from customers.settled import Reachable, addresses_of
from programs.models import Program

# An address is settled after so many days where no program says otherwise.
SETTLED_DAYS = 7
LONGEST_SUBJECT = 200
NO_ADDRESS = gettext_noop("no e-mail address")
NOT_WANTED = gettext_noop("the customer has not allowed notices by e-mail")
GONE: dict[str, str] = {
    CustomerStatus.ERASED: gettext_noop("the customer was erased"),
    CustomerStatus.DECEASED: gettext_noop("the customer is deceased"),
}


def put_message(
    customer: Customer,
    *,
    purpose: MessagePurpose,
    template: str,
    context: Mapping[str, Any],
    program: Program | None = None,
    cause: tuple[str, int] | None = None,
) -> list[Message]:
    """One message per address, waiting; or one that is not sent and says why not.

    Codes and links are needed for what the person has asked for or is asked, so they go out whatever the customer's
    wishes are, and their text is emptied once it was sent: they carry a secret. A notice goes to who allowed e-mail.
    `context` is what the texts name; `membership` (its number) is needed for a notice of a program. `cause`: kind
    and id of the row it speaks of. A record merged into another stands for that one.
    """
    if purpose == MessagePurpose.NOTICE and program is not None and not context.get("membership"):
        raise TypeError("A notice of a program names the membership: pass its number as context['membership'].")
    recipient = Customer.objects.select_related("merged_into").get(pk=customer.pk)
    recipient = recipient.merged_into or recipient
    addresses = addresses_of(recipient, settled_days=program.settled_address_days if program else SETTLED_DAYS)
    why_not = reason_not_to_send(recipient, purpose) or ("" if addresses else NO_ADDRESS)
    common = _columns(recipient, purpose, template, program, cause)
    if why_not:
        rows = [Message(**common, status=MessageStatus.SUPPRESSED, why_not=why_not)]
    else:
        subject, body = _texts(recipient, template, {**context, "program": program, "customer": recipient})
        common |= {"subject": subject, "body": body, "next_try_at": common["created_at"]}
        rows = [Message(**common, address=address) for address in addresses]
    return Message.objects.bulk_create(rows)


def reason_not_to_send(customer: Customer, purpose: str) -> str:
    """Why this customer gets no such message, whatever the address; empty where nothing speaks against it."""
    return reasons_not_to_send([customer], purpose)[customer.pk]


def reasons_not_to_send(customers: Iterable[Reachable], purpose: str) -> dict[int, str]:
    """The same of several, by their ids; their wishes are read once."""
    gone = {one.pk: GONE.get(one.status, "") for one in customers}
    if purpose != MessagePurpose.NOTICE:
        return gone
    wishes = ContactPreference.objects.filter(customer__any_of=gone, channel=PreferenceChannel.EMAIL, allowed=True)
    wanting = set(wishes.values_list("customer_id", flat=True))
    return {pk: why or ("" if pk in wanting else NOT_WANTED) for pk, why in gone.items()}


def _columns(
    customer: Customer, purpose: MessagePurpose, template: str, program: Program | None, cause: tuple[str, int] | None
) -> dict[str, Any]:
    kind, pk = cause or ("", None)
    return {
        "customer": customer,
        "program": program,
        "channel": PreferenceChannel.EMAIL,
        "purpose": purpose,
        "template": template,
        "cause_kind": kind,
        "cause_id": pk,
        "created_at": clock.now(),
    }


def _texts(customer: Customer, template: str, context: dict[str, Any]) -> tuple[str, str]:
    """Subject, on one line, and body, in the customer's language."""
    with translation.override(customer.language):
        subject = " ".join(drawn(f"messages/{template}.subject.txt", context).split())
        return subject[:LONGEST_SUBJECT], drawn(f"messages/{template}.txt", context).strip() + "\n"


def drawn(name: str, context: dict[str, Any]) -> str:
    """A text of templates/messages in the active language."""
    # As plain text: escaping for HTML would spoil names and addresses of pages.
    text: str = get_template(name).template.render(Context(context, autoescape=False))  # type: ignore[attr-defined]
    return text
