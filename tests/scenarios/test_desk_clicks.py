"""What staff are asked at the desk, done by clicks alone: every address but the first comes from a page before."""

import re
from html import unescape
from typing import Any

import pytest
from django.forms import RadioSelect
from django.test import Client

from customers.creating import create_customer
from memberships.enrolment import enrol
from memberships.models import Membership
from points.models import Adjustment, Posting
from programs.models import ExpiryPolicy, Program
from staff.models import Role, StaffRight, User
from tests.desk.tasks.working import confirmation
from tests.factories import ACTOR

from .telling import Caller, earned, everything, later, redeemed, rule, run


class Clicks:
    """A member of staff before a screen: what they see, what they follow, what they send."""

    def __init__(self, name: str, role: str) -> None:
        self.user = User.objects.create(username=name, is_staff=True)
        StaffRight.objects.create(user=self.user, role=role)
        self.client = Client()
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        self.page: Any = None

    def goes(self, address: str) -> "Clicks":
        self.page = self.client.get(address, follow=True)
        assert self.page.status_code == 200, self.page.content
        return self

    def finds(self, text: str) -> "Clicks":
        """Type into the box that stands on every page; follow the first hit."""
        self.page = self.client.get("/desk/search", {"q": text}, follow=True)
        return self

    def follows(self, pattern: str) -> "Clicks":
        """The first link of the page that leads to such an address."""
        links = [unescape(link) for link in re.findall(r'href="([^"]+)"', self.text)]
        found = [link for link in links if re.fullmatch(pattern, link)]
        assert found, (pattern, links)
        return self.goes(found[0])

    def fills_in(self, **fields: str) -> "Clicks":
        """The page's form with its defaults, these fields typed over, and its button "Preview"."""
        form = self.page.context["form"]
        given = {name: form[name].value() or first_choice(form.fields[name]) for name in form.fields}
        given = {name: value for name, value in given.items() if value not in (None, "", False)}
        path = self.page.wsgi_request.path
        self.page = self.client.post(path, {**given, **fields, "key": self.page.context["key"], "step": "preview"})
        return self

    def confirms(self) -> "Clicks":
        self.page = self.client.post(self.page.wsgi_request.path, confirmation(self.page), follow=True)
        return self

    @property
    def text(self) -> str:
        return str(self.page.content.decode())

    def sees(self, *texts: str) -> "Clicks":
        plain = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.text)))
        for text in texts:
            assert text in plain, (text, plain)
        return self

    @property
    def address(self) -> str:
        """Where the redirects ended."""
        return str(self.page.wsgi_request.path)


def first_choice(field: Any) -> Any:
    """What a list shows and sends while nobody touches it; of buttons none is pressed."""
    is_list = hasattr(field, "choices") and not isinstance(field.widget, RadioSelect)
    return next((value for value, _ in field.choices), "") if is_list else None


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def emma(sky: Program) -> Membership:
    customer = create_customer(first_name="Emma", last_name="Moore", phone="+43 664 1234567", actor=ACTOR)
    return enrol(customer, program=sky, actor=ACTOR)


def test_wrong_points_were_booked_yesterday(sky: Program, till: Caller, emma: Membership) -> None:
    wrong = earned(till, emma, 500, reference="R-17, should have been 50")
    later(sky, days=1)
    susan = Clicks("susan", Role.SUPERVISOR)
    susan.finds(emma.number).follows(r"/desk/memberships/\d+").follows(rf"/desk/postings/{wrong}")
    susan.sees("500").follows(rf"/desk/postings/{wrong}/reverse")
    susan.fills_in(reason_code="booked-wrongly", note="receipt R-17").sees("500 of 500 Miles are moved back.")
    assert till.lines_of(emma) == [("earn", 500, 500)]
    susan.sees("Nothing was done yet.").confirms().sees("Done: Reverse a posting")
    susan.follows(r"/desk/memberships/\d+/adjust\?reason_code=booked-wrongly")
    susan.fills_in(points="50", note="receipt R-17").confirms().sees("Done: Adjust points", "(balance 50)")
    assert till.lines_of(emma) == [("earn", 500, 500), ("reverse", -500, 0), ("adjust", 50, 50)]
    assert Posting.objects.latest("pk").reason_code == "booked-wrongly"
    susan.follows(r"/desk/memberships/\d+").sees("50")


def test_a_customer_asks_why_points_are_gone(sky: Program, till: Caller, emma: Membership) -> None:
    rule(sky, expiry_policy=ExpiryPolicy.AFTER_DAYS, expiry_length=10)
    earned(till, emma, 100)
    later(sky, days=8)
    earned(till, emma, 200)
    redeemed(till, emma, 30)
    later(sky, days=7)
    run("expire_points")
    agnes = Clicks("agnes", Role.SUPPORT_AGENT)
    before = everything()
    agnes.finds("+43 664 1234567").sees("E*** M***", "200")
    assert agnes.address.startswith("/desk/customers/")
    agnes.follows(r"/desk/memberships/\d+").follows(r"/desk/memberships/\d+/statement.*").sees("\u221270", "Expired")
    agnes.follows(r"/desk/memberships/\d+").follows(r"/desk/memberships/\d+/explain.*").sees("200")
    assert everything() == before


def test_goodwill_above_the_limit_needs_a_second_person(sky: Program, till: Caller, emma: Membership) -> None:
    agnes = Clicks("agnes", Role.SUPPORT_AGENT)
    agnes.finds(emma.number).follows(r"/desk/memberships/\d+").follows(r"/desk/memberships/\d+/adjust")
    agnes.sees("a second person is asked and nothing is booked until then")
    agnes.fills_in(points="5000", reason_code="goodwill", note="two hours in the queue")
    agnes.sees("it waits for a second person").confirms().sees("it waits for a second person")
    assert till.points_of(emma) == {"miles": 0, "status": 0}
    pk = Adjustment.objects.get().pk
    assert agnes.client.get(f"/desk/adjustments/{pk}").status_code == 403

    susan, oscar = Clicks("susan", Role.SUPERVISOR), Clicks("oscar", Role.SUPERVISOR)
    for one in (susan, oscar):
        one.goes("/desk/work/adjustments").follows(rf"/desk/adjustments/{pk}").sees("two hours in the queue", "agnes")
        one.fills_in(decision="approve", note="heard the recording").sees("Approved: the points are booked.")
    susan.confirms().sees("Done: Decide about an adjustment")
    oscar.confirms().sees("This is not possible now", f"Adjustment {pk} was posted already.", "susan")
    assert till.lines_of(emma) == [("adjust", 5000, 5000)]
    assert Adjustment.objects.get().decided_by_id == susan.user.pk
