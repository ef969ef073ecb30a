"""Tell the people of memberships something; who they are is known here, what they read in customers.notices."""

from collections import Counter
from collections.abc import Mapping

from customers.notices import Recipient, raise_many
from memberships.models import Member
from programs.models import Program
from programs.notice_texts import Value

AT_ONCE = 1_000


def notify_members(
    program: Program,
    code: str,
    facts: Mapping[int, Mapping[str, Value]],
    *,
    once: str | Mapping[int, str] = "",
    cause: tuple[str, int] | Mapping[int, tuple[str, int]] | None = None,
) -> Counter[str]:
    """The notice for every present member of these memberships, `facts` by membership id; in the caller's transaction.

    `once` and `cause` hold for all of them or are given by membership. A member of two of them gets one each. A
    membership of nobody is passed over; a suspended member is told too.
    """
    counts: Counter[str] = Counter()
    ids = sorted(facts)
    for start in range(0, len(ids), AT_ONCE):
        members = Member.objects.filter(membership__in=ids[start : start + AT_ONCE], ended_at__isnull=True)
        found = members.order_by("membership_id", "pk").values_list(
            "customer_id", "membership_id", "membership__number"
        )
        counts += raise_many(
            program,
            code,
            [
                Recipient(
                    customer,
                    membership,
                    number,
                    facts[membership],
                    once if isinstance(once, str) else once.get(membership, ""),
                    cause.get(membership) if isinstance(cause, Mapping) else cause,
                )
                for customer, membership, number in found
            ],
        )
    return counts
