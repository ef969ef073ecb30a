"""How changes of memberships are told: proposed, consented to, carried out, all through the API."""

import re
from typing import Any

from customers.models import Message
from memberships.models import Membership
from programs.models import Program

from . import telling
from .telling import CALL_CENTRE, Caller

SCOPES = (*CALL_CENTRE, "changes:propose", "changes:consent", "changes:attest", "changes:carry-out")
CODE = re.compile(r"^\s*(\d{6})\s*$|\b(\d{6})\b", re.MULTILINE)


def desk(*programs: Program) -> Caller:
    """A system that may do everything about changes."""
    return telling.channel("desk-system", *programs, scopes=SCOPES)


def proposed(caller: Caller, **asked: Any) -> dict[str, Any]:
    change: dict[str, Any] = caller.does("membership-changes", **asked)
    assert change["status"] == "awaiting_consent"
    return change


def merge_proposed(
    caller: Caller, prime: Membership | int, secondary: Membership | int, result: str, **more: Any
) -> Any:
    return proposed(caller, kind="merge", prime=pk_of(prime), secondary=pk_of(secondary), result_type=result, **more)


def split_proposed(caller: Caller, membership: Membership | int, leaver: int, policy: str, **more: Any) -> Any:
    return proposed(caller, kind="split", membership=pk_of(membership), leaver=leaver, policy=policy, **more)


def consents(caller: Caller, change: dict[str, Any], *customers: int) -> dict[str, Any]:
    """These people say yes at the desk; everyone who is missing where nobody is named."""
    answer = change
    for customer in customers or change["missing"]:
        answer = caller.does(
            f"membership-changes/{change['id']}/consents",
            status=200,
            customer=customer,
            decision="given",
            method="in_person",
            evidence="passport seen",
        )
    return answer


def carried_out(caller: Caller, change: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = caller.does(f"membership-changes/{change['id']}/carry-out", status=200)
    assert (done["status"], done["missing"]) == ("carried_out", [])
    return done


def agreed_and_done(caller: Caller, change: dict[str, Any]) -> dict[str, Any]:
    """Everyone consents, then it is carried out."""
    assert consents(caller, change)["status"] == "agreed"
    return carried_out(caller, change)


def merged(caller: Caller, prime: Membership | int, secondary: Membership | int, result: str, **more: Any) -> Any:
    return agreed_and_done(caller, merge_proposed(caller, prime, secondary, result, **more))


def split(caller: Caller, membership: Membership | int, leaver: int, policy: str, **more: Any) -> Any:
    return agreed_and_done(caller, split_proposed(caller, membership, leaver, policy, **more))


def shown(caller: Caller, membership: Membership | int) -> dict[str, Any]:
    found: dict[str, Any] = caller.reads(f"memberships/{pk_of(membership)}")
    return found


def after_of(preview: dict[str, Any], customer: int, point_type: str) -> tuple[int, int]:
    """(balance, debt) of the point type this person would have afterwards."""
    (person,) = [one for one in preview["people"] if one["customer"] == customer]
    (points,) = [one for one in person["after"]["points"] if one["point_type"] == point_type]
    return points["balance"], points["debt"]


def people(membership: dict[str, Any]) -> list[int]:
    return [member["customer"] for member in membership["members"]]


def mains(membership: dict[str, Any]) -> list[int]:
    return [member["customer"] for member in membership["members"] if member["main"]]


def home_of(caller: Caller, customer: int, program: Program) -> dict[str, Any]:
    """The current membership of the person in the program."""
    found = caller.reads(f"customers/{customer}/memberships")["results"]
    (home,) = [one for one in found if one["program"] == program.code and one["status"] != "expired"]
    return dict(home)


def cards_of(caller: Caller, membership: Membership | int) -> list[str]:
    return [card["number"] for card in caller.reads(f"memberships/{pk_of(membership)}/cards")["results"]]


def code_sent_to(customer: int) -> str:
    """The code of the newest message that waits for the customer."""
    message = Message.objects.filter(customer=customer, purpose="code").latest("pk")
    found = CODE.search(message.body or "")
    assert found is not None, message.body
    return found[1] or found[2]


def pk_of(membership: Membership | int) -> int:
    return membership if isinstance(membership, int) else membership.pk
