"""The sample world, ready to click and to call."""

import os
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from waitress import serve

from loyalty_site.auditing import audit
from loyalty_site.demo import world
from loyalty_site.demo.access import file_of_logins, read_logins
from loyalty_site.mail import INTO_FILES
from loyalty_site.working import work_forever
from loyalty_site.wsgi import application

HOST = "127.0.0.1"
PORT = 8000
THREADS = 8
DOORS = (
    ("Start page", ""),
    ("Desk", "desk/"),
    ("Changes", "desk/changes"),
    ("Back office", "admin/"),
    ("API", "api/docs"),
)


class Command(BaseCommand):
    help = (
        "Load the sample world (seventeen programs, years of points, people who share accounts or groups), prove it, "
        "print the logins and serve it. Loaded already: nothing changes, the logins stay valid. PORT chooses the port. "
        "The logins also stand in .local/demo.json, which only its owner may read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset", action="store_true", help="EMPTY the database first; everything in it is lost, logins too"
        )
        parser.add_argument("--no-serve", action="store_true", help="load and print only")
        parser.add_argument("--port", type=int, default=os.environ.get("PORT"), help="default: $PORT, else 8000")

    def handle(self, *, reset: bool, no_serve: bool, port: int | None, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("These are production settings: the sample world belongs into a database of its own.")
        call_command("migrate", verbosity=0)
        if reset:
            world.reset()
        try:
            logins = world.prepare(self._url(port, no_serve=no_serve), say=self.stdout.write)
        except world.WorldWrong as error:
            raise CommandError(str(error)) from error
        findings = audit()
        if findings:
            raise CommandError(f"{len(findings)} rows break an invariant: run integrity_audit to see them.")
        self._print(logins)
        if not no_serve:
            self._serve(port or PORT)

    def _url(self, port: int | None, *, no_serve: bool) -> str:
        """Where the world is served; a run that only loads leaves what the file says, for a server may be running."""
        known = read_logins().get("url") if no_serve and port is None else None
        return known or f"http://{HOST}:{port or PORT}/"

    def _print(self, logins: dict[str, Any]) -> None:
        url = logins["url"]
        self.stdout.write("\nThe sample world is loaded, and every invariant of its data holds.\n\n")
        for name, path in DOORS:
            self.stdout.write(f"  {name:<12} {url}{path}")
        self.stdout.write("\nStaff")
        for one in logins["staff"]:
            self.stdout.write(f"  {one['username']:<12} {one['password']:<18} {one['role']}")
        self.stdout.write("\nChannels (client id, client secret)")
        for one in logins["channels"]:
            reach = ", ".join(one["programs"]) if len(one["programs"]) < 4 else f"{len(one['programs'])} programs"
            self.stdout.write(f"  {one['name']:<12} {reach}\n    {one['client_id']}\n    {one['client_secret']}")
        if settings.EMAIL_BACKEND == INTO_FILES:
            self.stdout.write(f"\nMessages to customers are written to {os.path.relpath(settings.EMAIL_FILE_PATH)}")
        self.stdout.write(f"\nAll of it, with the ids of every story: {os.path.relpath(file_of_logins())}")

    def _serve(self, port: int) -> None:
        self.stdout.write("Serving; Ctrl-C stops.")
        self.stdout.flush()
        stop = threading.Event()
        threading.Thread(target=work_forever, args=(stop,), daemon=True).start()
        try:
            serve(application, host=HOST, port=port, threads=THREADS)
        except OSError as error:
            raise CommandError(f"Port {port} can't be used ({error.strerror}): choose another with PORT=...") from error
        finally:
            stop.set()
