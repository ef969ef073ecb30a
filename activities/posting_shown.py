"""A posting as the API shows it to who heard of it in the feed: whose points, which types, and why (interfaces 3.1)."""

from typing import Any

from activities.effects import effects_of_postings
from memberships.models import Membership
from points.models import Entry, Posting
from programs.design import design_of


def posting_shown(posting: Posting) -> dict[str, Any]:
    """Entries in the order they were posted, each with the membership whose own account it is on."""
    design = design_of(posting.program_id)
    entries = list(Entry.objects.filter(posting=posting).select_related("account").order_by("pk"))
    sets = {posting.for_set_id} | {one.account.account_set_id for one in entries}
    homes = dict(Membership.objects.filter(own_set__in=sets).values_list("own_set_id", "pk"))
    effects = effects_of_postings([posting.pk]).get(posting.pk, [])
    return {
        "id": posting.pk,
        "kind": posting.kind,
        "program": design.program.code,
        "membership": homes.get(posting.for_set_id),
        "member": posting.person_id,
        "occurred_at": posting.occurred_at,
        "recorded_at": posting.recorded_at,
        "reason": posting.reason_code,
        "reverses": posting.reverses_id,
        "activity": posting.cause_id if posting.cause_kind == "activity" else None,
        "because": [one.said for one in effects],
        "entries": [
            {
                "point_type": design.point_types[one.account.point_type_id].code,
                "amount": one.amount,
                "balance_after": one.balance_after,
                "membership": homes.get(one.account.account_set_id),
            }
            for one in entries
        ],
    }
