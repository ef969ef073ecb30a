import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from cards.models import Card
from memberships.enrolment import enrol
from memberships.models import CardHolding, Membership
from tests.changes import anonymous
from tests.factories import ACTOR

PAGES = ("member", "membership", "tierstanding", "cardholding", "termsacceptance", "membershipterm")


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    user = get_user_model().objects.create_superuser(username="root", password="secret-of-root")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_every_page_shows_and_nothing_can_be_written(staff, sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    for page in PAGES:
        assert staff.get(f"/admin/memberships/{page}/").status_code == 200, page
        assert staff.get(f"/admin/memberships/{page}/add/").status_code == 403, page
    assert staff.get("/admin/cards/numberregistry/").status_code == 200
    card = Card.objects.get()
    for path in (f"memberships/membership/{membership.pk}", f"cards/card/{card.pk}"):
        assert staff.get(f"/admin/{path}/history/").status_code == 200
        assert staff.get(f"/admin/{path}/delete/").status_code == 403
        assert staff.post(f"/admin/{path}/change/", {"status": "suspended"}).status_code == 403
    shown = staff.get(f"/admin/memberships/membership/{membership.pk}/change/").content.decode()
    assert "earn, redeem, hold" in shown
    assert staff.get(f"/admin/memberships/membership/?q={membership.number}").content.decode().count(membership.number)
    assert staff.get(f"/admin/cards/card/?q={card.number_id}").status_code == 200
    membership.refresh_from_db()
    assert (membership.status, membership.version) == ("active", 1)
    assert Membership.objects.count() == 1


def test_anonymous_memberships_are_listed_found_by_their_card_and_lead_to_the_exception(staff, sky, emma):
    known, nobody = enrol(emma, program=sky, actor=ACTOR), anonymous(sky)
    listed = staff.get("/admin/memberships/membership/?type__exact=anonymous").content.decode()
    assert nobody.number in listed
    assert known.number not in listed
    card = CardHolding.objects.get(membership=nobody).card
    found = staff.get(f"/admin/memberships/membership/?q={card.number_id}").content.decode()
    assert nobody.number in found
    assert known.number not in found
    tasks = {
        one.pk: staff.get(f"/admin/memberships/membership/{one.pk}/change/").content.decode() for one in (nobody, known)
    }
    assert f"/desk/memberships/{nobody.pk}/allow-redemption" in tasks[nobody.pk]
    assert f"/desk/memberships/{known.pk}/allow-redemption" not in tasks[known.pk]
