"""Tidy holds past their limit."""

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from points.holds import release_holds


class Command(BaseCommand):
    help = (
        "Mark the holds past their limit as lapsed. Their points are free from the limit on, whether or not this has "
        "run; it only tidies. Safe to run at any time and twice."
    )

    def handle(self, **options: Any) -> None:
        with tqdm(unit=" holds", disable=not self.stderr.isatty()) as bar:
            count = release_holds(progress=lambda hold_id: bar.update())
        self.stdout.write(f"{count} holds lapsed.")
