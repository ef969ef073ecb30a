"""The file of a batch: drawn from the cards, for who has the right, once."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from cards import batch_file
from cards.batch_file import csv_of, download, rows_of
from cards.batches import ask_for_batch, make_batch, revoke_batch
from cards.codes import code_matches
from cards.errors import BatchDownloaded, BatchNotReady, BatchRevoked
from cards.models import Card, CardBatch
from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from gateway.models import Event
from loyalty_site.authentication import actor_of_user
from programs.models import Program
from staff.models import AccessLog, Role, StaffRight, User
from tests.factories import ACTOR, make_program

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> CardBatch:
    monkeypatch.setattr(batch_file, "PAGE", 4)
    with clock.frozen(NOON):
        asked = ask_for_batch(make_program("sky"), name="fair", count=10, valid_months=1, actor=ACTOR)
        return make_batch(asked)


def somebody(role: Role, program: Program) -> Actor:
    user = User.objects.create_user(role.value, is_staff=True)
    StaffRight.objects.create(user=user, role=role, program=program)
    return actor_of_user(user)


def test_rows_are_the_cards_with_codes_that_match(batch: CardBatch) -> None:
    rows = list(rows_of(batch))
    cards = list(Card.objects.order_by("pk"))
    assert [(number, until) for number, until, _ in rows] == [(card.number_id, "2026-04-10") for card in cards]
    assert all(code_matches(card, code) for card, (_, _, code) in zip(cards, rows, strict=True))
    assert len({code for _, _, code in rows}) == 10


def test_a_card_whose_end_was_lifted_has_an_empty_day(batch: CardBatch) -> None:
    card = Card.objects.earliest("pk")
    card.valid_until = None
    card.save()
    assert next(rows_of(batch))[:2] == (card.number_id, "")


def test_the_file_is_plain_csv_with_the_number_first(batch: CardBatch) -> None:
    pieces = list(csv_of(rows_of(batch)))
    assert len(pieces) == 3
    text = b"".join(pieces).decode("ascii")
    assert text.startswith("card_number,valid_until,code\r\n") and text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["card_number"] for row in rows] == list(Card.objects.order_by("pk").values_list("number", flat=True))
    assert [(row["card_number"], row["valid_until"], row["code"]) for row in rows] == list(rows_of(batch))


def test_an_empty_file_has_its_header() -> None:
    assert b"".join(csv_of([])) == b"card_number,valid_until,code\r\n"


def test_a_download_is_logged_and_can_not_be_repeated(batch: CardBatch) -> None:
    manager = somebody(Role.CARD_MANAGER, batch.program)
    with clock.frozen(NOON):
        content = b"".join(download(batch, actor=manager))
    assert content == b"".join(csv_of(rows_of(batch)))
    batch.refresh_from_db()
    assert (batch.downloaded_at, batch.downloaded_by_id) == (NOON, manager.user_id)
    kept = AccessLog.objects.order_by("pk").values_list("action", "user_id", "subject_kind", "subject_id", "facts")
    about = (manager.user_id, "cards.cardbatch", batch.pk)
    assert list(kept) == [
        ("export", *about, {"cards": 10}),
        ("exported", *about, {"cards": 10, "rows": 10, "whole": True}),
    ]
    facts = {"name": "fair", "count": 10, "valid_until": "2026-04-10"}
    assert Event.objects.get(kind="card_batch.downloaded").facts == facts
    other = somebody(Role.ADMIN, batch.program)
    with pytest.raises(BatchDownloaded, match="revoke the batch"):
        download(batch, actor=other)
    assert AccessLog.objects.count() == 2
    assert Event.objects.filter(kind="card_batch.downloaded").count() == 1


def test_a_download_that_breaks_off_counts_and_is_told_as_broken(batch: CardBatch) -> None:
    manager = somebody(Role.CARD_MANAGER, batch.program)
    content = download(batch, actor=manager)
    next(content)
    content.close()  # type: ignore[attr-defined]
    del content
    assert AccessLog.objects.latest("pk").facts == {"cards": 10, "rows": 3, "whole": False}
    with pytest.raises(BatchDownloaded):
        download(batch, actor=manager)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROGRAM_MANAGER])
def test_without_the_right_nothing_is_given_out(batch: CardBatch, role: Role) -> None:
    with pytest.raises(NotAllowed):
        download(batch, actor=somebody(role, batch.program))
    batch.refresh_from_db()
    assert (batch.downloaded_at, AccessLog.objects.count()) == (None, 0)


def test_the_right_of_another_program_gives_nothing(batch: CardBatch) -> None:
    with pytest.raises(NotAllowed):
        download(batch, actor=somebody(Role.CARD_MANAGER, make_program("sea")))


def test_what_is_not_ready_or_revoked_is_not_given_out(batch: CardBatch) -> None:
    manager = somebody(Role.CARD_MANAGER, batch.program)
    waiting = ask_for_batch(batch.program, name="next", count=3, valid_until=date(2999, 1, 1), actor=ACTOR)
    with pytest.raises(BatchNotReady, match="0 of 3"):
        download(waiting, actor=manager)
    revoked = revoke_batch(batch, actor=ACTOR, reason="misprinted")
    with pytest.raises(BatchRevoked):
        download(revoked, actor=manager)
    assert AccessLog.objects.count() == 0
