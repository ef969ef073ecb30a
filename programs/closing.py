"""Closing a program with what the apps above know of it (domain 1.2).

What stands above programs and hinders is named by the functions listed in the setting LOYALTY_PROGRAM_OBSTACLES,
each (program) -> iterable of Obstacle.
"""

from django.conf import settings

from common.actor import Actor
from common.db import in_program
from common.obstacles import Obstacle, registered
from programs import life
from programs.models import Program


def obstacles(program: Program) -> list[Obstacle]:
    """Everything that hinders the end of this program."""
    return [found for path in settings.LOYALTY_PROGRAM_OBSTACLES for found in registered(path)(program)]


def close_program(program: Program, *, actor: Actor, reason: str) -> Program:
    """End a locked program for ever; refused naming everything that is open."""
    with in_program(program):
        return life.close(program, actor=actor, reason=reason, obstacles=obstacles(program))
