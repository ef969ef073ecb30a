"""Refusals around rewards, orders and vouchers."""

from activities.errors import ActivityError
from common.errors import Conflict


class UnknownReward(ActivityError):
    code = "unknown_reward"
    title = "No such reward in this program"


class RewardNotOffered(ActivityError):
    code = "reward_not_offered"
    title = "This reward is not offered"


class RewardIncomplete(ActivityError):
    code = "reward_incomplete"
    title = "The reward lacks something it needs to be offered"


class RewardNoVoucher(ActivityError):
    code = "reward_no_voucher"
    title = "This reward is no voucher"


class RewardWrongStatus(Conflict):
    code = "reward_wrong_status"
    title = "The reward is in another status"


class TierNeeded(ActivityError):
    code = "tier_needed"
    title = "This reward takes a higher tier"


class RewardLimitReached(ActivityError):
    code = "reward_limit_reached"
    title = "The membership had as many of this reward as it may"


class OutOfStock(ActivityError):
    code = "out_of_stock"
    title = "Not enough of this reward is left"


class OrderWrongStatus(Conflict):
    code = "order_wrong_status"
    title = "The order is in another status"


class PaidOrder(Conflict):
    code = "paid_order"
    title = "The posting pays an order"


class VouchersUsed(Conflict):
    code = "vouchers_used"
    title = "Vouchers of the order were used"


class VoucherNotUsable(ActivityError):
    code = "voucher_not_usable"
    title = "This voucher can't be used"


class VoucherTooSmall(ActivityError):
    code = "voucher_too_small"
    title = "Less is left on the voucher"


class VoucherNotGiven(ActivityError):
    code = "voucher_not_given"
    title = "So much was not taken from the voucher"
