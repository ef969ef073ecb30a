"""The calls of memberships, cards and the lookup, as a channel makes them."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from oauth2_provider.models import AccessToken
from rest_framework.test import APIClient

from cards.models import Card
from common import clock
from gateway.authentication import forget_tokens
from gateway.channels import create_channel, system_actor
from gateway.throttling import forget_permits, too_many_failures
from memberships.api import guesses
from memberships.enrolment import enrol
from memberships.models import Membership
from tests.factories import ACTOR, counted, make_customer, make_program, make_terms

from .test_enrolment import MADE, NOTHING

pytestmark = pytest.mark.django_db
SCOPES = ["customers:read", "memberships:read", "memberships:manage", "cards:read", "cards:manage"]
SHAPE = {
    "id", "number", "program", "type", "status", "end_reason", "superseded_by", "organization_membership",
    "organization_membership_status", "members",
    "tiers", "balances", "capabilities", "enrolled_at", "expires_on", "last_activity_at", "rests_until",
}  # fmt: skip


@pytest.fixture(autouse=True)
def forgetful_process() -> None:
    forget_tokens()
    forget_permits()


def client_of(code: str, *programs: Any, scopes: list[str] = SCOPES) -> APIClient:
    channel, _ = create_channel(
        code, name=code, scopes=scopes, actor=system_actor(), programs=programs, all_programs=not programs
    )
    token = AccessToken(
        application=channel, scope=" ".join(scopes), expires=clock.now() + timedelta(hours=1), token=f"token-{code}"
    )
    token.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer token-{code}")
    return client


@pytest.fixture
def desk(sky) -> APIClient:
    return client_of("centre", sky)


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_enrolling_answers_the_membership(desk, sky, emma):
    asked = {"program": "sky", "customer": emma.pk}
    answer = desk.post("/api/memberships", asked, headers=keyed("e1"))
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert set(shown) == SHAPE
    membership = Membership.objects.get()
    assert shown["id"] == membership.pk and shown["number"] == membership.number
    assert (shown["program"], shown["type"], shown["status"]) == ("sky", "standard", "active")
    assert [(one["customer"], one["name"], one["main"]) for one in shown["members"]] == [(emma.pk, "Emma Stone", False)]
    assert [(one["group"], one["tier"], one["reason"]) for one in shown["tiers"]] == [("ladder", "blue", "initial")]
    assert [(one["point_type"], one["balance"], one["available"], one["pooled"]) for one in shown["balances"]] == [
        ("miles", 0, 0, False),
        ("status", 0, 0, False),
    ]
    assert shown["capabilities"]["redeem"] is True and len(shown["capabilities"]) == 8


def test_the_same_key_enrols_once_and_answers_the_same_bytes(desk, emma):
    asked = {"program": "sky", "customer": emma.pk}
    first = desk.post("/api/memberships", asked, headers=keyed("e1"))
    again = desk.post("/api/memberships", asked, headers=keyed("e1"))
    assert again.content == first.content and again["Idempotent-Replayed"] == "true"
    assert Membership.objects.count() == 1


def test_enrolling_needs_a_key(desk, emma):
    answer = desk.post("/api/memberships", {"program": "sky", "customer": emma.pk})
    assert answer.status_code == 400
    assert counted(*MADE) == NOTHING


def test_a_dry_run_of_an_enrolment_leaves_nothing(desk, emma):
    answer = desk.post("/api/memberships?dry_run=true", {"program": "sky", "customer": emma.pk})
    assert answer.status_code == 201
    assert answer.json()["dry_run"] is True and answer.json()["id"] is None
    assert counted(*MADE) == NOTHING


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"program": "nowhere"}, 404, "not_found"),
        ({"program": "sea"}, 404, "not_found"),
        ({"customer": 999_999}, 404, "not_found"),
        ({"customer": True}, 400, None),
        ({"customer": "1"}, 400, None),
        ({"type": "group"}, 422, "type_not_enrolled"),
        ({"color": "red"}, 400, None),
        ({"accept_terms": 1}, 400, None),
    ],
)
def test_bad_enrolments_change_nothing(desk, emma, change, status, code):
    make_program("sea")
    answer = desk.post("/api/memberships", {"program": "sky", "customer": emma.pk} | change, headers=keyed("k"))
    assert answer.status_code == status, answer.content
    if code:
        assert answer.json()["code"] == code
    assert counted(*MADE) == NOTHING


def test_a_foreign_program_and_no_program_answer_alike(desk, emma):
    make_program("sea")
    answers = [
        desk.post("/api/memberships", {"program": code, "customer": emma.pk}, headers=keyed(code)).json()
        for code in ("sea", "son")
    ]
    for answer in answers:
        answer.pop("facts")
    assert answers[0] == answers[1]


def test_without_the_scope_nobody_enrols(sky, emma):
    reader = client_of("reader", sky, scopes=["memberships:read"])
    answer = reader.post("/api/memberships", {"program": "sky", "customer": emma.pk}, headers=keyed("k"))
    assert answer.status_code == 403
    assert counted(*MADE) == NOTHING


def test_terms_and_second_enrolments_are_refused_with_facts(desk, sky, emma):
    terms = make_terms(sky)
    asked = {"program": "sky", "customer": emma.pk}
    refused = desk.post("/api/memberships", asked, headers=keyed("a"))
    assert (refused.status_code, refused.json()["code"]) == (422, "terms_not_accepted")
    assert refused.json()["facts"]["terms"] == terms.pk
    made = desk.post("/api/memberships", asked | {"accept_terms": True}, headers=keyed("b")).json()
    second = desk.post("/api/memberships", asked | {"accept_terms": True}, headers=keyed("c"))
    assert (second.status_code, second.json()["code"]) == (409, "already_member")
    assert second.json()["facts"]["membership"] == made["id"]


def test_several_enrolments_at_once(sky, emma):
    sea = make_program("sea")
    client = client_of("all", sky, sea)
    asked = {"customer": emma.pk, "enrollments": [{"program": "sea"}, {"program": "sky", "accept_terms": True}]}
    answer = client.post("/api/enrollments", asked, headers=keyed("s"))
    assert answer.status_code == 201, answer.content
    assert [one["program"] for one in answer.json()["results"]] == ["sea", "sky"]
    again = client.post("/api/enrollments", asked, headers=keyed("t"))
    assert (again.status_code, again.json()["code"]) == (422, "enrolments_refused")
    assert Membership.objects.count() == 2


def test_a_membership_is_seen_in_its_program_only(desk, sky, emma):
    sea = make_program("sea")
    own, foreign = (enrol(emma, program=one, actor=ACTOR) for one in (sky, sea))
    shown = desk.get(f"/api/memberships/{own.pk}")
    assert shown.status_code == 200 and set(shown.json()) == SHAPE and shown["ETag"]
    missing = desk.get("/api/memberships/999999999")
    hidden = desk.get(f"/api/memberships/{foreign.pk}")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() == missing.json()
    listed = desk.get(f"/api/memberships?customer={emma.pk}").json()
    assert [one["id"] for one in listed["results"]] == [own.pk]
    assert desk.get(f"/api/memberships?number={foreign.number}").json()["results"] == []
    of_customer = desk.get(f"/api/customers/{emma.pk}/memberships").json()
    assert [one["id"] for one in of_customer["results"]] == [own.pk]
    assert desk.get(f"/api/memberships/{own.pk}/tiers").json()["results"][0]["tier"] == "blue"
    for path in ("tiers", "cards"):
        assert desk.get(f"/api/memberships/{foreign.pk}/{path}").status_code == 404
    assert desk.post(f"/api/memberships/{foreign.pk}/suspend", {"reason": "x"}, headers=keyed("f")).status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "active"


def test_the_life_of_a_membership_over_the_api(desk, sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    steps = [
        ("suspend", {"reason": "fraud"}, "suspended"),
        ("reinstate", {"reason": "cleared"}, "active"),
        ("pause", {"reason": "abroad"}, "inactive"),
        ("activate", {}, "active"),
        ("terminate", {"reason": "wish"}, "expired"),
        ("reinstate", {"reason": "mistake"}, "active"),
    ]
    for number, (verb, asked, status) in enumerate(steps):
        answer = desk.post(f"/api/memberships/{membership.pk}/{verb}", asked, headers=keyed(f"l{number}"))
        assert (answer.status_code, answer.json().get("status")) == (200, status), answer.content
    refused = desk.post(f"/api/memberships/{membership.pk}/activate", {}, headers=keyed("x"))
    assert (refused.status_code, refused.json()["code"]) == (409, "membership_status")
    assert desk.post(f"/api/memberships/{membership.pk}/suspend", {}, headers=keyed("y")).status_code == 400


def test_a_lost_card_and_its_replacement(desk, sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    card = Card.objects.get()
    face = desk.get(f"/api/cards/{card.number_id}").json()
    assert face == {
        "number": card.number_id, "program": "sky", "type": "main", "status": "active", "membership": membership.pk,
        "member_number": membership.number, "tier": "blue", "valid_until": None, "successor": None,
        "card_type": None, "form": None, "holder": emma.pk, "barred_from": None,
    }  # fmt: skip
    lost = desk.post(f"/api/cards/{card.number_id}/report-lost", {}, headers=keyed("1"))
    assert (lost.status_code, lost.json()["status"]) == (200, "lost")
    successor = desk.post(f"/api/cards/{card.number_id}/replace", {"reason": "lost"}, headers=keyed("2"))
    assert successor.status_code == 201
    new = successor.json()
    assert (new["status"], new["membership"], new["type"]) == ("active", membership.pk, "main")
    assert new["number"] != card.number_id
    old = desk.get(f"/api/cards/{card.number_id}").json()
    assert (old["status"], old["successor"], old["membership"]) == ("replaced", new["number"], membership.pk)
    listed = desk.get(f"/api/memberships/{membership.pk}/cards").json()["results"]
    assert [one["number"] for one in listed] == [new["number"]]
    again = desk.post(f"/api/cards/{card.number_id}/report-stolen", {}, headers=keyed("3"))
    assert (again.status_code, again.json()["code"]) == (409, "card_status")


def test_a_foreign_card_and_no_card_answer_alike(sky, emma):
    enrol(emma, program=sky, actor=ACTOR)
    stranger = client_of("stranger", make_program("sea"))
    number = Card.objects.get().number_id
    hidden, missing = stranger.get(f"/api/cards/{number}"), stranger.get("/api/cards/4000000000000")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() == missing.json()


def test_the_lookup_finds_by_every_key(desk, sky):
    john = make_customer("John Miller", email="john@example.org", email_key="john@example.org")
    membership = enrol(john, program=sky, actor=ACTOR)
    card = Card.objects.get().number_id
    for query, home in [
        (f"member_number={membership.number}", membership.pk),
        (f"card_number={card}", membership.pk),
        ("email=john@example.org", None),
    ]:
        (found,) = desk.get(f"/api/customers/lookup?{query}").json()["results"]
        assert (found["customer"]["id"], found["membership"], found["redirected_from"]) == (john.pk, home, None)
    assert desk.get("/api/customers/lookup?card_number=123").json() == {"results": []}
    stranger = client_of("stranger", make_program("sea"))
    assert stranger.get(f"/api/customers/lookup?card_number={card}").json() == {"results": []}
    assert stranger.get(f"/api/customers/lookup?member_number={membership.number}").json() == {"results": []}
    for query in ("", "email=a@b.c&phone=1", "phone="):
        assert desk.get(f"/api/customers/lookup?{query}").status_code == 400


def test_a_replaced_card_finds_its_membership_for_the_desk_not_for_a_till(desk, sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    number = Card.objects.get().number_id
    desk.post(f"/api/cards/{number}/replace", {"reason": "worn"}, headers=keyed("r"))
    till = client_of("till", sky, scopes=["customers:read", "cards:read"])
    assert till.get(f"/api/customers/lookup?card_number={number}").json() == {"results": []}
    (found,) = desk.get(f"/api/customers/lookup?card_number={number}").json()["results"]
    assert found["membership"] == membership.pk


def test_wrong_guesses_of_numbers_are_counted_and_then_barred(sky, emma, monkeypatch):
    monkeypatch.setattr(guesses, "too_many_failures", partial(too_many_failures, limit=3))
    membership = enrol(emma, program=sky, actor=ACTOR)
    guesser, other = client_of("guesser", sky), client_of("other", sky)
    known = f"/api/cards/{Card.objects.get().number_id}"
    assert guesser.get("/api/cards/4000000000001").status_code == 404
    assert guesser.get(known).status_code == 200
    assert guesser.get("/api/customers/lookup?card_number=4000000000002").json() == {"results": []}
    assert guesser.post("/api/cards/4000000000003/report-lost", {}, headers=keyed("g")).status_code == 404
    for path in (known, f"/api/customers/lookup?member_number={membership.number}"):
        barred = guesser.get(path)
        assert (barred.status_code, barred.json()["code"]) == (429, "throttled")
        assert int(barred["Retry-After"]) >= 1
    assert other.get(known).status_code == 200
