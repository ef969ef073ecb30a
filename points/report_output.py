"""What the commands of the reports share: the program named, the forms of output, exit codes."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from common.sheets import write_csv
from programs.design import Design, design_of
from programs.models import Program

BAD_ARGUMENTS = 2


def add_formats(parser: ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", metavar="FILE", help="write a CSV file; - prints it")
    form.add_argument("--json", action="store_true", help="print one JSON document, as the API answers it")


def design_called(code: str) -> Design:
    program = Program.objects.filter(code=code).first()
    if program is None:
        raise fail(f"There is no program “{code}”.", BAD_ARGUMENTS)
    return design_of(program.pk)


def fail(message: str, exit_code: int) -> CommandError:
    return CommandError(message, returncode=exit_code)


def write_sheet(stdout: OutputWrapper, name: str, rows: Iterator[Sequence[Any]]) -> None:
    """Into the file, or to the standard output where it is called -. The first row is the header."""
    pieces = write_csv(next(rows), rows)
    if name == "-":
        stdout.write(b"".join(pieces).decode("utf-8-sig"), ending="")
        return
    try:
        Path(name).write_bytes(b"".join(pieces))
    except OSError as error:
        raise fail(f"{name} can't be written: {error.strerror}.", BAD_ARGUMENTS) from error
    stdout.write(f"Wrote {name}.")
