"""Benefits and the tiers that give them, in the back office."""

import pytest
from django.test import Client

from programs.models import Benefit, Tier, TierBenefit
from tests.factories import make_program
from tests.programs.test_admin_programs import desk  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
URL = "/admin/programs/tierbenefit/"


def asked(tier: Tier, benefit: Benefit) -> dict[str, object]:
    return {"program": benefit.program_id, "tier": tier.pk, "benefit": benefit.pk, "change_reason": "as agreed"}


def test_a_tier_is_given_a_benefit_and_loses_it(desk: Client) -> None:  # noqa: F811 - the fixture
    sky = make_program("sky")
    posted = {"program": sky.pk, "name": "Lounge", "code": "lounge", "description": "", "change_reason": "as agreed"}
    assert desk.post("/admin/programs/benefit/add/", posted).status_code == 302
    lounge, gold = Benefit.objects.get(), Tier.objects.get(code="gold")
    assert desk.post(f"{URL}add/", asked(gold, lounge)).status_code == 302
    given = TierBenefit.objects.get()
    assert (given.tier, given.group_id, given.benefit) == (gold, gold.group_id, lounge)
    assert desk.post(f"{URL}{given.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not TierBenefit.objects.exists()


def test_a_benefit_is_given_from_a_tier_upwards_and_only_where_it_was_not(
    desk: Client,  # noqa: F811 - the fixture
) -> None:
    sky = make_program("sky")
    make_program("sea")
    lounge = Benefit.objects.create(program=sky, code="lounge", name="Lounge")
    blue, gold = Tier.objects.filter(group__program=sky).order_by("rank")
    platinum = Tier.objects.create(group=gold.group, code="platinum", name="Platinum", rank=2, threshold=9000)
    assert "Also for the tiers above" in desk.get(f"{URL}add/").content.decode()
    assert desk.post(f"{URL}add/", asked(platinum, lounge)).status_code == 302
    assert desk.post(f"{URL}add/", asked(gold, lounge) | {"and_above": "on"}).status_code == 302
    rows = TierBenefit.objects.order_by("pk").values_list("tier", "group", "program", "benefit")
    assert list(rows) == [(tier.pk, gold.group_id, sky.pk, lounge.pk) for tier in (platinum, gold)]
    assert not TierBenefit.objects.filter(tier=blue).exists()
    bag = Benefit.objects.create(program=sky, code="bag", name="Bag")
    assert desk.post(f"{URL}add/", asked(blue, bag) | {"and_above": "on"}).status_code == 302
    assert set(TierBenefit.objects.filter(benefit=bag).values_list("tier", flat=True)) == {
        blue.pk,
        gold.pk,
        platinum.pk,
    }
    given = TierBenefit.objects.get(tier=platinum, benefit=bag)
    assert given.history.get().history_user_id is not None
    assert "Also for the tiers above" not in desk.get(f"{URL}{given.pk}/change/").content.decode()


def test_tier_and_benefit_are_of_one_program(desk: Client) -> None:  # noqa: F811 - the fixture
    make_program("sky")
    lounge = Benefit.objects.create(program=make_program("sea"), code="lounge", name="Lounge")
    gold = Tier.objects.get(code="gold", group__program__code="sky")
    page = desk.post(f"{URL}add/", asked(gold, lounge))
    assert page.status_code == 200
    assert not TierBenefit.objects.exists()
