"""How a story is told: who calls the API, what they are answered, what time it is."""

from datetime import date, timedelta
from io import StringIO
from itertools import count
from typing import Any

from django.core.management import CommandError, call_command
from django.test import Client

from activities.models import MemberActivity
from common import clock
from customers.models import Customer
from gateway.models import Event
from memberships.models import Consent, ConsentDecision, Membership, MembershipChange
from points.models import (
    Adjustment,
    Draw,
    Entry,
    Hold,
    Lot,
    LotDateChange,
    PointAccount,
    Posting,
    Reversal,
)
from programs.design import forget_designs
from programs.life import move_clock
from programs.models import PointType, Program
from staff.models import StaffRight, User
from tests.channels import bearer, channel_of
from tests.factories import ACTOR, counted, make_program

TABLES = (
    Adjustment, Consent, ConsentDecision, Customer, Draw, Entry, Event, Hold, Lot, LotDateChange, MemberActivity,
    Membership, MembershipChange, Posting, Reversal,
)  # fmt: skip
CALL_CENTRE = (
    "customers:read", "customers:write", "memberships:read", "memberships:manage", "points:earn", "points:redeem",
    "points:transfer", "points:adjust", "cards:read", "cards:manage", "reports:read",
)  # fmt: skip
_keys = count(1)


class Caller:
    """A channel with its token, or a member of staff with a session."""

    def __init__(self, client: Client, **headers: str) -> None:
        self.client, self.headers = client, headers

    def posts(self, path: str, *, key: str | None = None, **body: Any) -> Any:
        """The response as it came; a new Idempotency-Key unless one is given."""
        headers = self.headers | {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.client.post(f"/api/{path}", body, content_type="application/json", headers=headers)

    def does(self, path: str, *, status: int = 201, **body: Any) -> Any:
        """What is answered where it is allowed."""
        answer = self.posts(path, **body)
        assert answer.status_code == status, answer.json()
        return answer.json()

    def is_refused(self, path: str, status: int, code: str, /, **body: Any) -> Any:
        """The facts of the refusal; nothing changed by it."""
        before = everything()
        answer = self.posts(path, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
        assert everything() == before
        return answer.json()["facts"]

    def reads(self, path: str, **query: Any) -> Any:
        answer = self.client.get(f"/api/{path}", query, headers=self.headers)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    def points_of(self, membership: Membership | int) -> dict[str, int]:
        """The balance of every point type."""
        return {one["point_type"]: one["balance"] for one in self.balances_of(membership).values()}

    def balances_of(self, membership: Membership | int) -> dict[str, Any]:
        shown = self.reads(f"memberships/{_id(membership)}/balances")["results"]
        return {one["point_type"]: one for one in shown}

    def lines_of(self, membership: Membership | int) -> list[tuple[str, int, int]]:
        """(kind, amount, balance after) of every line of the statement."""
        lines = self.reads(f"memberships/{_id(membership)}/statement", page_size=200)["results"]
        return [(line["kind"], line["amount"], line["balance_after"]) for line in lines]


def channel(code: str, *programs: Program, scopes: tuple[str, ...] = CALL_CENTRE) -> Caller:
    """A system with a token, in these programs; in every one where none is named."""
    return Caller(Client(), Authorization=bearer(channel_of(code, scopes, *programs)))


def staff(name: str, role: str) -> Caller:
    """Somebody at the desk with a session."""
    user = User.objects.create(username=name, is_staff=True)
    StaffRight.objects.create(user=user, role=role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return Caller(client)


def open_program(code: str, *, points: str = "miles", **values: Any) -> Program:
    """Released, its clock ours to move; `points` is the code of its redeemable points."""
    program = make_program(code, is_sandbox=True, **values)
    rule(program, code=points)
    return program


def rule(program: Program, **values: Any) -> None:
    """Change what the program says about its redeemable points."""
    redeemable = PointType.objects.get(program=program, is_default=True)
    for name, value in values.items():
        setattr(redeemable, name, value)
    redeemable.save()
    forget_designs()


def later(*programs: Program, **by: float) -> None:
    """Days or minutes pass in these programs."""
    for program in programs:
        move_clock(program, actor=ACTOR, by=timedelta(**by))
    # Another process would look again after a second.
    forget_designs()


def days_from_now(program: Program, days: int) -> date:
    """A day of the program's calendar."""
    program.refresh_from_db()
    return today(program) + timedelta(days=days)


def today(program: Program) -> date:
    return clock.program_now(program).astimezone(program.zone).date()


def run(name: str, *arguments: str) -> str:
    """A command of the night, and what it says."""
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip()


def attempted(name: str, *arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it says."""
    out = StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=StringIO())
    except CommandError as error:
        return error.returncode, out.getvalue().strip()
    return 0, out.getvalue().strip()


def earned(caller: Caller, membership: Membership | int, points: int, **values: Any) -> int:
    """Earn at a channel; the posting."""
    posting: int = caller.does(f"memberships/{_id(membership)}/earn-points", points=points, **values)["posting"]["id"]
    return posting


def redeemed(caller: Caller, membership: Membership | int, points: int, **values: Any) -> int:
    """Redeem at a channel; the posting."""
    path = f"memberships/{_id(membership)}/redeem-points"
    posting: int = caller.does(path, points=points, **values)["posting"]["id"]
    return posting


def everything() -> tuple[dict[str, int], list[tuple[Any, ...]]]:
    """How many rows there are, and what stands on every account and lot: to prove that nothing changed."""
    accounts = PointAccount.objects.order_by("pk").values_list("pk", "balance", "debt", "entry_count")
    lots = Lot.objects.order_by("pk").values_list("pk", "remaining", "expires_at")
    return counted(*TABLES), [*accounts, *lots]


def _id(membership: Membership | int) -> int:
    return membership if isinstance(membership, int) else membership.pk
