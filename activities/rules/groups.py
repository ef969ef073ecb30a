"""Groups of rules: in which order they are asked, and whether one rule or all that match apply."""

from activities.models import GroupMode, RuleGroup
from common.actor import Actor
from common.db import in_program, lock_rows
from common.errors import Conflict
from common.history import audit_context
from programs.errors import DesignNotAllowed
from programs.life import DESIGN
from programs.models import Program

USUAL = ("general", "General")


class GroupTaken(Conflict):
    code = "code_taken"
    title = "Another group of this program has this code"


def create_group(program: Program, *, code: str, name: str, mode: str, rank: int, actor: Actor) -> RuleGroup:
    _check(actor, program)
    with in_program(program), audit_context(actor, "group of rules made"):
        if RuleGroup.objects.filter(program=program, code=code).exists():
            raise GroupTaken
        return RuleGroup.objects.create(program=program, code=code, name=name, mode=mode, rank=rank)


def change_group(group: RuleGroup, *, name: str, mode: str, rank: int, actor: Actor, why: str) -> RuleGroup:
    """Takes effect at once, for every rule released in it."""
    _check(actor, group.program)
    with in_program(group.program), audit_context(actor, why):
        (row,) = lock_rows(RuleGroup.objects.filter(pk=group.pk))
        row.name, row.mode, row.rank = name, mode, rank
        row.save()
        return row


def usual_group(program: Program, *, actor: Actor) -> RuleGroup:
    """The first group of a program; made where there is none yet."""
    found = RuleGroup.objects.filter(program=program).order_by("rank", "pk").first()
    if found is not None:
        return found
    code, name = USUAL
    return create_group(program, code=code, name=name, mode=GroupMode.ADDITIVE, rank=0, actor=actor)


def _check(actor: Actor, program: Program) -> None:
    if not actor.may(DESIGN, program.pk):
        raise DesignNotAllowed(f"{actor.label} has no right to design {program.code}.")
