"""Batches of cards at the desk: how far they are, their file once, asking for one and revoking one."""

import pytest
from django.urls import reverse

from cards import batches
from cards.batch_file import csv_of, rows_of
from cards.batches import ask_for_batch, do_waiting, make_batch
from cards.issuing import activate
from cards.models import BatchStatus, Card, CardBatch, CardKind, CardType
from programs.models import Program, ProgramStatus
from staff.models import AccessLog, Role
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.desk.visitor import Visitor, cells
from tests.factories import ACTOR, make_program

pytestmark = pytest.mark.django_db
WISH = {"program": "sky", "name": "Spring fair", "count": "500", "valid_months": "12"}


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky")


@pytest.fixture
def manager(sky: Program) -> Desk:
    return Desk("carl", Role.CARD_MANAGER)


def made(program: Program, count: int = 5, name: str = "fair") -> CardBatch:
    return make_batch(ask_for_batch(program, name=name, count=count, valid_months=12, actor=ACTOR))


# Looking.


def test_the_list_shows_how_far_every_batch_is(sky: Program, agent: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 10)
    made(sky)
    half = ask_for_batch(sky, name="half", count=20, valid_months=12, actor=ACTOR)
    with pytest.raises(KeyboardInterrupt):
        make_batch(half, progress=interrupted)
    ask_for_batch(sky, name="later", count=1000, valid_months=12, actor=ACTOR)
    page = agent.reads("batches")
    assert [row[0] for row in page.rows[1:]] == ["later", "half", "fair"]
    assert cells(page, "later")[2] == "1,000" and cells(page, "later")[4].startswith("Waiting")
    assert cells(page, "half")[4] == "Being made 50 % 10 of 20"
    assert cells(page, "fair")[4:6] == ["Ready", "to be downloaded"]
    assert [row[0] for row in agent.reads("batches", status="ready").rows[1:]] == ["fair"]
    assert "No batch is like that." in agent.reads("batches", status="revoked").text


def interrupted(made: int) -> None:
    raise KeyboardInterrupt


def test_the_list_shows_batches_of_the_own_programs_a_page_at_a_time(sky: Program) -> None:
    for at in range(27):
        ask_for_batch(sky, name=f"batch {at}", count=1, valid_months=1, actor=ACTOR)
    made(make_program("sea"), name="foreign")
    agent = Visitor(Role.SUPPORT_AGENT, sky)
    page = agent.reads("batches", program="sky")
    assert len(page.rows) == 26 and page.rows[1][0] == "batch 26"
    (onward,) = [link for link in page.links if "before=" in link]
    last = agent.client.get(onward).content.decode()
    assert "batch 1<" in last and "batch 2<" not in last and "program=sky" in onward
    assert "foreign" not in agent.reads("batches").text
    assert "No batch was asked for yet" not in page.text


def test_a_batch_shows_its_cards_and_its_end(sky: Program, agent: Visitor) -> None:
    batch = made(sky)
    activate(Card.objects.earliest("pk"), actor=ACTOR)
    page = agent.reads("batch", batch.pk)
    assert "In use 1 used at least once Unused 4 wait for their first use Expired 0" in page.text
    assert "Download once" in page.text and reverse("desk:batch-revoke", args=[batch.pk]) in page.links


def test_who_only_reads_sees_no_button(sky: Program, auditor: Visitor) -> None:
    batch = made(sky)
    page = auditor.reads("batch", batch.pk)
    assert "Download once" not in page.text and "Revoke" not in page.text
    assert auditor.client.post(reverse("desk:batch-download", args=[batch.pk])).status_code == 403
    assert "New batch" not in auditor.reads("batches").text


def test_the_key_of_the_codes_stands_on_no_page(sky: Program) -> None:
    batch = made(sky)
    admin = Desk("root", Role.ADMIN)
    admin.user.is_superuser = True
    admin.user.save()
    key = bytes(batch.code_key)
    change, history = (reverse(f"admin:cards_cardbatch_{page}", args=[batch.pk]) for page in ("change", "history"))
    for path in (f"/desk/cards/batches/{batch.pk}", change, history):
        page = admin.client.get(path)
        assert page.status_code == 200
        assert key not in page.content and key.hex() not in page.content.decode().lower()


# The file.


def test_the_file_is_downloaded_once(sky: Program, manager: Desk) -> None:
    batch = made(sky)
    path = reverse("desk:batch-download", args=[batch.pk])
    answer = manager.client.post(path)
    assert answer.getvalue() == b"".join(csv_of(rows_of(batch)))
    assert answer["Content-Disposition"] == 'attachment; filename="sky-fair.csv"'
    assert answer["Cache-Control"] == "no-store"
    logged = list(AccessLog.objects.order_by("pk").values_list("action", "user_id", "subject_id"))
    assert logged == [("export", manager.user.pk, batch.pk), ("exported", manager.user.pk, batch.pk)]
    again = manager.client.post(path)
    assert again.status_code == 409 and "given out once" in again.content.decode()
    assert "given out" in manager.client.get("/desk/cards/batches").content.decode()
    page = manager.client.get(f"/desk/cards/batches/{batch.pk}").content.decode()
    assert "to carl" in page and "Download once" not in page
    assert AccessLog.objects.count() == 2


def test_looking_at_the_address_of_the_file_gives_nothing(sky: Program, manager: Desk) -> None:
    batch = made(sky)
    assert manager.client.get(reverse("desk:batch-download", args=[batch.pk])).status_code == 405
    batch.refresh_from_db()
    assert batch.downloaded_at is None


# Asking.


def test_a_batch_asked_for_on_the_page_is_made_by_the_worker(manager: Desk) -> None:
    receipt = manager.does("cards/batches/new", **WISH)
    batch = CardBatch.objects.get()
    assert (batch.name, batch.count, batch.status, batch.user_id) == ("Spring fair", 500, "queued", manager.user.pk)
    assert said(receipt)[0].startswith("500 temporary cards of Sky are made, valid until")
    assert ways(receipt)["See how far it is"] == f"/desk/cards/batches/{batch.pk}"
    assert do_waiting() == 1
    batch.refresh_from_db()
    assert (batch.status, Card.objects.count()) == (BatchStatus.READY, 500)
    assert_audit_clean()


def test_a_preview_asks_for_nothing(manager: Desk) -> None:
    before = everything()
    assert manager.previews("cards/batches/new", **WISH).context["state"] == "preview"
    assert everything() == before


def test_asking_again_under_the_name_makes_nothing_new(manager: Desk) -> None:
    manager.does("cards/batches/new", **WISH)
    assert "asked for already" in said(manager.does("cards/batches/new", **WISH))[0]
    assert CardBatch.objects.count() == 1
    other = manager.previews("cards/batches/new", **WISH | {"count": "501"})
    assert other.status_code == 409 and "a batch of 500 cards" in said(other)[0]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"valid_until": "2999-12-31"}, "valid_until: Say until when"),
        ({"valid_months": ""}, "valid_until: Say until when"),
        ({"valid_months": "", "valid_until": "2020-01-01"}, "valid_until: 2020-01-01 is over"),
        ({"count": "0"}, "count: "),
        ({"count": "10000001"}, "count: "),
        ({"name": " "}, "name: "),
    ],
)
def test_what_is_wrong_is_told_at_its_field(manager: Desk, fields: dict[str, str], told: str) -> None:
    page = manager.previews("cards/batches/new", **WISH | fields)
    assert page.status_code in (400, 422)
    assert [one for one in said(page) if one.startswith(told)], said(page)
    assert CardBatch.objects.count() == 0


def test_only_released_programs_with_the_right_are_offered(sky: Program) -> None:
    make_program("sea")
    make_program("draft", status=ProgramStatus.DRAFT)
    everywhere, here = Desk("carl", Role.CARD_MANAGER), Desk("dora", Role.CARD_MANAGER, sky)
    choices = [code for code, _ in everywhere.opens("cards/batches/new").context["form"].fields["program"].choices]
    assert choices == ["sea", "sky"]
    assert [code for code, _ in here.opens("cards/batches/new").context["form"].fields["program"].choices] == ["sky"]
    assert "Draft is draft" in said(everywhere.opens("cards/batches/new?program=draft", "ineligible"))[0]
    assert here.client.get("/desk/cards/batches/new?program=sea").status_code == 404
    assert here.previews("cards/batches/new", **WISH | {"program": "sea"}).status_code == 404


def test_the_card_type_may_be_named(sky: Program, manager: Desk) -> None:
    gift = CardType.objects.create(program=sky, code="gift", name="Gift card", kind=CardKind.TEMPORARY)
    CardType.objects.create(program=sky, code="gold", name="Gold card", kind=CardKind.MAIN)
    form = manager.opens("cards/batches/new").context["form"]
    assert list(form.fields["card_type"].queryset) == [gift]
    manager.does("cards/batches/new", **WISH | {"card_type": str(gift.pk)})
    assert CardBatch.objects.get().card_type == gift


# Revoking.


def test_revoking_shows_what_it_bars_and_does_it(sky: Program, manager: Desk) -> None:
    batch = made(sky)
    activate(Card.objects.earliest("pk"), actor=ACTOR)
    path = f"cards/batches/{batch.pk}/revoke"
    before = everything()
    preview = manager.previews(path, reason="file lost")
    assert everything() == before
    assert said(preview) == ["4 unused cards are refused from now on, and cancelled.", "1 card in use stays."]
    assert changed(preview) == {"Status": ("ready", "revoked"), "Unused cards that work": (4, 0)}
    receipt = manager.receipt(manager.confirms(preview))
    assert changed(receipt) == changed(preview)
    assert sorted(Card.objects.values_list("status", flat=True)) == ["active", *["cancelled"] * 4]
    assert CardBatch.history.latest("history_id").history_change_reason == "file lost"
    assert "revoked already" in said(manager.opens(path, "ineligible"))[0]
    page = manager.client.get(f"/desk/cards/batches/{batch.pk}").content.decode()
    assert "its file is not given out any more" in page


def test_a_large_batch_is_shown_as_refused_while_the_worker_cancels_it(
    sky: Program, manager: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = made(sky, 25)
    monkeypatch.setattr(batches, "CHUNK", 10)
    receipt = manager.does(f"cards/batches/{batch.pk}/revoke", reason="stolen")
    assert changed(receipt)["Unused cards that work"] == (25, 0)
    assert "being cancelled" in manager.client.get(f"/desk/cards/batches/{batch.pk}").content.decode()
    assert do_waiting() == 1
    assert Card.objects.filter(status="cancelled").count() == 25
    assert "being cancelled" not in manager.client.get(f"/desk/cards/batches/{batch.pk}").content.decode()


def test_the_programs_page_leads_to_its_batches(sky: Program) -> None:
    admin = Desk("root", Role.ADMIN)
    page = admin.client.get(reverse("admin:programs_program_change", args=[sky.pk])).content.decode()
    assert "/desk/cards/batches?program=sky" in page
    assert f"/admin/cards/cardbatch/?program__id__exact={sky.pk}" in page
