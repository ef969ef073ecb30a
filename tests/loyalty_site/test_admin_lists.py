"""Lists of the back office: the same number of statements for few rows and for many, and bounded pages."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from activities.models import MemberActivity
from common.admin.lists import LoyaltyChangeList, search
from customers.models import Customer
from memberships.models import Membership
from points.models import Entry, Posting
from staff.models import User
from tests.factories import make_customer, make_program
from tests.loyalty_site.admin_world import address_of, busy_membership, login, make_world
from tests.quickly import without_menu

pytestmark = pytest.mark.django_db
# Pages of other packages, which only superusers see.
FOREIGN = {"auth", "axes", "otp_totp", "oauth2_provider"}


@pytest.fixture
def world(db: None) -> Membership:
    return make_world()


@pytest.fixture
def root(world: Membership) -> Client:
    return login(User.objects.create_superuser("root"))


def our_models() -> list[Any]:
    return [model for model in admin.site._registry if model._meta.app_label not in FOREIGN]


def pages() -> list[str]:
    """Every list, and the page of the oldest row of each."""
    found = []
    for model in our_models():
        found.append(address_of(model))
        row = model._base_manager.order_by("pk").first()
        if row is not None:
            found.append(f"{address_of(model)}{row.pk}/change/")
    return found


def statements(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200, url
    return len(queries)


def test_no_page_asks_more_for_more_rows(root: Client, world: Membership) -> None:
    opened = pages()
    # What a process looks up once and keeps.
    ContentType.objects.get_for_models(*our_models())
    for url in opened[:4]:
        root.get(url)
    with without_menu():
        before = {url: statements(root, url) for url in opened}
        for name in ("Katrin Bauer", "John Miller", "Moira Moore"):
            busy_membership(world.program, name)
        after = {url: statements(root, url) for url in opened}
    assert {url: (before[url], after[url]) for url in opened if after[url] > before[url]} == {}
    assert max(after.values()) <= 36


def test_an_empty_list_says_so(root: Client) -> None:
    page = root.get("/admin/points/debt/").content.decode()
    assert "No results found" in page
    assert "0 debts" in page


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.admin.lists.REACH", 4)


def listed(client: Client, url: str, **asked: Any) -> LoyaltyChangeList:
    answer = client.get(url, asked)
    assert answer.status_code == 200
    found: LoyaltyChangeList = answer.context["cl"]
    return found


def test_pages_end_where_skipping_would_cost(root: Client, few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin.site._registry[Customer], "list_per_page", 2)
    for name in ("Ann", "Ben", "Cid", "Dee", "Eve"):
        make_customer(name)
    found = listed(root, "/admin/customers/customer/", p=2)
    assert (found.paginator.num_pages, len(found.result_list)) == (2, 2)
    told = " ".join(found.told)
    assert "more than 4 customers" in told and "The pages hold the first 4" in told
    assert root.get("/admin/customers/customer/?p=3").status_code == 302


def test_a_filter_no_index_serves_looks_through_the_newest_rows(
    root: Client, world: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With one program there is nothing to choose, and no filter.
    make_program("sea")
    monkeypatch.setattr(admin.site._registry[Posting], "window", 2)
    newest = Posting.objects.latest("pk").pk
    found = listed(root, "/admin/points/posting/", program__id__exact=world.program_id)
    assert [row.pk for row in found.result_list] == [newest, newest - 1]
    assert "Filtered among the newest 2" in " ".join(found.told)
    whole = listed(root, "/admin/points/posting/", for_set__id__exact=world.own_set_id)
    assert len(whole.result_list) == Posting.objects.count() > 2
    assert len(listed(root, "/admin/points/posting/").result_list) == Posting.objects.count()


def test_a_large_list_sorts_by_no_column(root: Client) -> None:
    ordered = [row.pk for row in listed(root, "/admin/points/entry/").result_list]
    assert [row.pk for row in listed(root, "/admin/points/entry/", o="7").result_list] == ordered
    assert [row.pk for row in listed(root, "/admin/points/entry/", o="-7.1").result_list] == ordered


def test_entries_and_lots_of_an_account_are_found(root: Client, world: Membership) -> None:
    account = Entry.objects.latest("pk").account_id
    entries = listed(root, "/admin/points/entry/", account__id__exact=account).result_list
    assert [row.number for row in entries] == list(range(len(entries), 0, -1))
    assert listed(root, "/admin/points/lot/", entry__account__id__exact=account).result_count >= 1


def test_the_registry_lists_nothing_before_something_is_asked(root: Client) -> None:
    number = Membership.objects.get().holdings.get().card.number_id
    assert listed(root, "/admin/cards/numberregistry/").result_count == 0
    assert listed(root, "/admin/cards/numberregistry/", q=number[:6]).result_count == 1


@pytest.mark.parametrize(
    ("path", "term"),
    [
        ("memberships/membership", "{number}"),
        ("memberships/membership", "{card}"),
        ("memberships/member", "{number}"),
        ("points/posting", "sale-{pk}"),
        ("points/hold", "{number}"),
        ("points/pointaccount", "{number}"),
        ("activities/memberactivity", "sale-{pk}"),
        ("activities/transaction", "T-{pk}"),
        ("activities/transactionitem", "T-{pk}"),
        ("activities/claim", "T-lost-{pk}"),
        ("activities/claim", "{number}"),
        ("activities/awardrow", "{number}"),
        ("cards/card", "{card}"),
    ],
)
def test_what_staff_type_finds_the_row(root: Client, world: Membership, path: str, term: str) -> None:
    card = world.holdings.get().card.number_id
    asked = term.format(number=world.number, card=card, pk=world.pk)
    assert listed(root, f"/admin/{path}/", q=asked).result_count >= 1
    assert listed(root, f"/admin/{path}/", q=f"{asked}-not").result_count == 0


def links_to(page: str, document: str) -> set[str]:
    return {one for one in re.findall(r'href="([^"]*)"', document) if one.startswith(page)}


def test_a_row_found_leads_to_a_page_that_leads_back_to_what_was_searched(root: Client, world: Membership) -> None:
    make_customer("Zora Zimt", name_key="zora zimt")
    row = Customer.objects.get(name="Zora Zimt")
    page = f"{address_of(Customer)}{row.pk}/change/"
    found = root.get(address_of(Customer), {"q": "zimt"}).content.decode()
    link = f"{page}?_changelist_filters=q%3Dzimt"
    assert links_to(page, found) == {link}
    assert f'href="{address_of(Customer)}?q=zimt"' in root.get(link).content.decode()
    assert links_to(page, root.get(address_of(Customer)).content.decode()) == {page}


def test_each_way_of_searching_finds_so_much_at_most(world: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.admin.lists.MOST_FOUND", 2)
    assert MemberActivity.objects.count() >= 2
    for name in ("Ann", "Ben", "Cid"):
        make_customer(name)
    assert search(Customer.objects.all(), "T", prefix=["number"]).count() == 2
