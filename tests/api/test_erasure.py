"""Nothing personal is left in the database after an erasure, stored answers included."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from customers.erasing import erase_customer
from customers.models import Customer
from gateway.models import IdempotencyRecord
from tests.api.world import make_channel
from tests.audit.helpers import assert_audit_clean
from tests.channels import bearer
from tests.factories import ACTOR, make_program

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "Xylophonia"
PERSON = {
    "first_name": f"{MARK}-first",
    "last_name": f"{MARK}-last",
    "birth_date": "1911-11-11",
    "email": f"{MARK}@example.com",
    "phone": "+4930998877665",
    "notes": f"{MARK} likes tea",
    "identifications": [{"kind": "passport", "country": "DE", "number": f"{MARK}123"}],
    "addresses": [{"kind": "home", "lines": f"{MARK} Street 1", "postal_code": "10115", "city": MARK, "country": "DE"}],
}
TRACES = (MARK.casefold(), "1911-11-11", "30998877665")


class Desk:
    """One channel with every scope; each call under a key of its own, kept to be sent again."""

    def __init__(self) -> None:
        self.headers = {"Authorization": bearer(make_channel("call-centre"))}
        self.sent: list[tuple[str, str, Any, str]] = []

    def call(self, method: str, path: str, body: Any) -> Any:
        self.sent.append((method, path, body, f"key-{len(self.sent)}"))
        response = self.send(*self.sent[-1])
        assert response.status_code in (200, 201, 202), (path, response.content)
        return response.json()

    def send(self, method: str, path: str, body: Any, key: str) -> Any:
        headers = self.headers | {"Idempotency-Key": key}
        return Client().generic(
            method, f"/api/{path}", json.dumps(body), content_type="application/json", headers=headers
        )


def lived() -> tuple[Desk, Customer]:
    """A person who left a mark in every text that the API takes."""
    make_program("miles", adjustment_limit=1000)
    make_program("stars")
    desk = Desk()
    customer = desk.call("POST", "customers", PERSON)["id"]
    desk.call("PATCH", f"customers/{customer}", {"notes": f"{MARK} likes coffee"})
    one = f"memberships/{desk.call('POST', 'memberships', {'program': 'miles', 'customer': customer})['id']}"
    desk.call("POST", "enrollments", {"customer": customer, "enrollments": [{"program": "stars"}]})
    texts = {"reference": f"{MARK} ref", "location": f"{MARK} shop", "note": f"{MARK} note"}
    earned = desk.call("POST", f"{one}/earn-points", {"points": 500} | texts)
    desk.call("POST", f"{one}/redeem-points", {"points": 20} | texts)
    hold = desk.call("POST", f"{one}/holds", {"points": 20, "reference": f"{MARK} cart"})["id"]
    desk.call("POST", f"{one}/adjustments", {"points": 7, "reason_code": "goodwill", "note": f"{MARK} was kind"})
    posting = earned["posting"]["id"]
    desk.call("POST", f"postings/{posting}/reverse", {"reason": f"{MARK} brought it back", "points": 3})
    desk.call("POST", f"{one}/suspend", {"reason": f"{MARK} is away"})
    desk.call("POST", f"{one}/reinstate", {"reason": f"{MARK} is back"})
    desk.call("POST", f"holds/{hold}/release", {})
    shared_and_parted(desk, customer, int(one.partition("/")[2]))
    return desk, Customer.objects.get(pk=customer)


def shared_and_parted(desk: Desk, customer: int, membership: int) -> None:
    """A merge with somebody else that was carried out, a split that was not, with every text they take."""
    other = desk.call("POST", "customers", {"first_name": "Otto", "last_name": "Other", "email": "otto@example.com"})
    others = desk.call("POST", "memberships", {"program": "miles", "customer": other["id"]})["id"]
    why = {"reason": f"{MARK} and Otto are friends"}
    merge = {"kind": "merge", "prime": membership, "secondary": others, "result_type": "shared"} | why
    merged = f"membership-changes/{desk.call('POST', 'membership-changes', merge)['id']}"
    desk.call("POST", f"{merged}/ask", {"customer": customer, "method": "link"})
    for person, name in ((customer, MARK), (other["id"], "Otto")):
        said = {"customer": person, "decision": "given", "method": "in_person", "evidence": f"{name} was there"}
        desk.call("POST", f"{merged}/consents", said)
    desk.call("POST", f"{merged}/carry-out", {})
    split = {"kind": "split", "membership": others, "leaver": customer, "policy": "equal"} | why
    parting = f"membership-changes/{desk.call('POST', 'membership-changes', split)['id']}"
    paper = {"customer": customer, "decision": "given", "method": "document", "evidence": f"letter of {MARK}"}
    desk.call("POST", f"{parting}/consents", paper)
    desk.call("POST", f"{parting}/withdraw", {"reason": f"{MARK} stays"})
    desk.call("POST", f"memberships/{membership}/members/{customer}/suspend", {"reason": f"{MARK} is away"})
    desk.call("POST", f"memberships/{others}/hand-over", {"customer": other["id"], "reason": "Otto pays"})


def traces() -> list[str]:
    """Every table and row that holds a mark, in any column, stored answers as text too."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(relname) FROM pg_stat_user_tables ORDER BY 1")
        for (table,) in cursor.fetchall():
            text = "lower(row_to_json(t)::text)"
            if table == IdempotencyRecord._meta.db_table:
                text = f"{text} || lower(coalesce(encode(t.body, 'escape'), ''))"
            for trace in TRACES:
                cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t WHERE strpos({text}, %s) > 0", [trace])
                found += [f"{table}: {row[:300]}" for (row,) in cursor.fetchall()]
    return found


def test_after_an_erasure_no_mark_is_left_and_replays_say_so() -> None:
    desk, customer = lived()
    assert len(traces()) > 20
    erase_customer(customer, actor=ACTOR, reason="asked for it")
    assert traces() == []
    again = [desk.send(*one) for one in desk.sent]
    named = {0, 1, 2, 3, 6, 9, 10} | {n for n, (_, path, *_) in enumerate(desk.sent) if "/members/" in path}
    assert [(n, one.status_code) for n, one in enumerate(again) if n in named] == [(n, 410) for n in sorted(named)]
    assert {one.json()["code"] for n, one in enumerate(again) if n in named} == {"erased"}
    assert all(MARK.encode() not in one.content for one in again)
    assert traces() == []
    assert_audit_clean()
