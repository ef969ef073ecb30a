"""Fill a fresh cluster for the fault tests: `python -m tests.faults.prepare` prints the ids and a token as JSON."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - Django is set up first

from activities.calls import PointsCall  # noqa: E402
from activities.earning import earn_in_general  # noqa: E402
from tests.api.world import make_channel  # noqa: E402
from tests.channels import bearer  # noqa: E402
from tests.factories import ACTOR, make_membership, make_program  # noqa: E402

MEMBERS = 8
ENOUGH = 1_000_000


def main() -> None:
    call_command("migrate", verbosity=0)
    program = make_program("miles")
    memberships = [make_membership(program, f"Member {n}").pk for n in range(MEMBERS)]
    for membership in memberships:
        earn_in_general(PointsCall(membership, ENOUGH), actor=ACTOR)
    channel = make_channel("till", program, scopes=["points:earn", "points:redeem", "points:transfer"])
    json.dump({"memberships": memberships, "authorization": bearer(channel)}, sys.stdout)


if __name__ == "__main__":
    main()
