"""Give existing lots the dates of a point type's present rule."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from activities.expiring import period_end_of
from common.errors import LoyaltyError
from gateway.channels import system_actor
from points.redating import redate_lots
from programs.models import ExpiryPolicy, PointType


class Command(BaseCommand):
    help = (
        "A changed expiry rule leaves existing lots as they are. This gives every lot of a point type with points "
        "left the date that the present rule makes of the time it was earned. It shows what would change; with "
        "--apply it does it and leaves a row per lot under the name of the run. A date that staff extended is never "
        "brought forward. Repeating it changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        parser.add_argument("point_type", metavar="POINT_TYPE", help="code of the point type")
        parser.add_argument("--name", required=True, help="name of the run, up to 40 characters")
        parser.add_argument("--apply", action="store_true", help="change the dates instead of showing a preview")

    def handle(self, *, program: str, point_type: str, name: str, apply: bool, **options: Any) -> None:
        found = PointType.objects.filter(program__code=program, code=point_type).first()
        if found is None:
            raise CommandError(f"There is no point type “{point_type}” in a program “{program}”.")
        if len(name) > 40:
            raise CommandError("The name of a run has up to 40 characters.")
        by_period = found.expiry_policy == ExpiryPolicy.TIER_PERIOD
        with tqdm(unit=" lots", disable=not self.stderr.isatty()) as bar:
            try:
                done = redate_lots(
                    found,
                    name=name,
                    actor=system_actor(),
                    preview=not apply,
                    period_end_of=period_end_of if by_period else None,
                    progress=bar.update,
                )
            except LoyaltyError as error:
                raise CommandError(error.message) from error
        verb = "changed" if apply else "would change"
        self.stdout.write(f"{done.lots} lots with {done.points} points {verb}.")
        for (old, new), points in sorted(done.by_dates.items(), key=str):
            self.stdout.write(f"  {_shown(old)} -> {_shown(new)}: {points} points")
        if done.over_at_once:
            self.stdout.write(f"{done.over_at_once} points are past their new date and expire with the next run.")


def _shown(at: datetime | None) -> str:
    return at.isoformat() if at else "never"
