"""Take money off with a voucher, give it back, end a voucher before its time (domain 1.12).

Every use is a row that proves what is left; whoever uses holds the voucher's row, so none is spent twice.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.models import RewardOrder, Voucher, VoucherStatus, VoucherUse
from activities.orders import USE
from activities.reward_errors import VoucherNotGiven, VoucherNotUsable, VouchersUsed, VoucherTooSmall
from activities.rewards import RIGHT as MANAGE
from activities.targeting import require_right
from activities.vouchers import masked_code, money, visible_voucher, voucher_shape
from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows
from gateway.events import record_event
from points.balances import iso
from points.reasons import checked_reason
from programs.design import Design, design_of
from programs.models import ProgramStatus

ORDER_CANCELLED = "order-cancelled"


def use_voucher(code: str, *, amount: Decimal, currency: str, actor: Actor, reference: str = "") -> dict[str, Any]:
    """Take a part of it, or all; the API's <voucher> with the use.

    A voucher was paid for: it can be used whatever became of its membership, in a locked program too.
    Raises NotFound, NotAllowed, VoucherNotUsable, VoucherTooSmall.
    """
    seen = visible_voucher(code, actor)
    require_right(actor, USE, seen.program_id)
    with in_program(seen.program_id):
        voucher, design = _locked(seen), design_of(seen.program_id)
        at = clock.program_now(design.program)
        _refuse_unusable(voucher, design, at=at)
        _refuse_currency(voucher, currency)
        if amount > voucher.remaining:
            raise VoucherTooSmall(
                f"{voucher.remaining} {voucher.currency} are left on the voucher, {amount} were asked for.",
                facts={"remaining": str(voucher.remaining), "asked": str(amount), "currency": voucher.currency},
            )
        return _move(voucher, amount, reference=reference, at=at, actor=actor)


def give_back(code: str, *, amount: Decimal, currency: str, actor: Actor, reference: str = "") -> dict[str, Any]:
    """What a sale took and no longer needs; on a voucher past its time it is gone at once.

    Raises NotFound, NotAllowed, VoucherNotUsable, VoucherNotGiven.
    """
    seen = visible_voucher(code, actor)
    require_right(actor, USE, seen.program_id)
    with in_program(seen.program_id):
        voucher, design = _locked(seen), design_of(seen.program_id)
        _refuse_currency(voucher, currency)
        taken = taken_from(voucher)
        if voucher.status == VoucherStatus.CANCELLED or amount > taken:
            raise VoucherNotGiven(
                f"{taken} {voucher.currency} were taken from the voucher, {amount} are to be given back.",
                facts={"taken": str(taken), "asked": str(amount), "status": voucher.status},
            )
        return _move(voucher, -amount, reference=reference, at=clock.program_now(design.program), actor=actor)


def taken_from(voucher: Voucher) -> Decimal:
    """What was used and not given back."""
    return voucher.face - voucher.remaining


def cancel_voucher(voucher_id: int, *, actor: Actor, reason_code: str) -> Voucher:
    """End one by hand: stolen, issued by mistake. What is left on it is gone. Raises NotAllowed, VoucherNotUsable."""
    checked_reason(reason_code)
    seen = Voucher.objects.select_related("item").get(pk=voucher_id)
    require_right(actor, MANAGE, seen.program_id)
    with in_program(seen.program_id):
        voucher, design = _locked(seen), design_of(seen.program_id)
        at = clock.program_now(design.program)
        if voucher.status_at(at) not in (VoucherStatus.ISSUED, VoucherStatus.PART_USED):
            raise _not_usable(voucher, at=at)
        end(voucher, VoucherStatus.CANCELLED, why=reason_code, at=at, actor=actor)
        return voucher


def cancel_unused(order: RewardOrder, *, actor: Actor, at: datetime) -> None:
    """End the vouchers of an order that is cancelled. Raises VouchersUsed where one was used or is over."""
    vouchers = lock_rows(Voucher.objects.filter(order=order))
    used = [one for one in vouchers if one.status_at(at) != VoucherStatus.ISSUED]
    if used:
        statuses = sorted({str(one.status_at(at).label) for one in used})
        raise VouchersUsed(
            f"{len(used)} of {len(vouchers)} vouchers of order {order.pk} are {', '.join(statuses)}: an order is "
            "cancelled as a whole, with all its vouchers unused.",
            facts={"order": order.pk, "vouchers": [one.pk for one in used]},
        )
    for voucher in vouchers:
        end(voucher, VoucherStatus.CANCELLED, why=ORDER_CANCELLED, at=at, actor=actor)


def end(voucher: Voucher, status: VoucherStatus, *, why: str, at: datetime, actor: Actor) -> None:
    """The caller holds the row."""
    voucher.status, voucher.ended_at, voucher.ended_why = status, at, why
    voucher.ended_by_id = actor.user_id
    voucher.save(update_fields=["status", "ended_at", "ended_why", "ended_by_id"])
    facts = {"membership": voucher.membership_id, "why": why, **money(voucher.remaining, voucher.currency)}
    record_event(f"voucher.{status}", program_id=voucher.program_id, subject_id=voucher.pk, facts=facts)


def _move(voucher: Voucher, amount: Decimal, *, reference: str, at: datetime, actor: Actor) -> dict[str, Any]:
    voucher.remaining -= amount
    voucher.status = _status(voucher)
    voucher.save(update_fields=["remaining", "status"])
    use = VoucherUse.objects.create(
        voucher=voucher,
        number=VoucherUse.objects.filter(voucher=voucher).count() + 1,
        amount=amount,
        remaining_after=voucher.remaining,
        reference=reference,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        used_at=at,
    )
    facts = {
        "membership": voucher.membership_id,
        "number": use.number,
        "remaining": f"{voucher.remaining:.2f}",
        **money(amount, voucher.currency),
    }
    record_event("voucher.used", program_id=voucher.program_id, subject_id=voucher.pk, facts=facts)
    return voucher_shape(voucher, at=at) | {"use": use_shape(use, voucher.currency)}


def use_shape(use: VoucherUse, currency: str) -> dict[str, Any]:
    """The API's <use>; negative where it was given back."""
    return {
        "number": use.number,
        "amount": money(use.amount, currency),
        "remaining_after": money(use.remaining_after, currency),
        "reference": use.reference,
        "used_at": iso(use.used_at),
    }


def _status(voucher: Voucher) -> VoucherStatus:
    """By what is left; one that ended stays ended."""
    if not (voucher.is_open or voucher.status == VoucherStatus.USED):
        return VoucherStatus(voucher.status)
    if not voucher.remaining:
        return VoucherStatus.USED
    return VoucherStatus.ISSUED if voucher.remaining == voucher.face else VoucherStatus.PART_USED


def _locked(seen: Voucher) -> Voucher:
    """The row as it is once nobody else uses it."""
    (voucher,) = lock_rows(Voucher.objects.select_related("item", "membership", "activity").filter(pk=seen.pk))
    return voucher


def _refuse_unusable(voucher: Voucher, design: Design, *, at: datetime) -> None:
    if voucher.status_at(at) not in (VoucherStatus.ISSUED, VoucherStatus.PART_USED):
        raise _not_usable(voucher, at=at)
    if design.program.status not in (ProgramStatus.RELEASED, ProgramStatus.LOCKED):
        raise VoucherNotUsable(
            f"{design.program.name} is {design.program.get_status_display()}: its vouchers can't be used.",
            facts={"program_status": design.program.status},
        )


def _not_usable(voucher: Voucher, *, at: datetime) -> VoucherNotUsable:
    status = voucher.status_at(at)
    return VoucherNotUsable(
        f"Voucher {masked_code(voucher.code)} is {status.label}.",
        facts={
            "status": str(status),
            "remaining": str(voucher.remaining),
            "expires_at": iso(voucher.expires_at) if voucher.expires_at else None,
        },
    )


def _refuse_currency(voucher: Voucher, currency: str) -> None:
    if currency != voucher.currency:
        raise VoucherNotUsable(
            f"The voucher is worth {voucher.currency}, not {currency}.",
            facts={"currency": voucher.currency, "asked": currency},
        )
