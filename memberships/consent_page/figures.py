"""What the person has and would have: the preview of the change, of which nothing is told about others (case 12)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _

from common.errors import LoyaltyError
from common.templatetags.desk import points
from gateway.channels import system_actor
from memberships.changes.preview import preview_of
from memberships.changes.preview_state import PointsLine, Standing
from memberships.models import MembershipChange, MembershipType
from programs.design import design_of

# A preview holds the memberships for a moment, so it is not made for every look at the page.
KEPT_FOR = 60
Standings = Mapping[int | None, tuple[Standing | None, Standing | None]]


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    before: str
    after: str


def figures_of(change: MembershipChange, customer_id: int) -> tuple[Figure, ...]:
    """As they were some seconds ago; none while they can't be told, as when somebody is at work on the memberships."""
    # The same for everyone asked, whoever answers meanwhile.
    key = f"consent-page:{change.pk}:{change.digest[:16]}"
    found: Standings | None = cache.get(key)
    if found is None:
        found = _previewed(change)
        cache.set(key, found, KEPT_FOR if found else 0)
    before, after = found.get(customer_id, (None, None))
    return tuple(_figures(change, before, after)) if before and after else ()


def _previewed(change: MembershipChange) -> Standings:
    try:
        people = preview_of(change, actor=system_actor()).people
    except LoyaltyError:
        return {}
    return {one.customer: (one.before, one.after) for one in people}


def _figures(change: MembershipChange, before: Standing, after: Standing) -> Iterator[Figure]:
    types = design_of(change.program_id).by_code
    then = {one.point_type: one for one in after.points}
    for line in before.points:
        name, later = types[line.point_type].name, then.get(line.point_type)
        if line.balance or (later and later.balance):
            yield Figure(name, _balance(line, before), _balance(later, after))
        if line.debt or (later and later.debt):
            label = _("%(points)s owed") % {"points": name}
            yield Figure(label, points(line.debt), points(later.debt if later else 0))
    yield Figure(_("Tier"), _tiers(before), _tiers(after))
    yield Figure(_("Member number"), before.membership.number, after.membership.number or _("a new one"))


def _balance(line: PointsLine | None, standing: Standing) -> str:
    if line is None:
        return points(0)
    shared = line.pooled or standing.membership.type == MembershipType.GROUP
    return _("%(points)s, shared") % {"points": points(line.balance)} if shared else points(line.balance)


def _tiers(standing: Standing) -> str:
    return ", ".join(one.name for one in standing.tiers) or "–"
