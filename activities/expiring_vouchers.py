"""The daily run over vouchers: those past their time are noted as expired. They were unusable before (domain 1.12)."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.db.models import QuerySet

from activities.models import Voucher, VoucherStatus
from common import clock
from common.actor import Actor
from common.db import in_program
from gateway.events import record_events
from programs.design import design_of
from programs.models import Program, ProgramStatus
from programs.runs import recorded

KIND = "expire_vouchers"
AT_ONCE = 1_000
TIME_OVER = "time-over"
Progress = Callable[[int], object]


def due_vouchers(program: Program, *, at: datetime) -> QuerySet[Voucher]:
    """Open and past their time."""
    still = Voucher.objects.filter(status__in=[VoucherStatus.ISSUED, VoucherStatus.PART_USED])
    due: QuerySet[Voucher] = still.filter(program=program, expires_at__lte=at)
    return due


def expire_due_vouchers(program: Program, *, actor: Actor, progress: Progress = lambda count: None) -> Counter[str]:
    """The run, kept in the program's history: how many `vouchers`."""
    with recorded(program, KIND, actor=actor) as counts:
        done = expire_vouchers(program, actor=actor, progress=progress)
        if done:
            counts["vouchers"] = done
        return counts


def expire_vouchers(program: Program, *, actor: Actor, progress: Progress = lambda count: None) -> int:
    """Note what is past its time; how many. A program that is not released waits.

    In small transactions, each with its events, so it can be interrupted and run twice, or by two at once.
    """
    if design_of(program.pk, fresh=True).program.status != ProgramStatus.RELEASED:
        return 0
    at = clock.program_now(program)
    done = 0
    while count := _some(program, at=at, actor=actor):
        done += count
        progress(count)
    return done


def _some(program: Program, *, at: datetime, actor: Actor) -> int:
    with in_program(program):
        due = due_vouchers(program, at=at).order_by("expires_at")
        # Who uses one at this moment decides; the next run looks at it again.
        rows = list(due.select_for_update(no_key=True, skip_locked=True, of=("self",))[:AT_ONCE])
        Voucher.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=VoucherStatus.EXPIRED, ended_at=at, ended_why=TIME_OVER
        )
        facts = {
            row.pk: {
                "membership": row.membership_id,
                "why": TIME_OVER,
                "amount": f"{row.remaining:.2f}",
                "currency": row.currency,
            }
            for row in rows
        }
        if facts:
            record_events("voucher.expired", program_id=program.pk, facts=facts)
        return len(rows)
