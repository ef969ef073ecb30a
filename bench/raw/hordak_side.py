"""Transfers by django-hordak, run by the Python of an environment that has it: `hordak_side.py DSN load|SECONDS`.

Prints the transfers a second of this process's four threads, each on a connection of its own.
"""

import json
import random
import sys
import threading
import time

import django
from django.conf import settings

ACCOUNTS, THREADS = 2_000, 4


def configure(dsn: str) -> None:
    database = {"ENGINE": "django.db.backends.postgresql", **json.loads(dsn), "CONN_MAX_AGE": None}
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        CURRENCIES=["EUR"],
        DEFAULT_CURRENCY="EUR",
        USE_TZ=True,
    )
    django.setup()


def load() -> None:
    from django.core.management import call_command
    from hordak.models import Account

    call_command("migrate", verbosity=0)
    for number in range(ACCOUNTS - Account.objects.count()):
        Account.objects.create(name=f"account {number}", type="LI", code=None, currencies=["EUR"])


def run(seconds: float) -> float:
    from djmoney.money import Money
    from hordak.models import Account

    accounts = list(Account.objects.all())
    start, done = threading.Barrier(THREADS), [0] * THREADS

    def transfer(thread: int) -> None:
        start.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            sender, receiver = random.sample(accounts, 2)
            sender.transfer_to(receiver, Money(1, "EUR"))
            done[thread] += 1

    threads = [threading.Thread(target=transfer, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


if __name__ == "__main__":
    configure(sys.argv[1])
    if sys.argv[2] == "load":
        load()
    else:
        sys.stdout.write(f"{run(float(sys.argv[2]))}\n")
