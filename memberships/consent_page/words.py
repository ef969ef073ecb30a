"""The terms of a change in plain words, for the people it is about (domain 1.9)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from memberships.changes.agreement_told import AgreementTold
from memberships.models import ChangeKind, Membership, MembershipChange, MembershipType
from programs.design import design_of
from programs.models import LeavingRule, Redeemers, SplitPolicy


@dataclass(frozen=True, slots=True)
class Cast:
    """The change, the memberships it affects, and what its people are called; `own_id` is who reads it."""

    change: MembershipChange
    parties: tuple[Membership, ...]
    names: Mapping[int, str]
    own_id: int
    agreement: AgreementTold | None = None

    def name(self, customer_id: int | None) -> str:
        return self.names.get(customer_id or 0, _("another member"))

    def membership(self, membership_id: int | None) -> Membership | None:
        return next((one for one in self.parties if one.pk == membership_id), None)

    @property
    def main_id(self) -> int | None:
        """Who is the group's main member afterwards."""
        main: int | None = self.change.terms.get("main") or self.change.main_id
        return main

    @property
    def owner_id(self) -> int | None:
        """Who owns the shared account afterwards."""
        owner: int | None = self.change.terms.get("owner")
        return owner

    @property
    def prime(self) -> Membership | None:
        return self.membership(self.change.prime_id)

    @property
    def is_group(self) -> bool:
        return self.prime is not None and self.prime.type == MembershipType.GROUP


def heading(cast: Cast) -> str:
    change = cast.change
    if change.kind == ChangeKind.MERGE:
        return _merge_heading(cast)
    if change.kind == ChangeKind.JOIN and cast.agreement is not None:
        told = _("Join the program of %(organization)s")
        return told % {"organization": cast.agreement.organization.name or cast.agreement.number}
    if change.kind == ChangeKind.SPLIT:
        told = _("%(name)s leaves the group") if cast.is_group else _("%(name)s leaves the shared account")
        return told % {"name": cast.name(change.leaver_id)}
    return {
        ChangeKind.ABSORB: _("Take in a membership without a name"),
        ChangeKind.JOIN: _("Join an organization's program"),
        ChangeKind.UNDO: _("Undo an earlier change"),
    }[ChangeKind(change.kind)]


def sentences(cast: Cast) -> Iterator[str]:
    """What it means, the most important first."""
    yield from MEANINGS[ChangeKind(cast.change.kind)](cast)
    wins = cast.membership(cast.change.terms.get("attributes", {}).get("wins"))
    if wins is not None:
        yield _("Where the memberships are described differently, what stands at %(number)s counts.") % {
            "number": wins.number
        }
    days = cast.change.terms.get("undo_days")
    if days and cast.change.kind != ChangeKind.UNDO:
        yield _(
            "Within %(days)s days it can be undone. As long as nobody has used the points or changed anything since, "
            "staff may do so at once; otherwise everyone is asked again."
        ) % {"days": days}
    if cast.change.freezes:
        yield _("Until this is decided, nobody can spend points of the shared account.")


def _merge_heading(cast: Cast) -> str:
    result, reforms = cast.change.result_type, cast.change.secondary_id is None
    if result == MembershipType.SHARED:
        return _("Turn the group into a shared account") if reforms else _("Share one account")
    if result == MembershipType.GROUP:
        return _("Turn the shared account into a group") if reforms else _("Become one group")
    return _("Unite two memberships of one person")


def _merge(cast: Cast) -> Iterator[str]:
    result = cast.change.result_type
    if result == MembershipType.SHARED:
        yield from _into_pool(cast)
    elif result == MembershipType.GROUP:
        yield from _into_group(cast)
    else:
        yield from _into_one(cast)


def _into_pool(cast: Cast) -> Iterator[str]:
    yield _("The points of everyone that can be spent come into one shared account. No point and no date is lost.")
    if cast.change.program.pool_redeemers == Redeemers.OWNER:
        yield _("Only %(name)s, who owns the shared account, can spend them.") % {"name": cast.name(cast.owner_id)}
    else:
        yield _("Every member can spend them, whoever brought them.")
    yield _("A debt of one comes along: it lowers what everyone has.")
    if cast.change.secondary_id is None:
        yield _("The group ends. Everyone gets a membership with a new number.")
        yield _policy(cast)
    else:
        yield _("Everyone keeps their member number, cards, tier and the points that count towards the tier.")


def _into_group(cast: Cast) -> Iterator[str]:
    yield _("All become members of one membership with one number, one tier and one account.")
    yield _("All points of everyone come into that account. No point and no date is lost. Every member can spend them.")
    yield _("A debt of one comes along: it lowers what everyone has.")
    yield _("The highest tier of any of you counts for all, until it is reviewed next.")
    if cast.main_id is not None:
        yield _("%(name)s is the main member.") % {"name": cast.name(cast.main_id)}
    yield _ending(cast)


def _ending(cast: Cast) -> str:
    ending = [one.number for one in cast.parties if one.pk in cast.change.terms.get("ending", ())]
    told = _("These memberships end: %(numbers)s. Their numbers and all cards keep working and lead to the group.")
    return told % {"numbers": ", ".join(ending) or "–"}


def _into_one(cast: Cast) -> Iterator[str]:
    yield _("Two memberships belong to one person. One goes on with all points of both; no point and no date is lost.")
    yield _("A debt comes along too. The higher tier and the earlier day of joining count.")
    yield _("The number and the cards of the other keep working and lead to the one that goes on.")


def _absorb(cast: Cast) -> Iterator[str]:
    yield _("The points of a card without a name come into the registered membership; a debt comes along too.")
    yield _("The card keeps working as an additional card.")
    if len(cast.names) > 1:
        yield _("The points are shared with everyone who takes part.")


def _split(cast: Cast) -> Iterator[str]:
    yield _policy(cast)
    yield _("Debts are divided the same way; none is made and none is forgiven.")
    leaver = {"name": cast.name(cast.change.leaver_id)}
    if cast.is_group:
        yield _("%(name)s gets a membership of their own and keeps their cards.") % leaver
    else:
        yield _("%(name)s keeps member number, cards, tier and the points that count towards the tier.") % leaver
    if cast.agreement is not None:
        yield _("The benefits by the organization's agreement end. Its account goes on for everyone else.")
    elif len(cast.names) == 2:
        yield _("Whoever stays goes on alone with a standard membership.")
    else:
        yield from _leading(cast)


def _leading(cast: Cast) -> Iterator[str]:
    """Who leads those who stay, where somebody does."""
    leader = cast.main_id if cast.is_group else cast.owner_id
    if leader is not None:
        told = _("%(name)s is the main member then.") if cast.is_group else _("%(name)s owns the shared account then.")
        yield told % {"name": cast.name(leader)}


def _undo(cast: Cast) -> Iterator[str]:
    yield _("Memberships, tiers and points go back to how they were before the earlier change.")
    yield _("What was spent since is charged to who spent it; what was earned since goes to who earned it.")
    yield _("What has expired since stays expired.")


def _join(cast: Cast) -> Iterator[str]:
    found = cast.agreement
    joiner = {"name": next(iter(cast.names.values()), "")}
    if found is None:
        return
    yield _("%(name)s comes under the agreement “%(agreement)s”, version %(version)s.") % {
        **joiner, "agreement": found.agreement, "version": found.version,
    }  # fmt: skip
    if found.tiers:
        yield _("The tier becomes %(tiers)s, unless it is higher already.") % {"tiers": ", ".join(found.tiers)}
    if found.benefits:
        yield _("Benefits: %(benefits)s.") % {"benefits": ", ".join(found.benefits)}
    yield _("Member number, cards and the points that count towards the tier stay as they are.")
    if not found.is_shared:
        yield _("The points of %(name)s stay their own.") % joiner
        return
    yield from _contributed(cast, joiner)
    if found.leaving_rule == LeavingRule.LEAVE_BEHIND:
        yield _("Who leaves the organization later takes none of the points along: they stay in its account.")
    else:
        yield _("Who leaves the organization later takes along what they brought and what is still there of it.")


def _contributed(cast: Cast, joiner: Mapping[str, str]) -> Iterator[str]:
    yield (
        _(
            "The points of %(name)s that can be spent come into the account of the organization, as their "
            "contribution; a debt comes along. No point and no date is lost."
        )
        % joiner
    )
    if cast.change.program.pool_redeemers == Redeemers.OWNER:
        yield _("Only who signs for the organization can spend them.")
    else:
        yield _("Everyone who shares that account can spend them.")


def _policy(cast: Cast) -> str:
    change = cast.change
    leaver = {"name": cast.name(change.leaver_id)}
    if change.policy == SplitPolicy.RATIO:
        share = (change.leaver_share or Decimal(0)).normalize()
        return _("%(name)s takes %(share)s percent of the points.") % {**leaver, "share": f"{share:f}"}
    if change.policy == SplitPolicy.MANUAL:
        types = design_of(change.program_id).by_code
        parts = [f"{points} {types[code].name}" for code, points in sorted(change.manual_shares.items())]
        return _("%(name)s takes %(points)s; the rest stays.") % {**leaver, "points": ", ".join(parts)}
    if change.policy == SplitPolicy.EQUAL:
        return _("Everyone takes an equal share of the points.")
    if change.policy == SplitPolicy.LEAVE_BEHIND:
        return _("%(name)s takes none of the points that can be spent: they stay with the others.") % leaver
    return _(
        "Everyone takes the points they brought and that are still there; points nobody brought are shared equally."
    )


MEANINGS: dict[ChangeKind, Callable[[Cast], Iterator[str]]] = {
    ChangeKind.MERGE: _merge,
    ChangeKind.SPLIT: _split,
    ChangeKind.ABSORB: _absorb,
    ChangeKind.UNDO: _undo,
    ChangeKind.JOIN: _join,
}
