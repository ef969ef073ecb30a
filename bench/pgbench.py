"""The raw limit: the embedded server's own pgbench writing the same rows in the fewest round trips."""

import re
import subprocess
from pathlib import Path

from django.db import connection

from bench.world import World
from loyalty_site.postgres.binaries import find_binaries

SCRIPTS = Path(__file__).parent / "raw"
CLIENTS = 8


def raw_rate(script: str, world: World, *, seconds: int, hot: bool = False) -> float:
    """Transactions a second of that script by 8 clients, memberships picked at random or all the hot one."""
    return _run(script, world, ["-c", str(CLIENTS), "-j", "2", "-T", str(seconds)], hot=hot)


def raw_once(script: str, world: World) -> None:
    """One transaction, to look at what it writes."""
    _run(script, world, ["-c", "1", "-t", "1"])


def _run(script: str, world: World, extent: list[str], *, hot: bool = False) -> float:
    variables = {**_constants(world), **_picked(script, world, hot=hot)}
    database = connection.settings_dict
    done = subprocess.run(
        [
            find_binaries().program("pgbench"),
            *("-h", str(database["HOST"]), "-p", str(database["PORT"]), "-U", str(database["USER"])),
            *("-n", "-M", "prepared", *extent),
            *(f"-D{name}={value}" for name, value in variables.items()),
            *("-f", str(SCRIPTS / f"{script}.sql"), str(database["NAME"])),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or found is None or "aborted" in done.stderr:
        raise RuntimeError(f"pgbench failed on {script}: {done.stderr.strip() or done.stdout.strip()}")
    return float(found.group(1))


def _constants(world: World) -> dict[str, int]:
    names = ("first_account", "first_set", "first_customer", "first_membership")
    return {
        "program": world.program,
        "point_type": world.point_type,
        "earn_type": world.earn_type,
        "redeem_type": world.redeem_type,
        "channel": world.channel,
        **{name: getattr(world, name) for name in names},
    }


def _picked(script: str, world: World, *, hot: bool) -> dict[str, int]:
    """Which members are drawn from, counted from nought: spenders stand first, the hot one last."""
    earners = (world.spenders, world.members - 2)
    first, last = earners if script == "earn" else (0, world.spenders - 1)
    if hot:
        first = last = world.members - 1
    return {"first_n": first, "last_n": last, "first_earner_n": earners[0], "last_earner_n": earners[1]}
