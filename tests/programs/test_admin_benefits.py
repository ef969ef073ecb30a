"""Benefits and the tiers that give them, in the back office."""

import re

import pytest
from django.test import Client

from programs.models import Benefit, Tier, TierBenefit
from programs.tier_benefits import give_from, give_those_below
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


def ladder() -> tuple[Tier, Tier, Benefit, Benefit]:
    """Blue gives a bag, Gold the bag and the lounge."""
    sky = make_program("sky")
    bag = Benefit.objects.create(program=sky, code="bag", name="Bag")
    lounge = Benefit.objects.create(program=sky, code="lounge", name="Lounge")
    blue, gold = Tier.objects.filter(group__program=sky).order_by("rank")
    give_from(blue, bag)
    give_from(gold, lounge)
    return blue, gold, bag, lounge


def given_by(code: str) -> list[str]:
    return list(TierBenefit.objects.filter(tier__code=code).order_by("pk").values_list("benefit__code", flat=True))


def new_tier(gold: Tier, **more: object) -> dict[str, object]:
    """The form of a tier above Gold."""
    asked = {"group": gold.group_id, "rank": 2, "name": "Platinum", "code": "platinum", "threshold": 9000}
    return asked | {"color": "", "change_reason": "as agreed"} | more


def test_a_tier_added_gets_the_benefits_of_the_one_below_unless_told_otherwise(
    desk: Client,  # noqa: F811 - the fixture
) -> None:
    _blue, gold, _bag, _lounge = ladder()
    url = "/admin/programs/tier/"
    page = desk.get(f"{url}add/").content.decode()
    assert "With the benefits of the tier below" in page
    assert re.search(r'<input[^>]*name="with_benefits"[^>]* checked', page)
    assert desk.post(f"{url}add/", new_tier(gold, with_benefits="on")).status_code == 302
    assert given_by("platinum") == ["bag", "lounge"]
    row = TierBenefit.objects.get(tier__code="platinum", benefit__code="lounge")
    assert (row.group_id, row.program_id) == (gold.group_id, gold.group.program_id)
    assert row.history.get().history_user_id is not None
    bare = new_tier(gold, rank=3, code="black", name="Black")
    assert desk.post(f"{url}add/", bare).status_code == 302
    assert given_by("black") == []
    assert (given_by("blue"), given_by("gold")) == (["bag"], ["bag", "lounge"])
    black = Tier.objects.get(code="black")
    assert "With the benefits of the tier below" not in desk.get(f"{url}{black.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("boxes", "silver", "platinum"), [({"with_benefits": "on"}, ["bag"], ["bag", "lounge"]), ({}, [], [])]
)
def test_tiers_added_in_their_group_get_them_too_each_from_the_one_below_it(
    desk: Client,  # noqa: F811 - the fixture
    boxes: dict[str, str],
    silver: list[str],
    platinum: list[str],
) -> None:
    blue, gold, _bag, _lounge = ladder()
    group = gold.group
    gold.rank = 2
    gold.save()
    url = f"/admin/programs/tiergroup/{group.pk}/change/"
    assert "Tiers added below get the benefits of the tier under them" in desk.get(url).content.decode()
    old = desk.get(f"{url.removesuffix('change/')}history/{group.history.latest().pk}/")
    assert (old.status_code, "Tiers added below" in old.content.decode()) == (200, False)
    fields: dict[str, object] = {
        "name": group.name, "fed_by": group.fed_by, "point_type": group.point_type_id, "attribute": "",
        "period": group.period, "period_months": group.period_months or "", "downgrade": group.downgrade,
        "change_reason": "two more", "tiers-TOTAL_FORMS": 4, "tiers-INITIAL_FORMS": 2, **boxes,
    }  # fmt: skip
    rows = [
        {"id": blue.pk, "rank": 0, "code": "blue", "name": blue.name, "threshold": blue.threshold},
        {"id": gold.pk, "rank": 2, "code": "gold", "name": gold.name, "threshold": gold.threshold},
        {"rank": 3, "code": "platinum", "name": "Platinum", "threshold": 9000},
        {"rank": 1, "code": "silver", "name": "Silver", "threshold": 100},
    ]
    for at, row in enumerate(rows):
        fields |= {f"tiers-{at}-{name}": value for name, value in (row | {"group": group.pk, "color": ""}).items()}
    answer = desk.post(url, fields)
    assert answer.status_code == 302, answer.context["errors"]
    assert (given_by("silver"), given_by("platinum")) == (silver, platinum)
    assert (given_by("blue"), given_by("gold")) == (["bag"], ["bag", "lounge"])


def test_the_lowest_tier_has_none_below_it(db: None) -> None:
    blue, _gold, _bag, _lounge = ladder()
    TierBenefit.objects.filter(tier=blue).delete()
    assert give_those_below(blue) == []
    assert given_by("blue") == []
