"""What staff look at in a grown program: every list and search of the admin, the desk's pages, a statement's SQL."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from bench.report import Figure
from gateway.channels import system_actor
from points.statement import ACCOUNTS, LINES_DOWN
from staff.models import Role, User
from staff.users import create_staff_user

ROUNDS = 5
NAME = "bench-looker"
# Of the memberships that had most entries: the worst statement there is.
LARGEST = """
SELECT m.id, x.customer_id, m.number, k.number, c.number, c.email, c.phone, c.last_name, m.own_set_id
FROM (SELECT account_set_id FROM points_pointaccount ORDER BY entry_count DESC LIMIT 1) a
JOIN memberships_membership m ON m.own_set_id = a.account_set_id
JOIN memberships_member x ON x.membership_id = m.id JOIN customers_customer c ON c.id = x.customer_id
JOIN memberships_cardholding h ON h.membership_id = m.id JOIN cards_card k ON k.id = h.card_id
"""
REFERENCE = "SELECT reference FROM activities_memberactivity WHERE reference <> '' ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True)
class Known:
    """Somebody to look for."""

    membership: int
    customer: int
    member_number: str
    card: str
    number: str
    email: str
    phone: str
    last_name: str
    own_set: int
    reference: str


def known() -> Known:
    with connection.cursor() as cursor:
        cursor.execute(REFERENCE)
        (reference,) = cursor.fetchone()
        cursor.execute(LARGEST)
        return Known(*cursor.fetchone(), reference)


def looking() -> Iterator[Figure]:
    someone = known()
    client = Client(SERVER_NAME="localhost")
    client.force_login(_looker())
    for what, path, goal in (*_lists(), *_searches(someone), *_desk(someone)):
        yield from _page(client, what, path, goal)
    yield Figure("statement page, SQL", _statement(someone), "ms", 20, at_most=True)


def _looker() -> User:
    user = User.objects.filter(username=NAME).first()
    if user is None:
        user = create_staff_user(
            NAME, password=secrets.token_urlsafe(20), actor=system_actor(), rights=[(Role.ADMIN, None)]
        )
    user.is_superuser = True
    user.save()
    return user


def _lists() -> Iterator[tuple[str, str, float]]:
    for model in sorted(admin.site._registry, key=lambda one: one._meta.label):
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield f"admin list {model._meta.label}", path, 100


def _searches(someone: Known) -> Iterator[tuple[str, str, float]]:
    asked = {
        "customers.Customer": {
            "number": someone.number, "e-mail": someone.email, "phone": someone.phone, "name": someone.last_name,
        },
        "memberships.Membership": {"number": someone.member_number},
        "cards.Card": {"number": someone.card},
    }  # fmt: skip
    registered = {model._meta.label: model for model in admin.site._registry}
    for label, terms in asked.items():
        for name, term in terms.items():
            model = registered.get(label)
            if model is not None and term:
                path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                yield f"admin search {label} by {name}", f"{path}?q={term.replace('+', '%2B')}", 150


def _desk(someone: Known) -> Iterator[tuple[str, str, float]]:
    pages: list[tuple[str, list[Any], str, float]] = [
        ("home", [], "", 300),
        ("customer", [someone.customer], "", 150),
        ("membership", [someone.membership], "", 150),
        ("statement", [someone.membership], "", 150),
        ("adjustments", [], "", 100),
        ("activities", [], "", 100),
        ("duplicates", [], "", 100),
    ]
    terms = (someone.number, someone.email, someone.phone, someone.last_name, someone.member_number, someone.card)
    pages += [("search", [], f"?q={(term or '').replace('+', '%2B')}", 150) for term in (*terms, someone.reference)]
    for name, arguments, query, goal in pages:
        try:
            path = reverse(f"desk:{name}", args=arguments)
        except NoReverseMatch:
            print(f"The page desk:{name} is not there yet: left out.")
            continue
        yield f"desk {name}{' ' + query if query else ''}", path + query, goal


def _page(client: Client, what: str, path: str, goal: float) -> Iterator[Figure]:
    times, queries = [], 0
    for _ in range(ROUNDS + 1):
        with CaptureQueriesContext(connection) as captured:
            began = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
        queries = len(captured)
        if answer.status_code != 200:
            print(f"{what} answered {answer.status_code}: left out.")
            return
    # The first call fills caches of templates and plans.
    rounds = times[1:]
    yield Figure(f"{what} ({queries} queries)", median(rounds), "ms", goal, at_most=True, rounds=rounds)


def _statement(someone: Known) -> float:
    """The latest hundred lines of every account of the set, as the page reads them."""

    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute(ACCOUNTS, {"set": someone.own_set, "type": None})
            for account, _, count, _ in cursor.fetchall():
                cursor.execute(
                    LINES_DOWN, {"account": account, "after": max(0, count - 100), "last": count, "limit": 100}
                )
                cursor.fetchall()

    return _milliseconds(read)


def _milliseconds(call: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return median(took[1:])
