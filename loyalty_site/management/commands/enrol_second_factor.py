"""The first admin's second factor, before anybody can enrol one in the back office."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gateway.channels import system_actor
from staff.models import User
from staff.second_factor import enrol_device, secret_of


class Command(BaseCommand):
    help = (
        "Give a member of staff a second factor and print its secret, once. For the first admin; everybody else "
        "gets theirs in the back office, under TOTP devices. Example: enrol_second_factor katrin --name phone"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="phone", help="what the device is called (default: phone)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no member of staff named {options['username']}.")
        device = enrol_device(user, name=options["name"], actor=system_actor())
        self.stdout.write(f"Secret: {secret_of(device)}\nAddress: {device.config_url}")
        self.stdout.write("Enter one of them into an authenticator app now: they are not shown again.")
