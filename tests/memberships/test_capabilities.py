"""Who may spend from points that several use, and what a suspended member may (domain 1.2, 1.4, 1.5)."""

from typing import Any

import pytest

from activities.calls import PointsCall
from activities.earning import earn
from activities.holding import HoldCall, hold_points
from activities.redeeming import redeem
from activities.transferring import TransferCall, transfer_points
from gateway.models import Event
from memberships.able import reason_against
from memberships.capabilities import CAPABILITIES, able_states, can, capabilities_of
from memberships.errors import MembershipNotAble, NotAMember
from memberships.lifecycle import suspend_member
from memberships.models import Member, Membership
from memberships.types import SPENDING
from points.models import Hold, PointAccountSet, Posting
from programs.design import Design, design_of
from programs.models import Program
from tests import changes
from tests.changes import anonymous, group_of, organization_pool, pool_of
from tests.factories import ACTOR, counted, make_membership, member_of

pytestmark = pytest.mark.django_db
NOTHING = (Posting, Hold, Event)
ONLY_OWNER = "only the owner of this shared account redeems from it"
ONLY_MAIN = "only the main member of this group redeems in it"


@pytest.fixture
def owners_only(miles: Program) -> Program:
    miles.pool_redeemers = "owner"
    miles.save()
    return miles


def able(membership: Membership, design: Design, person: str = "") -> set[str]:
    """What the membership may, or the person in it."""
    row = Membership.objects.get(pk=membership.pk)
    member = Member.objects.get(membership=row, customer__name=person) if person else None
    return {one for one in CAPABILITIES if can(row, one, design, member=member)}


def person(name: str) -> int:
    return Member.objects.get(customer__name=name, current=True).customer_id


def spending(membership: Membership, to: Membership, member: int | None = None) -> list[Any]:
    """Every verb that takes 10 points out."""
    return [
        lambda: redeem(PointsCall(membership.pk, 10, member=member), actor=ACTOR),
        lambda: hold_points(HoldCall(membership.pk, 10, member=member), actor=ACTOR),
        lambda: transfer_points(TransferCall(membership.pk, to.pk, 10, member=member), actor=ACTOR),
    ]


def test_any_member_spends_from_a_pool_or_in_a_group(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin", "John")
    moores = group_of(miles, "Mia", "Max")
    design = design_of(miles.pk)
    assert able(katrin, design) == able(john, design) == able(moores, design) == set(CAPABILITIES)
    assert able(moores, design, "Max") == able(john, design, "John") == set(CAPABILITIES)


def test_where_the_program_says_so_only_the_owner_spends_from_a_pool(owners_only: Program) -> None:
    katrin, john = pool_of(owners_only, "Katrin", "John")
    design = design_of(owners_only.pk)
    assert able(katrin, design) == able(katrin, design, "Katrin") == set(CAPABILITIES)
    assert able(john, design) == able(john, design, "John") == set(CAPABILITIES) - SPENDING
    assert {reason_against(john, one, design) for one in SPENDING} == {ONLY_OWNER}
    assert capabilities_of(john, design) == {one: one not in SPENDING for one in CAPABILITIES}


def test_where_the_program_says_so_only_the_main_member_spends_in_a_group(owners_only: Program) -> None:
    moores = group_of(owners_only, "Mia", "Max")
    design = design_of(owners_only.pk)
    assert able(moores, design) == able(moores, design, "Mia") == set(CAPABILITIES)
    assert able(moores, design, "Max") == set(CAPABILITIES) - SPENDING
    max_ = Member.objects.get(customer__name="Max")
    assert {reason_against(moores, one, design, member=max_) for one in SPENDING} == {ONLY_MAIN}


def test_a_pool_handed_over_is_its_new_owners(owners_only: Program) -> None:
    katrin, john = pool_of(owners_only, "Katrin", "John")
    PointAccountSet.objects.filter(pk=katrin.pool_id).update(owner=member_of(john))
    design = design_of(owners_only.pk)
    assert (able(john, design), able(katrin, design)) == (set(CAPABILITIES), set(CAPABILITIES) - SPENDING)


def test_a_pool_without_an_owner_is_nobodys_to_spend(owners_only: Program) -> None:
    katrin, _ = pool_of(owners_only, "Katrin", "John")
    PointAccountSet.objects.filter(pk=katrin.pool_id).update(owner=None)
    assert able(katrin, design_of(owners_only.pk)) == set(CAPABILITIES) - SPENDING


def test_the_verbs_refuse_who_is_not_the_owner_and_change_nothing(owners_only: Program) -> None:
    katrin, john = pool_of(owners_only, "Katrin", "John")
    other = make_membership(owners_only, "Other")
    changes.earn(john, 100)
    before = counted(*NOTHING)
    for verb in spending(john, other):
        with pytest.raises(MembershipNotAble) as refused:
            verb()
        assert refused.value.message.endswith(f"{ONLY_OWNER}.")
        assert (refused.value.code, refused.value.status) == ("membership_not_able", 422)
    assert counted(*NOTHING) == before
    for verb in spending(katrin, other):
        verb()
    balances = redeem(PointsCall(katrin.pk, 10), actor=ACTOR)["balances"]
    assert [(one["balance"], one["available"], one["pooled"]) for one in balances] == [(70, 60, True)]


def test_in_a_group_the_member_named_counts_and_else_the_main_one(owners_only: Program) -> None:
    moores, other = group_of(owners_only, "Mia", "Max"), make_membership(owners_only, "Other")
    changes.earn(moores, 100)
    before = counted(*NOTHING)
    for verb in spending(moores, other, person("Max")):
        with pytest.raises(MembershipNotAble) as refused:
            verb()
        assert refused.value.message.endswith(f"{ONLY_MAIN}.")
    assert counted(*NOTHING) == before
    for verb in spending(moores, other):
        verb()
    assert set(Posting.objects.filter(kind__in=["redeem", "transfer"]).values_list("person", flat=True)) == {
        person("Mia")
    }
    earn(PointsCall(moores.pk, 5, member=person("Max")), actor=ACTOR)
    assert Posting.objects.latest("pk").person_id == person("Max")


def test_who_takes_no_part_is_not_a_member(miles: Program) -> None:
    moores, other = group_of(miles, "Mia", "Max"), make_membership(miles, "Other")
    changes.earn(moores, 100)
    before = counted(*NOTHING)
    for verb in [
        *spending(moores, other, member_of(other)),
        lambda: earn(PointsCall(moores.pk, 10, member=member_of(other)), actor=ACTOR),
    ]:
        with pytest.raises(NotAMember) as refused:
            verb()
        assert (refused.value.code, refused.value.status) == ("not_a_member", 422)
    assert counted(*NOTHING) == before


def test_a_suspended_member_does_nothing_and_the_others_go_on(miles: Program) -> None:
    moores, other = group_of(miles, "Mia", "Max"), make_membership(miles, "Other")
    changes.earn(moores, 100)
    suspend_member(Member.objects.get(customer__name="Max"), actor=ACTOR, reason="fraud")
    before = counted(*NOTHING)
    for verb in [
        *spending(moores, other, person("Max")),
        lambda: earn(PointsCall(moores.pk, 10, member=person("Max")), actor=ACTOR),
    ]:
        with pytest.raises(MembershipNotAble) as refused:
            verb()
        assert refused.value.facts["member_suspended"] is True
    assert counted(*NOTHING) == before
    earn(PointsCall(moores.pk, 10), actor=ACTOR)
    for verb in spending(moores, other, person("Mia")):
        verb()
    assert able(moores, design_of(miles.pk), "Max") == {"adjust", "tier_review"}


def test_a_suspended_main_member_is_still_the_one_who_acts_where_nobody_is_named(miles: Program) -> None:
    moores = group_of(miles, "Mia", "Max")
    suspend_member(Member.objects.get(customer__name="Mia"), actor=ACTOR, reason="fraud")
    with pytest.raises(MembershipNotAble):
        earn(PointsCall(moores.pk, 10), actor=ACTOR)
    assert earn(PointsCall(moores.pk, 10, member=person("Max")), actor=ACTOR)["membership"] == moores.pk


def test_an_anonymous_membership_redeems_by_exception_only(miles: Program) -> None:
    found, other = anonymous(miles), make_membership(miles, "Other")
    earn(PointsCall(found.pk, 50), actor=ACTOR)
    design = design_of(miles.pk)
    assert able(found, design) == {"earn", "adjust", "tier_review", "use_card"}
    assert reason_against(found, "redeem", design) == "an anonymous membership redeems by exception only"
    before = counted(*NOTHING)
    for verb in spending(found, other):
        with pytest.raises(MembershipNotAble):
            verb()
    assert counted(*NOTHING) == before
    found.redeem_override = True
    found.save()
    redeeming, holding, giving = spending(found, other)
    redeeming(), holding()
    with pytest.raises(MembershipNotAble):
        giving()


def test_an_organization_does_nothing_with_points_and_its_members_do(miles: Program) -> None:
    organization, (eve,) = organization_pool(miles, "Eve")
    assert able(organization, design_of(miles.pk)) == set()
    other = make_membership(miles, "Other")
    before = counted(*NOTHING)
    for verb in [
        *spending(organization, other),
        lambda: earn(PointsCall(organization.pk, 10), actor=ACTOR),
    ]:
        with pytest.raises(MembershipNotAble):
            verb()
    assert counted(*NOTHING) == before
    assert earn(PointsCall(eve.pk, 10), actor=ACTOR)["balances"][0]["pooled"] is True


def test_no_online_form_decides_for_a_pool_or_a_group_where_only_the_owner_spends(owners_only: Program) -> None:
    design = design_of(owners_only.pk)
    for capability in SPENDING:
        assert able_states(design, capability) == ["active/standard"]
    assert able_states(design, "transfer_in") == ["active/standard", "active/shared", "active/group"]
