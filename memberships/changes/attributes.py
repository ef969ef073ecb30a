"""Attributes and labels when memberships change: the prime's values win, conflicts are shown (domain 1.9). What
carriers of apps above keep goes the same way.

Where one membership goes on for several it takes over what they have. Who leaves a group gets back what they brought
into it; the group keeps its own.
"""

from collections.abc import Iterable, Sequence

from memberships.changes.carriers import carriers
from memberships.changes.plan import Plan, Work
from memberships.changes.record import made_ids
from memberships.models import AttributeValue, LabelSource, Membership, MembershipChange, MembershipLabel
from memberships.models.attribute import VALUES
from programs.models import AttributeType

# Rows of the table of changes in which memberships go into one.
UNITING = frozenset({"group", "one_person", "absorb", "pool_to_group"})


def conflicts_of(plan: Plan) -> list[str]:
    """Codes of the attributes that the memberships going into one answer differently.

    Numbers are left out: activities move them daily, which must not void anybody's consent.
    """
    if plan.row not in UNITING:
        return []
    rows = AttributeValue.objects.filter(membership__in=plan.parties).select_related("definition")
    values: dict[str, set[object]] = {}
    for row in rows.exclude(definition__type=AttributeType.NUMBER):
        values.setdefault(row.definition.code, set()).add(row.value)
    return sorted(code for code, different in values.items() if len(different) > 1)


def carry_attributes(work: Work, target: Membership, sources: Iterable[Membership]) -> None:
    """The target takes over what it lacks, of the prime everything; then the labels. The sources end."""
    united = {one.pk: one for one in (target, *sources)}
    first = [work.plan.prime.pk, target.pk]
    order = [pk for pk in dict.fromkeys([*first, *sorted(united)]) if pk in united]
    _take_over(work, target, order)
    ending = [pk for pk in order if pk != target.pk]
    _carry_labels(work, target, ending)
    for carrier in carriers():
        carrier.carry(work, target, ending)


def bring_back(work: Work, own: Membership, brought: Membership | None) -> None:
    """Who leaves a group: the values and labels of the membership they brought into it."""
    if brought is None:
        return
    _take_over(work, own, [brought.pk])
    ended_with = MembershipLabel.objects.filter(membership=brought, ended_at__gte=brought.ended_at)
    _label(work, own, ended_with)
    for carrier in carriers():
        carrier.bring_back(work, own, brought)


def forget_made(original: MembershipChange, made_memberships: Sequence[int]) -> None:
    """An undo: values the change brought to a membership that goes on leave it, unless they changed since."""
    made = made_ids(original.outcome, AttributeValue._meta.label)
    for row in AttributeValue.objects.filter(pk__in=made).exclude(membership__in=made_memberships).order_by("pk"):
        if row.history.count() == 1:
            row.delete()


def _take_over(work: Work, target: Membership, order: Sequence[int]) -> None:
    found: dict[int, dict[int, AttributeValue]] = {}
    for row in AttributeValue.objects.filter(membership__in=[*order, target.pk]).order_by("pk"):
        found.setdefault(row.membership_id, {})[row.definition_id] = row
    own = found.get(target.pk, {})
    decided: dict[int, AttributeValue] = {}
    for pk in order:
        decided = found.get(pk, {}) | decided
    for definition_id, row in sorted(decided.items()):
        values = {name: getattr(row, name) for name in VALUES}
        if definition_id in own:
            work.record.alter(own[definition_id], **values)
            continue
        made = AttributeValue.objects.create(
            membership=target,
            program_id=target.program_id,
            definition_id=definition_id,
            changed_at=work.at,
            **values,
        )
        work.record.made(made)


def _carry_labels(work: Work, target: Membership, sources: Sequence[int]) -> None:
    rows = list(MembershipLabel.objects.filter(membership__in=sources, ended_at__isnull=True).order_by("pk"))
    _label(work, target, rows)
    for row in rows:
        work.record.alter(row, ended_at=max(work.at, row.since))


def _label(work: Work, target: Membership, rows: Iterable[MembershipLabel]) -> None:
    known = set(
        MembershipLabel.objects.filter(membership=target, ended_at__isnull=True).values_list("label_id", flat=True)
    )
    for row in rows:
        if row.label_id in known:
            continue
        known.add(row.label_id)
        made = MembershipLabel.objects.create(
            membership=target,
            program_id=target.program_id,
            label_id=row.label_id,
            source=LabelSource.CHANGE,
            since=work.at,
            reason=row.reason,
        )
        work.record.made(made)
