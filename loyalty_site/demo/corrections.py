"""What staff and channels did lately in the sample world: a transfer, a hold, a reversal, adjustments, a suspension."""

from activities.adjusting import AdjustmentCall, adjust_points, approve_adjustment
from activities.holding import HoldCall, hold_points
from activities.models import MemberActivity
from activities.reversing import reverse_posting
from activities.transferring import TransferCall, transfer_points
from loyalty_site.authentication import actor_of_user
from memberships.attributes import set_attribute
from memberships.lifecycle import suspend
from memberships.models import Member, Membership
from points.models import Adjustment, AdjustmentStatus, Hold, Posting
from points.reversal_parts import Part
from staff.models import User

WRONG_SALE = "UW-WRONG-SALE"
OPEN_BASKET = "AL-OPEN-BASKET"
WEEK = 7 * 24 * 3600


def correct() -> None:
    """Everything by members of staff of the sample world, each with the rights of the role."""
    agent, supervisor = (actor_of_user(User.objects.get(username=name)) for name in ("agent", "supervisor"))
    emma, carlos = _of("urbanwear", "Emma"), _of("urbanwear", "Carlos")
    transfer_points(TransferCall(emma.pk, carlos.pk, 500), actor=agent)
    hold_points(HoldCall(_of("activelife", "Emma").pk, 300, expires_in=WEEK, reference=OPEN_BASKET), actor=agent)
    wrong = Posting.objects.get(activities__reference=WRONG_SALE)
    reverse_posting(wrong.pk, Part("booked-wrongly"), actor=supervisor)
    adjust_points(
        AdjustmentCall(_of("year-round", "David").pk, 150, "goodwill", note="Waited long at the desk"), actor=agent
    )
    _, missing = adjust_points(AdjustmentCall(_of("premium-plus", "Marcus").pk, 1_200, "missing-points"), actor=agent)
    approve_adjustment(missing["adjustment"]["id"], actor=supervisor)
    adjust_points(AdjustmentCall(_of("credit-card", "Sarah").pk, 5_000, "complaint"), actor=agent)
    set_attribute(
        _of("personal-banking", "Sarah"), code="balance", value=41_250, actor=agent, reason="Balance of today"
    )
    suspend(_of("year-round", "Nadia"), actor=supervisor, reason="Card reported as misused")


def rows() -> dict[str, int | None]:
    """The ids of single rows that show something."""
    waiting = Adjustment.objects.filter(status=AdjustmentStatus.WAITING).order_by("pk")
    activities = MemberActivity.objects.filter(reference=WRONG_SALE)
    return {
        "open_hold": Hold.objects.filter(reference=OPEN_BASKET).values_list("pk", flat=True).first(),
        "waiting_adjustment": waiting.values_list("pk", flat=True).first(),
        "reversed_posting": activities.values_list("posting_id", flat=True).first(),
        "suspended_membership": _of("year-round", "Nadia").pk,
    }


def _of(program: str, first_name: str) -> Membership:
    members = Member.objects.select_related("membership")
    return members.get(program__code=program, customer__first_name=first_name).membership
