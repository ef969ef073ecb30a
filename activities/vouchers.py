"""Vouchers: money off for whoever knows the code; issued to memberships by orders and by rules (domain 1.12)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from activities.models import RewardItem, RewardKind, Voucher
from activities.reward_errors import RewardNoVoucher
from activities.rewards import reward_of
from cards.numbering import BASE32, compact
from common.actor import Actor
from common.db import in_program
from common.errors import NotFound
from gateway.events import record_events
from memberships.led_here import home_id
from points.balances import iso
from programs.design import Design
from programs.expiry import end_of_day

# 80 bits from the operating system: nobody finds one by trying.
SYMBOLS = 16
GROUP = 4
# What is written for another symbol when a code is typed from paper.
MISREAD = str.maketrans("OIL", "011")
NOWHERE = "There is no such voucher that you can see."
# Why a voucher ended, beside the reason codes of corrections.
ENDINGS: dict[str, str | Promise] = {
    "order-cancelled": gettext_lazy("The order was cancelled"),
    "time-over": gettext_lazy("Its time is over"),
}


@dataclass(frozen=True, slots=True)
class VoucherIssue:
    """One voucher to be issued: `reward` is the code of one of kind voucher, `activity_id` what it is given for."""

    membership_id: int
    reward: str
    activity_id: int
    at: datetime
    order_id: int | None = None


def issue_many(issues: Sequence[VoucherIssue], *, design: Design, actor: Actor) -> list[Voucher]:
    """Issue them in order, in one statement and an event each, inside the caller's transaction.

    What a rule gives takes no stock and needs no offer. Raises UnknownReward, RewardNoVoucher.
    """
    if not issues:
        return []
    with in_program(design.program.pk):
        vouchers = Voucher.objects.bulk_create([_voucher(one, design) for one in issues], batch_size=2_000)
        record_events(
            "voucher.issued",
            program_id=design.program.pk,
            facts={row.pk: _facts(row, one.reward) for row, one in zip(vouchers, issues, strict=True)},
        )
    return vouchers


def new_code() -> str:
    """A code nobody can guess, of symbols nobody confuses."""
    return "".join(secrets.choice(BASE32) for _ in range(SYMBOLS))


def typed_code(text: str) -> str:
    """The code as it is stored, however it was typed."""
    return compact(text)[:24].translate(MISREAD)


def printed_code(code: str) -> str:
    """In groups, as it is read aloud."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def masked_code(code: str) -> str:
    """Enough to tell two apart, too little to use one."""
    return f"\u2026{code[-GROUP:]}"


def visible_voucher(code: str, actor: Actor) -> Voucher:
    """The voucher of that code; unknown ones and those of other programs answer alike."""
    found = (
        Voucher.objects.visible_to(actor)
        .select_related("item", "membership", "activity")
        .filter(code=typed_code(code))
        .first()
    )
    if found is None:
        raise NotFound(NOWHERE)
    voucher: Voucher = found
    return voucher


def voucher_shape(voucher: Voucher, *, at: datetime) -> dict[str, Any]:
    """The API's <voucher>, with its code: for who may use it."""
    return {
        "id": voucher.pk,
        "code": printed_code(voucher.code),
        "reward": voucher.item.code,
        "membership": voucher.membership_id,
        "current_membership": home_id(voucher.membership, voucher.activity.customer_id),
        "order": voucher.order_id,
        "status": str(voucher.status_at(at)),
        "face": money(voucher.face, voucher.currency),
        "remaining": money(voucher.remaining, voucher.currency),
        "issued_at": iso(voucher.issued_at),
        "expires_at": iso(voucher.expires_at) if voucher.expires_at else None,
    }


def money(amount: Any, currency: str) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currency": currency}


def expiry_of(item: RewardItem, design: Design, *, at: datetime) -> datetime | None:
    """Through the end of the last day, in the program's zone; None: no end."""
    if item.voucher_days is None:
        return None
    return end_of_day(at.astimezone(design.zone).date() + timedelta(days=item.voucher_days), design.zone)


def _voucher(issue: VoucherIssue, design: Design) -> Voucher:
    item = reward_of(design, issue.reward)
    if item.kind != RewardKind.VOUCHER or item.face is None:
        raise RewardNoVoucher(
            f"{item.name} is a {item.get_kind_display()}: only vouchers can be issued.", facts={"reward": item.code}
        )
    return Voucher(
        program_id=design.program.pk,
        item=item,
        membership_id=issue.membership_id,
        order_id=issue.order_id,
        activity_id=issue.activity_id,
        code=new_code(),
        face=item.face,
        remaining=item.face,
        currency=design.program.currency,
        issued_at=issue.at,
        expires_at=expiry_of(item, design, at=issue.at),
    )


def _facts(voucher: Voucher, reward: str) -> dict[str, Any]:
    """Never the code: who reads the feed must not be able to spend."""
    return {
        "reward": reward,
        "membership": voucher.membership_id,
        "activity": voucher.activity_id,
        "order": voucher.order_id,
        **money(voucher.face, voucher.currency),
    }
