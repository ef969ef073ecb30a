"""Commands that go over one program, named by its code, or over all of them."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from programs.models import Program, ProgramStatus


class ProgramCommand(BaseCommand):
    """`released_only`: the others wait, and naming one of them is an error."""

    released_only = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        every = "all released ones" if self.released_only else "all of them"
        parser.add_argument(
            "program", metavar="PROGRAM", nargs="?", help=f"the code of one program; {every} if left out"
        )

    def programs(self, code: str | None) -> list[Program]:
        """The one of that code, else all in order; CommandError naming those there are."""
        programs = Program.objects.order_by("pk")
        if self.released_only:
            programs = programs.filter(status=ProgramStatus.RELEASED)
        found = list(programs if code is None else programs.filter(code=code))
        if code is not None and not found:
            kind = "released program" if self.released_only else "program"
            there = ", ".join(programs.order_by("code").values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no {kind} “{code}”. There are: {there}.")
        return found
