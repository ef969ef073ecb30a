"""Batches of cards in a real browser: every state fits, and is accessible."""

import pytest

from cards import batches
from cards.batches import ask_for_batch, make_batch, revoke_batch
from cards.issuing import activate
from cards.models import Card, CardBatch
from staff.models import Role
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.factories import ACTOR, make_program

pytestmark = pytest.mark.browser


def interrupted(made: int) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def states(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, CardBatch]:
    sky = make_program("sky", name="SkyConnect Rewards", brand_color="#0b7285")
    asked = {
        name: ask_for_batch(sky, name=name, count=30, valid_months=12, actor=ACTOR)
        for name in ("Airport lounges, spring 2027", "Onboard magazine", "Letter to new customers", "Misprinted")
    }
    ready, running, _, revoked = asked.values()
    make_batch(ready)
    for card in Card.objects.order_by("pk")[:4]:
        activate(card, actor=ACTOR)
    revoke_batch(make_batch(revoked), actor=ACTOR, reason="misprinted")
    monkeypatch.setattr(batches, "CHUNK", 12)
    with pytest.raises(KeyboardInterrupt):
        make_batch(running, progress=interrupted)
    return asked


def test_every_page_fits_and_is_accessible(states: dict[str, CardBatch], log_in: LogIn, open_page: Open) -> None:
    log_in(Role.CARD_MANAGER)
    paths = ["", "/new", *(f"/{batch.pk}" for batch in states.values())]
    ready = next(iter(states.values()))
    for path in (*paths, f"/{ready.pk}/revoke"):
        page = open_page(f"/desk/cards/batches{path}")
        assert_sound(page)
