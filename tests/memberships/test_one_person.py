"""One person with two records: what only one of them takes part in is handed over, what both do is merged first."""

from typing import Any

import pytest

from activities.calls import PointsCall
from activities.earning import earn as earn_points
from cards.models import Card
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError
from common.history import audit_context
from customers.errors import NotOnePerson
from customers.merging import confirm_duplicate, merge_customers
from customers.models import Customer, DuplicateCustomer
from gateway.models import Event
from memberships.card_holding import cards_in_hand
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import MembershipBusy
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.ending import terminate
from memberships.errors import DoubleMemberships
from memberships.lifecycle import reinstate
from memberships.models import CardHolding, Member, Membership, MembershipChange
from memberships.one_person import doubles, unite_people
from memberships.persons import same_person_ids, surviving_id
from memberships.targets import find_target
from points.models import Entry, Lot, PointAccount, PointAccountSet, Posting
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, earn, group_of, pair, people_of, pool_of
from tests.factories import ACTOR, account_of, actor_in, make_customer, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def stars(db: None) -> Program:
    return make_program("stars")


@pytest.fixture
def katrin(db: None) -> Customer:
    """The record that stays; it takes part in nothing yet."""
    return make_customer("Katrin Bauer")


def customer_of(membership: Membership) -> Customer:
    return Customer.objects.get(pk=member_of(membership))


def everything() -> dict[str, Any]:
    models = (
        Customer, DuplicateCustomer, Membership, Member, CardHolding, PointAccountSet, PointAccount, Posting, Event,
    )  # fmt: skip
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


def united(customer: Customer, duplicate: Customer) -> DuplicateCustomer:
    return unite_people(customer, duplicate=duplicate, actor=ACTOR, reason="same passport")


def proposed(prime: Membership, secondary: Membership, **values: Any) -> MembershipChange:
    given = {"kind": "merge", "prime_id": prime.pk, "secondary_id": secondary.pk, "result_type": "standard"} | values
    return propose(Proposal(**given), actor=ACTOR)


def carried_out(change: MembershipChange) -> Customer | None:
    """The record the change's second person went into, None where the records are still two."""
    carry_out(agree(change), actor=ACTOR)
    merged = DuplicateCustomer.objects.filter(status="merged").select_related("customer").first()
    return merged.customer if merged else None


def test_case_78_the_identity_merge_stops_at_a_membership_merge_proposal(miles: Program) -> None:
    stays, goes = pair(miles, "Katrin Bauer", "Kathrin Bauer")
    katrin, again = customer_of(stays), customer_of(goes)
    earn(stays, 300)
    earn(goes, 200)
    confirm_duplicate(katrin, duplicate=again, actor=ACTOR, reason="same passport")
    before = everything()
    with pytest.raises(DoubleMemberships, match="Both records take part in Miles. First propose a merge") as refused:
        merge_customers(katrin, duplicate=again, actor=ACTOR, reason="same passport")
    assert refused.value.code == "double_memberships"
    assert refused.value.facts == {
        "programs": [
            {
                "program": "miles", "prime": stays.pk, "secondary": goes.pk, "kind": "merge",
                "result_type": "standard",
            }
        ],
        "elsewhere": 0,
    }  # fmt: skip
    assert everything() == before


def test_finding_out_marks_the_pair_and_the_change_finishes_both(miles: Program) -> None:
    stays, goes = pair(miles, "Katrin Bauer", "Kathrin Bauer")
    katrin, again = customer_of(stays), customer_of(goes)
    earn(stays, 300)
    earn(goes, 200)
    assert united(katrin, again).status == "confirmed"
    assert Customer.objects.get(pk=again.pk).merged_into is None
    assert carried_out(proposed(stays, goes)) == katrin
    again.refresh_from_db()
    assert (again.status, again.merged_into) == ("closed", katrin)
    assert DuplicateCustomer.objects.get().status == "merged"
    assert account_of(stays).balance == 500
    assert people_of(stays) == [katrin.pk]
    assert find_target(ACTOR, at=clock.now(), member_number=goes.number).membership == stays
    assert_audit_clean()


def test_the_membership_of_the_record_that_goes_may_be_the_one_that_stays(miles: Program) -> None:
    mine, others = pair(miles, "Katrin Bauer", "Kathrin Bauer")
    katrin, again = customer_of(mine), customer_of(others)
    united(katrin, again)
    assert carried_out(proposed(others, mine)) == katrin
    assert people_of(others) == [katrin.pk]
    assert set(cards_in_hand(others).values_list("holdings__customer", flat=True)) >= {katrin.pk}
    assert_audit_clean()


def test_the_last_of_several_programs_finishes_it(miles: Program, stars: Program) -> None:
    (first, second), (third, fourth) = pair(miles, "Katrin", "Kathrin"), pair(stars, "x", "y")
    for membership, source in ((third, first), (fourth, second)):
        with audit_context(ACTOR, "test"):
            member = Member.objects.get(membership=membership)
            member.customer = customer_of(source)
            member.save()
            holding = CardHolding.objects.get(membership=membership)
            holding.customer = customer_of(source)
            holding.save()
    katrin, again = customer_of(first), customer_of(second)
    united(katrin, again)
    assert [one.prime.program.code for one in doubles(katrin, duplicate=again)] == ["miles", "stars"]
    assert carried_out(proposed(first, second)) is None
    assert Customer.objects.get(pk=again.pk).merged_into is None
    assert carried_out(proposed(third, fourth)) == katrin
    assert Customer.objects.get(pk=again.pk).merged_into == katrin
    assert_audit_clean()


def test_a_change_of_other_people_unites_nobody(miles: Program) -> None:
    stays, goes = pair(miles, "Katrin Bauer", "Kathrin Bauer")
    anna, ben = pair(miles)
    united(customer_of(stays), customer_of(goes))
    assert carried_out(proposed(anna, ben, result_type="shared")) is None
    assert DuplicateCustomer.objects.get().status == "confirmed"


def test_two_members_of_one_group_are_told_to_leave(miles: Program) -> None:
    group = group_of(miles, "Mia Moore", "Max Moore", "Mia Moore again")
    mia, again = (Customer.objects.get(name=name) for name in ("Mia Moore", "Mia Moore again"))
    confirm_duplicate(mia, duplicate=again, actor=ACTOR, reason="?")
    with pytest.raises(DoubleMemberships, match="let one leave its group or pool before") as refused:
        merge_customers(mia, duplicate=again, actor=ACTOR, reason="?")
    assert refused.value.facts["programs"] == [{"program": "miles", "prime": group.pk, "kind": "split"}]


def test_the_membership_that_shares_with_others_goes_on_whichever_record_stays(miles: Program) -> None:
    (stays,) = pair(miles, "Katrin Bauer")
    goes, john = pool_of(miles, "Kathrin Bauer", "John Miller")
    katrin, again = customer_of(stays), customer_of(goes)
    earn(stays, 70)
    united(katrin, again)
    with pytest.raises(DoubleMemberships) as refused:
        merge_customers(katrin, duplicate=again, actor=ACTOR, reason="?")
    (told,) = refused.value.facts["programs"]
    assert (told["prime"], told["secondary"], told["result_type"]) == (goes.pk, stays.pk, "shared")
    assert carried_out(proposed(goes, stays, result_type=told["result_type"])) == katrin
    assert people_of(goes) == [katrin.pk]
    assert account_in_use(john).balance == 70
    assert_audit_clean()


def test_where_both_share_with_others_one_leaves_first(miles: Program) -> None:
    group = group_of(miles, "Mia Moore", "Max Moore")
    shared, _ = pool_of(miles, "M. Moore", "John Miller")
    mia, again = Customer.objects.get(name="Mia Moore"), customer_of(shared)
    confirm_duplicate(mia, duplicate=again, actor=ACTOR, reason="?")
    with pytest.raises(DoubleMemberships) as refused:
        merge_customers(mia, duplicate=again, actor=ACTOR, reason="?")
    assert refused.value.facts["programs"] == [{"program": "miles", "prime": group.pk, "kind": "split"}]


def test_programs_of_others_are_not_named(miles: Program, stars: Program) -> None:
    stays, goes = pair(miles, "Katrin Bauer", "Kathrin Bauer")
    actor: Actor = actor_in(stars)
    confirm_duplicate(customer_of(stays), duplicate=customer_of(goes), actor=actor, reason="?")
    with pytest.raises(DoubleMemberships) as refused:
        merge_customers(customer_of(stays), duplicate=customer_of(goes), actor=actor, reason="?")
    assert "Both records take part in a program you have no part in." in refused.value.message
    assert refused.value.facts == {"programs": [], "elsewhere": 1}


def test_the_membership_is_handed_over_with_number_card_tier_and_points(miles: Program, katrin: Customer) -> None:
    membership = make_membership(miles, "Kathrin Bauer")
    again = customer_of(membership)
    earn_points(PointsCall(membership.pk, 300), actor=ACTOR)
    ledger = [list(model.objects.order_by("pk").values()) for model in (Posting, Entry, Lot, PointAccount)]
    standings = list(membership.standings.values())
    assert united(katrin, again).status == "merged"
    after = Membership.objects.get(pk=membership.pk)
    assert (after.number, after.status, after.version) == (membership.number, "active", membership.version + 1)
    members = Member.objects.filter(membership=membership).order_by("pk")
    assert [(one.customer_id, one.ended_at is None) for one in members] == [(again.pk, False), (katrin.pk, True)]
    assert members[0].ended_at == members[1].joined_at
    holdings = CardHolding.objects.filter(membership=membership).order_by("pk")
    assert [(one.customer_id, one.held_until is None) for one in holdings] == [(again.pk, False), (katrin.pk, True)]
    assert Card.objects.get().status == "active"
    assert list(membership.standings.values()) == standings
    assert [list(model.objects.order_by("pk").values()) for model in (Posting, Entry, Lot, PointAccount)] == ledger
    assert Event.objects.filter(kind="membership.member_united").get().facts == {
        "customer": katrin.pk,
        "was": again.pk,
        "version": after.version,
    }
    assert_audit_clean()


def test_the_person_goes_on_earning_by_card_number_and_old_id(miles: Program, katrin: Customer) -> None:
    membership = make_membership(miles, "Kathrin Bauer")
    again, before = customer_of(membership), clock.now()
    united(katrin, again)
    for name in (
        {"card_number": Card.objects.get().number_id},
        {"member_number": membership.number, "member": again.pk},
        {"membership_id": membership.pk, "member": again.pk},
    ):
        for at in (before, clock.now()):
            target = find_target(ACTOR, at=at, **name)  # type: ignore[arg-type]
            assert (target.membership, target.person_id) == (membership, katrin.pk)
    assert find_target(ACTOR, at=clock.now(), membership_id=membership.pk).person_id == katrin.pk


def test_the_number_of_a_membership_that_ended_finds_the_persons_present_one(miles: Program, katrin: Customer) -> None:
    old = make_membership(miles, "Kathrin Bauer")
    again = customer_of(old)
    terminate(old, actor=ACTOR, reason="left")
    present = make_membership(miles, "Someone")
    united(customer_of(present), again)
    target = find_target(ACTOR, at=clock.now(), member_number=old.number)
    assert (target.membership, target.redirected_from) == (present, old.pk)


def test_resting_points_come_back_for_the_record_that_stays(miles: Program, katrin: Customer) -> None:
    membership = make_membership(miles, "Kathrin Bauer")
    earn(membership, 300)
    terminate(membership, actor=ACTOR, reason="left")
    united(katrin, customer_of(membership))
    reinstate(membership, actor=ACTOR, reason="came back")
    assert people_of(membership) == [katrin.pk]
    assert account_of(membership).balance == 300
    assert_audit_clean()


def test_the_owner_of_a_pool_and_the_main_of_a_group_stay_so(miles: Program, stars: Program, katrin: Customer) -> None:
    owner, _ = pool_of(miles, "Kathrin Bauer", "John Miller")
    united(katrin, customer_of(owner))
    assert owner.pool is not None
    assert PointAccountSet.objects.get(pk=owner.pool_id).owner_id == katrin.pk
    group = group_of(stars, "Mia Moore", "Max Moore")
    mia, max_moore = people_of(group)
    stays = make_customer("Mia M.")
    united(stays, Customer.objects.get(pk=mia))
    group.refresh_from_db()
    assert group.main_member is not None
    assert (group.main_member.customer_id, group.main_member.ended_at) == (stays.pk, None)
    assert sorted(people_of(group)) == sorted([max_moore, stays.pk])
    assert_audit_clean()


def test_a_suspended_member_stays_suspended(miles: Program, katrin: Customer) -> None:
    membership = make_membership(miles, "Kathrin Bauer")
    member = Member.objects.get(membership=membership)
    with audit_context(ACTOR, "test"):
        member.suspended_at = clock.now()
        member.save()
    united(katrin, customer_of(membership))
    assert Member.objects.get(membership=membership, ended_at=None).suspended_at == member.suspended_at


def test_an_open_change_is_decided_first(miles: Program, katrin: Customer) -> None:
    anna, ben = pair(miles, "Kathrin Bauer", "Ben Miller")
    change = proposed(anna, ben, result_type="shared")
    before = everything()
    with pytest.raises(MembershipBusy, match="carry it out or withdraw it first") as refused:
        united(katrin, customer_of(anna))
    assert refused.value.facts == {"membership": anna.pk, "change": change.pk}
    assert everything() == before


@pytest.mark.parametrize("place", range(4))
def test_a_failure_at_any_step_leaves_everything_as_it_was(
    miles: Program, katrin: Customer, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    membership = make_membership(miles, "Kathrin Bauer")
    again = customer_of(membership)
    confirm_duplicate(katrin, duplicate=again, actor=ACTOR, reason="?")
    before = everything()
    step = (
        "memberships.one_person.record_event",
        "customers.merging._bring_over",
        "customers.merging._close",
        "customers.merging.record_event",
    )[place]

    def fail(*args: Any, **options: Any) -> None:
        raise LoyaltyError("planted")

    monkeypatch.setattr(step, fail)
    with pytest.raises(LoyaltyError, match="planted"):
        merge_customers(katrin, duplicate=again, actor=ACTOR, reason="?")
    assert everything() == before


def test_who_is_the_same_person(miles: Program, katrin: Customer) -> None:
    second, third = make_customer("Kathrin"), make_customer("Catherine")
    assert same_person_ids(katrin.pk) == {katrin.pk}
    united(second, third)
    united(katrin, second)
    for one in (katrin, second, third):
        assert same_person_ids(one.pk) == {katrin.pk, second.pk, third.pk}
        assert surviving_id(one.pk) == katrin.pk
    assert same_person_ids(999_999) == {999_999}


def test_what_was_not_confirmed_is_not_merged(katrin: Customer) -> None:
    with pytest.raises(NotOnePerson):
        merge_customers(katrin, duplicate=make_customer("Kathrin"), actor=ACTOR, reason="?")
