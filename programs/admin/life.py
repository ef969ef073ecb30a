"""The verbs of a program's life, each with a page that asks for the reason."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock
from common.actor import Actor
from common.admin import ReasonForm, VerbPage
from common.admin.looks import moment
from common.obstacles import Obstacle
from programs import closing, life
from programs.models import Program, ProgramStatus
from programs.readiness import missing

NUMBER = UnfoldAdminTextInputWidget(attrs={"type": "number"})


class MoveForm(ReasonForm):
    days = forms.IntegerField(label=_("Days"), min_value=0, max_value=3650, initial=1, widget=NUMBER)
    hours = forms.IntegerField(label=_("Hours"), min_value=0, max_value=23, initial=0, widget=NUMBER)
    field_order = ("days", "hours", "reason")


def lacks(program: Program) -> list[Obstacle]:
    return missing(program, today=clock.program_now(program).astimezone(program.zone).date())


def release(program: Program, actor: Actor, form: Any) -> None:
    life.release(program, actor=actor, reason=form.cleaned_data["reason"])


def lock(program: Program, actor: Actor, form: Any) -> None:
    life.lock(program, actor=actor, reason=form.cleaned_data["reason"])


def unlock(program: Program, actor: Actor, form: Any) -> None:
    life.unlock(program, actor=actor, reason=form.cleaned_data["reason"])


def close(program: Program, actor: Actor, form: Any) -> None:
    closing.close_program(program, actor=actor, reason=form.cleaned_data["reason"])


def move_clock(program: Program, actor: Actor, form: Any) -> str:
    given = form.cleaned_data
    by = timedelta(days=given["days"], hours=given["hours"])
    moved = life.move_clock(program, actor=actor, by=by, reason=given["reason"])
    return _("It is now %(now)s UTC in %(program)s.") % {"now": moment(clock.program_now(moved)), "program": moved}


VERBS = {
    "release": VerbPage(
        _("Release"),
        _("The program takes enrolments, activities and cards from then on. Its code and kind stay as they are."),
        release,
        obstacles=lacks,
        offered=lambda program: program.status == ProgramStatus.DRAFT,
        icon="play_arrow",
    ),
    "lock": VerbPage(
        _("Lock"),
        _(
            "Nothing is enrolled, earned or spent while it is locked; captures, releases, reversals and approved "
            "corrections go on. Unlocking lets it run again and the daily runs make up for what waited."
        ),
        lock,
        offered=lambda program: program.status == ProgramStatus.RELEASED,
        icon="lock",
    ),
    "unlock": VerbPage(
        _("Unlock"),
        _("The program runs again; expiry and renewals that waited are made up by the next run."),
        unlock,
        offered=lambda program: program.status == ProgramStatus.LOCKED,
        icon="lock_open",
    ),
    "close": VerbPage(
        _("Close for ever"),
        _("Ends the program. There is no way back. Nothing may be open: no hold and no balance."),
        close,
        obstacles=closing.obstacles,
        offered=lambda program: program.status == ProgramStatus.LOCKED,
        icon="block",
        danger=True,
    ),
    "move-clock": VerbPage(
        _("Move the clock"),
        _("Only forward, and only in a sandbox: points expire and terms end as if that time had passed."),
        move_clock,
        form_class=MoveForm,
        offered=lambda program: program.is_sandbox,
        icon="update",
    ),
}
