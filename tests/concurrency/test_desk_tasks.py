"""Two supervisors approve one request through the page, and one agent clicks many times; each with its control."""

import threading
import time
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from activities import adjusting
from common.desk import tasks
from gateway import idempotency, once
from memberships.models import Membership
from points.models import Adjustment, Posting
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, confirmation, everything, said
from tests.factories import account_of, make_membership
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
CLICKS, ROUNDS = 8, 5
GIVE = {"direction": "give", "point_type": "miles", "reason_code": "goodwill", "note": "waited"}


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def michael(miles: Program) -> Membership:
    return make_membership(miles, "Michael Adams")


def request_of(agent: Desk, membership: Membership) -> int:
    agent.does(f"memberships/{membership.pk}/adjust", points="5000", **GIVE)
    return Adjustment.objects.latest("pk").pk


def race_to_approve(membership: Membership) -> list[Any]:
    """Both have looked at the preview and click at the same moment."""
    pk = request_of(Desk("agnes", Role.SUPPORT_AGENT), membership)
    both = [Desk(name, Role.SUPERVISOR) for name in ("susan", "luis")]
    previews = [one.previews(f"adjustments/{pk}", decision="approve", note="") for one in both]
    return together(
        *[lambda one=one, preview=preview: one.confirms(preview) for one, preview in zip(both, previews, strict=True)]
    )


def test_of_two_supervisors_one_books_and_the_other_is_told(michael: Membership) -> None:
    for done in range(1, ROUNDS + 1):
        pages = race_to_approve(michael)
        assert sorted(page.status_code for page in pages) == [302, 409]
        (late,) = [page for page in pages if page.status_code == 409]
        pk = Adjustment.objects.latest("pk").pk
        assert said(late) == [f"Adjustment {pk} was posted already."]
        assert account_of(michael).balance == 5000 * done
    assert Posting.objects.filter(kind="adjust").count() == ROUNDS
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_both_book(michael: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(adjustment_id: int) -> Adjustment:
        found = Adjustment.objects.get(pk=adjustment_id)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(adjusting, "locked_adjustment", unlocked)
    assert [page.status_code for page in race_to_approve(michael)] == [302, 302]
    assert Posting.objects.filter(kind="adjust").count() == 2


def race_of_clicks(membership: Membership) -> list[Any]:
    """One preview, its button pressed many times at once."""
    agent = Desk("agnes", Role.SUPPORT_AGENT)
    preview = agent.previews(f"memberships/{membership.pk}/adjust", points="50", **GIVE)
    path, form = preview.wsgi_request.path, confirmation(preview)

    def click() -> Any:
        client = Client()
        client.cookies = agent.client.cookies
        return client.post(path, form)

    return together(*[click for _ in range(CLICKS)])


def test_many_clicks_at_once_book_once(michael: Membership) -> None:
    for done in range(1, ROUNDS + 1):
        pages = race_of_clicks(michael)
        assert errors_in(pages) == []
        assert {(page.status_code, page["Location"]) for page in pages} == {(302, pages[0]["Location"])}
        assert account_of(michael).balance == 50 * done
    assert Posting.objects.count() == ROUNDS
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_key_every_click_books(michael: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(once.Receipts):
        def once(self, key: str, asked: bytes, func: Any) -> dict[str, Any]:
            body: dict[str, Any] = func()[0]
            return body

    monkeypatch.setattr(tasks, "receipts", Forgetful)
    race_of_clicks(michael)
    assert Posting.objects.count() > 1


def test_without_the_claim_the_ledger_still_takes_a_key_once(
    michael: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits and nobody looks: what is left is the ledger, which knows every key for ever."""
    monkeypatch.setattr(once, "_wait_for", lambda lock: None)
    monkeypatch.setattr(idempotency, "claim", lambda *_: None)
    race_of_clicks(michael)
    assert Posting.objects.count() == 1


def held(membership: Membership, until: threading.Event) -> str:
    """Somebody else works on the membership until told to stop."""
    with transaction.atomic():
        Membership.objects.select_for_update().get(pk=membership.pk)
        until.wait(timeout=20)
    return "let go"


def test_a_lock_held_too_long_is_told_and_nothing_is_half_done(michael: Membership) -> None:
    agent, done = Desk("agnes", Role.SUPPORT_AGENT), threading.Event()
    page = agent.opens(f"memberships/{michael.pk}/pause")
    before = everything()

    def preview() -> Any:
        time.sleep(0.3)
        try:
            form = {"reason": "trip", "key": page.context["key"], "step": "preview"}
            return agent.client.post(f"/desk/memberships/{michael.pk}/pause", form)
        finally:
            done.set()

    told, freed = together(preview, lambda: held(michael, done))
    assert freed == "let go"
    assert told.status_code == 409
    assert said(told) == ["Another request is changing the same data; try again in a moment."]
    assert everything() == before
