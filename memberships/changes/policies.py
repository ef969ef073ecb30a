"""By which policy points are divided, and whether its figures are complete (domain 1.9)."""

from collections.abc import Collection
from decimal import Decimal

from memberships.changes.eligibility import refusal
from memberships.changes.sides import Sides
from programs.models import SplitPolicy

MOST_POINTS = 2**63 - 1
# As many decimals as the row keeps.
STEP = Decimal("0.0001")
LEAVING = tuple(SplitPolicy)
# Where nobody leaves, nobody has a share of their own.
REFORMING = (SplitPolicy.BY_CONTRIBUTION, SplitPolicy.EQUAL)


def policy_of(sides: Sides, allowed: Collection[SplitPolicy], *, default: str = "") -> str:
    """The proposal's policy, else the default (the program's) where it is allowed here, else by contribution."""
    wanted = sides.change.policy
    if not wanted:
        usual = SplitPolicy(default or sides.program.split_policy)
        return usual if usual in allowed else SplitPolicy.BY_CONTRIBUTION
    if wanted not in allowed:
        raise refusal(
            "policy",
            f"“{wanted}” is no way to divide here: choose one of {', '.join(allowed)}.",
            policy=wanted,
            policies=[str(one) for one in allowed],
        )
    return wanted


def refuse_policy(sides: Sides) -> None:
    """Where nothing is divided, a policy would promise something."""
    if sides.change.policy:
        raise refusal("policy", "Nothing is divided here: leave the policy out.", policy=sides.change.policy)
    _refuse_figures(sides, policy="")


def check_figures(sides: Sides, policy: str, *, kinds: Collection[str]) -> None:
    """A ratio has its share, figures by hand are points of the types that are divided, and nothing has both."""
    _refuse_figures(sides, policy=policy)
    if policy == SplitPolicy.RATIO:
        _check_share(sides.change.leaver_share)
    if policy == SplitPolicy.MANUAL:
        _check_points(sides, kinds)


def _refuse_figures(sides: Sides, *, policy: str) -> None:
    """Figures that belong to another policy."""
    change = sides.change
    if policy != SplitPolicy.RATIO and change.leaver_share is not None:
        raise refusal("leaver_share", "A share in percent belongs to the policy “ratio”: leave it out.", policy=policy)
    if policy != SplitPolicy.MANUAL and change.manual_shares:
        raise refusal("manual_shares", "Points per type belong to the policy “manual”: leave them out.", policy=policy)


def _check_share(share: Decimal | None) -> None:
    if share is None or not share.is_finite() or not 0 < share < 100 or share != share.quantize(STEP):
        raise refusal(
            "leaver_share",
            "The policy “ratio” needs the leaver's share in percent: above 0 and below 100, with at most four "
            "decimals. For all or nothing choose another policy.",
            leaver_share=None if share is None else str(share),
        )


def _check_points(sides: Sides, kinds: Collection[str]) -> None:
    known = sorted(code for code, one in sides.design.by_code.items() if one.kind in kinds)
    shares = sides.change.manual_shares
    unknown = sorted(set(shares) - set(known))
    if unknown or not shares:
        raise refusal(
            "manual_shares",
            f"The policy “manual” needs the leaver's points per type, of {', '.join(known)}"
            f"{'; not of ' + ', '.join(unknown) if unknown else ''}.",
            point_types=known,
            unknown=unknown,
        )
    for code, points in shares.items():
        if type(points) is not int or not 0 <= points <= MOST_POINTS:
            raise refusal(
                "manual_shares",
                f"The leaver's points of “{code}” are a whole number, 0 or more.",
                point_type=code,
            )
