"""Tell the people of memberships something; who they are is known here, what they read in customers.notices."""

from collections import Counter
from collections.abc import Mapping

from customers.notices import Raised, Recipient, raise_each
from memberships.models import Member
from programs.models import Program
from programs.notice_texts import Value

AT_ONCE = 1_000
Cause = tuple[str, int]


def notify_members(
    program: Program,
    code: str,
    facts: Mapping[int, Mapping[str, Value]],
    *,
    once: str | Mapping[int, str] = "",
    cause: Cause | Mapping[int, Cause] | None = None,
) -> Counter[str]:
    """The notice for every present member of these memberships, `facts` by membership id; in the caller's transaction.

    `once` and `cause` hold for all of them or are given by membership. A member of two of them gets one each. A
    membership of nobody is passed over; a suspended member is told too.
    """
    return Counter(one.status for one in notify_each(program, code, facts, once=once, cause=cause))


def notify_each(
    program: Program,
    code: str,
    facts: Mapping[int, Mapping[str, Value]],
    *,
    once: str | Mapping[int, str] = "",
    cause: Cause | Mapping[int, Cause] | None = None,
) -> list[Raised]:
    """The same, and what was written for whom."""
    raised: list[Raised] = []
    ids = sorted(facts)
    for start in range(0, len(ids), AT_ONCE):
        members = Member.objects.filter(membership__any_of=ids[start : start + AT_ONCE], ended_at__isnull=True)
        found = members.order_by("membership_id", "pk").values_list(
            "customer_id", "membership_id", "membership__number"
        )
        recipients = [
            Recipient(
                customer,
                membership,
                number,
                facts[membership],
                once if isinstance(once, str) else once.get(membership, ""),
                cause.get(membership) if isinstance(cause, Mapping) else cause,
            )
            for customer, membership, number in found
        ]
        raised += raise_each(program, code, recipients)
    return raised
