"""Changes of memberships told at the desk: Bauer and Miller, the Moores, a divorce, a mistaken merge."""

import re

import pytest
from playwright.sync_api import Page, expect

from common import clock
from common.recent_login import CONFIRMED_AT
from customers.models import Message, MessagePurpose
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import ChangeStatus, Membership, MembershipChange, MembershipStatus, MembershipType
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_narrow, mostly_wide
from tests.changes import account_in_use, agree, earn, group_of, pair, people_of, pool_of
from tests.desk.changes.conftest import with_mail
from tests.desk.changes.pressing import code_sent_to
from tests.factories import ACTOR, make_program, member_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def flyer(transactional_db: None) -> Program:
    return make_program("sky", name="World Flyer Plus", brand_color="#0b7285", replaces_consent=True)


def card_of(page: Page, customer_id: int) -> "Page":
    """The card of one person's consent."""
    return page.locator(f"#p{customer_id}")  # type: ignore[return-value]


def consents_in_person(page: Page, customer_id: int, button: str) -> None:
    card = card_of(page, customer_id)
    card.get_by_text("Another way").click()
    form = card.locator("form.answer").filter(has_text="In person, with evidence")
    form.get_by_label("Evidence").fill("passport shown")
    form.get_by_role("button", name=button).click()


def link_sent_to(customer_id: int) -> str:
    """The path of the own page in the last link that was written to that customer."""
    body = Message.objects.filter(customer=customer_id, purpose=MessagePurpose.LINK).latest("pk").body or ""
    found = re.search(r"/consent/[\w-]+", body)
    assert found is not None, body
    return found[0]


@mostly_wide
def test_bauer_and_miller_share_an_account(log_in: LogIn, open_page: Open, flyer: Program, width: int) -> None:
    katrin, john = pair(flyer, "Katrin Bauer", "John Miller")
    with_mail(katrin, john)
    earn(katrin, 300)
    earn(john, 200)
    kat, joe = member_of(katrin), member_of(john)
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/customers/{kat}", width=width)
    page.get_by_role("link", name="Merge", exact=True).click()
    page.get_by_label("Name, phone, e-mail, member number or card number").fill(john.number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=f"Take this one {john.number}")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name=f"Take this one {john.number}").click()
    page.get_by_label("Shared account: one pool of points").check()
    page.get_by_label("Reason").fill("Good friends")
    assert_sound(page)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_role("heading", name="A draft: nobody was asked yet")).to_be_visible()
    expect(page.get_by_text("500 in common").first).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Propose it and ask for consent").click()
    card_of(page, kat).get_by_role("button", name="Send a code").click()
    expect(page.get_by_text("Ask for it and type it in below.")).to_be_visible()
    card_of(page, kat).get_by_label("Code the customer reads out").fill(code_sent_to(kat))
    assert_sound(page)
    card_of(page, kat).get_by_role("button", name="Consents").click()
    expect(card_of(page, kat).get_by_text("Given")).to_be_visible()
    card_of(page, joe).get_by_role("button", name="Send a link").click()
    change = MembershipChange.objects.get()

    own = open_page(link_sent_to(joe), width=width)
    assert_sound(own)
    own.get_by_role("button", name=re.compile("agree|yes|consent", re.IGNORECASE)).first.click()

    page = open_page(f"/desk/changes/{change.pk}", width=width)
    expect(page.get_by_role("heading", name="Everyone has agreed")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Carry out now").dblclick()
    expect(page.get_by_role("heading", name="Receipt", exact=True)).to_be_visible()
    assert_sound(page)
    katrin.refresh_from_db()
    john.refresh_from_db()
    assert (katrin.type, john.type, katrin.pool_id) == (MembershipType.SHARED, MembershipType.SHARED, john.pool_id)
    assert account_in_use(john).balance == 500
    assert_audit_clean()


@mostly_narrow
def test_the_moores_form_a_group_and_one_leaves(log_in: LogIn, open_page: Open, flyer: Program, width: int) -> None:
    mia, max_ = pair(flyer, "Mia Moore", "Max Moore")
    with_mail(mia, max_)
    earn(mia, 600)
    earn(max_, 300)
    first, second = member_of(mia), member_of(max_)
    log_in(Role.SUPERVISOR)
    page = open_page(f"/desk/changes/new?kind=merge&prime={mia.pk}&secondary={max_.pk}", width=width)
    page.get_by_label("Group: one membership").check()
    page.get_by_label("Main member of the group").select_option(str(first))
    page.get_by_label("Reason").fill("Family card")
    page.get_by_role("button", name="Show what it would do").press("Enter")
    page.get_by_role("button", name="Propose it and ask for consent").press("Enter")
    for customer in (first, second):
        consents_in_person(page, customer, "Consents")
    page.get_by_role("button", name="Carry out now").press("Enter")
    expect(page.get_by_text("leads to").first).to_be_visible()
    assert_sound(page)
    group = Membership.objects.get(type=MembershipType.GROUP)
    assert people_of(group) == [first, second]

    page = open_page(f"/desk/memberships/{group.pk}", width=width)
    page.get_by_role("link", name="Split: one leaves").click()
    page.locator(f'input[name="leaver"][value="{second}"]').check()
    page.get_by_label("Equal shares").check()
    page.get_by_label("Reason").fill("Moved out")
    assert_sound(page)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_role("button", name="Propose it and ask for consent")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Propose it and ask for consent").click()
    for customer in (first, second):
        consents_in_person(page, customer, "Consents")
    page.get_by_role("button", name="Carry out now").click()
    expect(page.get_by_role("heading", name="Receipt", exact=True)).to_be_visible()
    left = Membership.objects.get(members__customer=second, members__is_open=True, current=True)
    group.refresh_from_db()
    assert (left.type, group.type) == (MembershipType.STANDARD, MembershipType.STANDARD)
    assert [account_in_use(one).balance for one in (group, left)] == [450, 450]
    assert_audit_clean()


@mostly_wide
def test_a_divorce_is_refused_and_decided_by_document_in_a_new_proposal(
    log_in: LogIn, open_page: Open, flyer: Program, width: int
) -> None:
    katrin, john = pool_of(flyer, "Katrin Bauer", "John Miller")
    with_mail(katrin, john)
    earn(katrin, 300)
    earn(john, 200)
    kat, joe = member_of(katrin), member_of(john)
    log_in(Role.SUPERVISOR)
    page = open_page(f"/desk/customers/{kat}", width=width)
    page.get_by_role("link", name="Playbook: divorce").click()
    expect(page.get_by_role("link", name="Propose the split")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name="Propose the split").click()
    page.locator(f'input[name="leaver"][value="{joe}"]').check()
    page.get_by_label("Reason").fill("Separation")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("button", name="Propose it and ask for consent").click()
    consents_in_person(page, joe, "Refuses")
    expect(page.get_by_role("heading", name="Refused: nothing was changed")).to_be_visible()
    assert_sound(page)

    page = open_page(f"/desk/playbooks/divorce?customer={kat}", width=width)
    page.get_by_role("link", name="Propose it anew").click()
    page.get_by_label("Reason").fill("Order of the court")
    page.get_by_role("button", name="Propose it anew").click()
    consents_in_person(page, kat, "Consents")
    card = card_of(page, joe)
    card.get_by_text("Another way").click()
    form = card.locator("form.answer").filter(has_text="By a recorded decision")
    form.get_by_label("What it is and where the paper is kept").fill("order 7 C 11/26, folder 12")
    assert_sound(page)
    form.get_by_role("button", name="Record the decision").click()
    expect(card_of(page, joe).get_by_text("You recorded it: somebody else confirms.")).to_be_visible()
    second = MembershipChange.objects.get(replaces__isnull=False)

    log_in(Role.SUPERVISOR, name="second")
    confirmed_lately(page)
    page = open_page(f"/desk/changes/{second.pk}", width=width)
    card_of(page, joe).get_by_role("button", name="Confirm: it is what it says").click()
    expect(card_of(page, joe).get_by_text("Not the person's own consent")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Carry out now").click()
    expect(page.get_by_role("heading", name="Receipt", exact=True)).to_be_visible()
    katrin.refresh_from_db()
    john.refresh_from_db()
    assert (katrin.type, john.type) == (MembershipType.STANDARD, MembershipType.STANDARD)
    assert [account_in_use(one).balance for one in (katrin, john)] == [300, 200]
    assert_audit_clean()


@mostly_narrow
def test_a_mistaken_merge_is_undone(log_in: LogIn, open_page: Open, flyer: Program, width: int) -> None:
    anna, ben = pair(flyer, "Anna Bauer", "Ben Miller")
    earn(anna, 300)
    earn(ben, 200)
    change = propose(Proposal("merge", anna.pk, ben.pk, result_type="group", main_id=member_of(anna)), actor=ACTOR)
    carry_out(agree(change), actor=ACTOR)
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/changes?status=carried_out", width=width)
    assert_sound(page)
    page.get_by_role("link", name="Merge into a group").click()
    page.get_by_role("link", name="Undo it").click()
    expect(page.get_by_role("heading", name="Nobody acted since: it is undone at once")).to_be_visible()
    assert_sound(page)
    page.get_by_label("Reason").fill("The wrong Ben Miller")
    page.get_by_role("button", name="Undo it now").dblclick()
    expect(page.get_by_role("heading", name="Carried out, and undone since")).to_be_visible()
    assert_sound(page)
    change.refresh_from_db()
    assert change.status == ChangeStatus.UNDONE
    anna.refresh_from_db()
    ben.refresh_from_db()
    assert (anna.status, ben.status) == (MembershipStatus.ACTIVE, MembershipStatus.ACTIVE)
    assert [account_in_use(one).balance for one in (anna, ben)] == [300, 200]
    assert_audit_clean()


def test_every_other_page_fits_and_is_accessible(log_in: LogIn, open_page: Open, flyer: Program) -> None:
    group = group_of(flyer, "Mia Moore", "Max Moore", "Moe Moore")
    katrin, _john = pool_of(flyer, "Katrin Bauer", "John Miller")
    anna, ben = pair(flyer, "Anna Bauer", "Ben Miller")
    earn(katrin, 300)
    propose(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    log_in(Role.SUPERVISOR)
    for path in (
        "changes", "changes?kind=split", "changes/new", f"changes/new?kind=merge&prime={group.pk}&find={anna.number}",
        f"changes/new?kind=split&prime={group.pk}", f"changes/new?kind=form&prime={katrin.pk}",
        f"memberships/{katrin.pk}/fairness", f"memberships/{anna.pk}/fairness", f"memberships/{group.pk}/hand-over",
        f"memberships/{group.pk}/suspend-member", f"playbooks/deceased?customer={people_of(group)[0]}",
        "playbooks/divorce",
    ):  # fmt: skip
        assert_sound(open_page(f"/desk/{path}"))


def confirmed_lately(page: Page) -> None:
    """As if the password had been given a moment ago."""
    from django.conf import settings
    from django.contrib.sessions.backends.db import SessionStore

    (cookie,) = [one for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME]
    session = SessionStore(cookie["value"])
    session[CONFIRMED_AT] = int(clock.now().timestamp())
    session.save()
