"""The ledger and history in the back office: looked at by everybody who may, written by nobody."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils.duration import duration_string

from activities.models import AwardRow, BulkAward, Claim, MemberActivity, Transaction, TransactionItem
from common.history import AuditedModel
from gateway.models import Event
from memberships.models import Membership
from points.models import (
    Adjustment,
    Draw,
    Entry,
    Hold,
    Lot,
    LotDateChange,
    PointAccount,
    PointAccountSet,
    Posting,
    Reversal,
)
from staff.models import AccessLog, User
from tests.loyalty_site.admin_world import address_of, login, make_world

pytestmark = pytest.mark.django_db
READ_ONLY = (
    Adjustment, Draw, Entry, Hold, Lot, LotDateChange, PointAccount, PointAccountSet, Posting, Reversal,
    MemberActivity, Event, AccessLog, Transaction, TransactionItem, Claim, BulkAward, AwardRow,
)  # fmt: skip
OUR_APPS = {"activities", "memberships", "points", "cards", "customers", "staff", "gateway", "programs"}


def audited_models() -> list[type[AuditedModel]]:
    """Every audited model of ours; tests declare some more."""
    return [one for one in AuditedModel.__subclasses__() + _below(AuditedModel) if one._meta.app_label in OUR_APPS]


def _below(model: Any) -> list[Any]:
    return [below for one in model.__subclasses__() for below in (*one.__subclasses__(), *_below(one))]


def concrete() -> list[Any]:
    return sorted({one for one in audited_models() if not one._meta.abstract}, key=lambda one: one._meta.label)


@pytest.fixture
def world(db: None) -> Membership:
    return make_world()


@pytest.fixture
def root(world: Membership) -> Client:
    return login(User.objects.create_superuser("root"))


def stored(model: Any) -> list[dict[str, Any]]:
    return list(model._base_manager.order_by("pk").values())


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda one: one.__name__)
def test_what_was_booked_is_only_shown(root: Client, model: Any) -> None:
    url, row, before = address_of(model), model.objects.order_by("pk").last(), stored(model)
    assert row is not None
    assert [root.get(one).status_code for one in (url, f"{url}{row.pk}/change/")] == [200, 200]
    refused = [
        root.get(f"{url}add/"),
        root.post(f"{url}add/", {"amount": "5"}),
        root.post(f"{url}{row.pk}/change/", {"amount": "5", "status": "x"}),
        root.post(f"{url}{row.pk}/delete/", {"post": "yes"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    root.post(url, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert stored(model) == before


def test_every_audited_model_has_a_history_page() -> None:
    """But for the parts of an agreement, whose versions tell it."""
    missing = [one.__name__ for one in concrete() if not admin.site.is_registered(one)]
    assert sorted(missing) == ["AgreementBenefit", "AgreementTier"]
    assert len(concrete()) >= 20


def rows_with_history() -> Iterator[tuple[Any, Any]]:
    for model in concrete():
        row = model._base_manager.order_by("pk").last()
        if row is not None and model.history.filter(**{model._meta.pk.attname: row.pk}).exists():
            yield model, row


def test_history_shows_and_is_never_written_back(root: Client) -> None:
    """One test for all: the world takes longer to make than every page of it."""
    seen = set()
    for model, row in rows_with_history():
        url = f"{address_of(model)}{row.pk}/history/"
        version = model.history.filter(**{model._meta.pk.attname: row.pk}).latest("history_id").history_id
        before, history = stored(model), model.history.count()
        assert root.get(url).status_code == 200, url
        assert root.get(f"{url}{version}/").status_code == 200, url
        for posted in ({}, {"_save": "Revert", "name": "old", "status": "expired"}):
            assert root.post(f"{url}{version}/", posted).status_code == 403, url
        assert (stored(model), model.history.count()) == (before, history)
        seen.add(model._meta.label)
    assert {
        "customers.Customer", "customers.Address", "customers.Identification", "customers.ContactPreference",
        "customers.StaffCustomer", "memberships.Membership", "memberships.Member", "memberships.TierStanding",
        "memberships.CardHolding", "memberships.TermsAcceptance", "memberships.MembershipTerm", "cards.Card",
        "programs.Program", "programs.PointType", "programs.TierGroup", "programs.Tier", "programs.ProgramTerms",
        "programs.ConversionRate", "activities.ActivityType", "gateway.Channel", "gateway.ChannelProgram",
        "staff.StaffRight", "programs.Benefit", "programs.TierBenefit",
    } <= seen  # fmt: skip


def test_history_says_old_and_new_who_when_and_why(root: Client, world: Membership) -> None:
    program = world.program
    for unit, reason in (("North", "moved"), ("South", "moved back")):
        posted = form_of(root, f"/admin/programs/program/{program.pk}/change/")
        posted |= {"business_unit": unit, "change_reason": reason}
        assert root.post(f"/admin/programs/program/{program.pk}/change/", posted).status_code == 302
    page = root.get(f"/admin/programs/program/{program.pk}/history/").content.decode()
    newest, older = page.split('id="change-history"')[1].split("<li>")[1:3]
    for part in ("Business unit", "North", "South", "root (desk)", "Why: moved back"):
        assert part in newest
    assert "Why: moved" in older and "South" not in older


def test_a_change_of_the_design_asks_why(root: Client, world: Membership) -> None:
    url = f"/admin/programs/program/{world.program_id}/change/"
    posted = form_of(root, url) | {"business_unit": "North", "change_reason": ""}
    before = world.program.history.count()
    assert root.post(url, posted).status_code == 200
    assert world.program.history.count() == before


def form_of(client: Client, url: str) -> dict[str, Any]:
    """What the browser would send back unchanged."""
    form = client.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    written = {name: duration_string(one) if isinstance(one, timedelta) else one for name, one in values.items()}
    return {name: value for name, value in written.items() if value is not None and value is not False and value != ""}
