"""Post what approved bulk awards give."""

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from activities.posting_awards import post_awards


class Command(BaseCommand):
    help = (
        "Post the lines of bulk awards that were approved, or needed no approval. Each line is a transaction of its "
        "own and posted once: it can be interrupted, started again and run twice. `manage.py work` does the same."
    )

    def handle(self, **options: Any) -> None:
        with tqdm(unit=" lines", disable=not self.stderr.isatty()) as bar:
            done = post_awards(bar.update)
        self.stdout.write(f"{done} lines of awards done.")
