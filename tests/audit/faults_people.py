"""Faults of memberships, cards, customers, activities and history."""

from django.db.models import QuerySet

from activities.models import MemberActivity
from cards.models import NumberRegistry
from customers.models import Address, CustomerNumber
from gateway.models import IdempotencyRecord
from memberships.models import CardHolding, Member, Membership, TierStanding
from points.models import PointAccount, PointAccountSet
from programs.models import Program, Tier

from .faults import fault
from .world import World, days


def _membership(w: World, name: str, **values: object) -> None:
    _save(Membership.objects.get(pk=w.memberships[name].pk), **values)


def _save(row: object, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()  # type: ignore[attr-defined]


@fault("A02")
def pool_that_does_not_exist(w: World) -> None:
    _membership(w, "ada", pool_id=0)


@fault("A03")
def pool_that_is_none(w: World) -> None:
    PointAccountSet.objects.filter(is_pool=True).update(is_pool=False)


@fault("A04")
def pool_of_one(w: World) -> None:
    _membership(w, "jane", type="standard", pool=None)


@fault("A05")
def own_account_open_while_pooled(w: World) -> None:
    PointAccount.objects.filter(pk=w.account("jane").pk).update(closed=False)


@fault("A06")
def points_left_after_their_rest(w: World) -> None:
    _membership(w, "ada", rests_until=w.now - days(10))


@fault("A07")
def set_of_nobody(w: World) -> None:
    w.open_set()


@fault("M01")
def two_participations(w: World) -> None:
    w.membership("twin", "katrin")


@fault("M02")
def group_without_main_member(w: World) -> None:
    _membership(w, "moore", main_member=None)


@fault("M03")
def standard_membership_of_nobody(w: World) -> None:
    w.membership("empty")


@fault("M04")
def person_twice_in_a_membership(w: World) -> None:
    one = Member.objects.get(membership=w.memberships["ada"])
    _save(one, ended_at=None)
    _save(one, pk=None, _state=Member()._state)


@fault("M05")
def number_given_twice(w: World) -> None:
    _membership(w, "katrin", number=w.memberships["michael"].number)


@fault("M06")
def end_without_reason(w: World) -> None:
    _membership(w, "ada", end_reason="")


@fault("M07")
def successor_of_a_current_membership(w: World) -> None:
    _membership(w, "michael", superseded_by=w.memberships["katrin"])


@fault("M07")
def successors_in_a_circle(w: World) -> None:
    _membership(w, "ada", superseded_by=w.memberships["ada"])


@fault("M08")
def posted_after_the_end(w: World) -> None:
    _membership(w, "ada", ended_at=w.now - days(60))


@fault("M09")
def merged_customer_takes_part(w: World) -> None:
    _save(w.customers["katrin"], merged_into=w.customers["michael"])


@fault("M10")
def member_current_in_an_ended_membership(w: World) -> None:
    _save(Member.objects.get(membership=w.memberships["ada"]), current=True)


@fault("M11")
def two_tiers_on_a_ladder(w: World) -> None:
    silver = Tier.objects.get(code="silver", group__program=w.north)
    TierStanding.objects.create(
        membership=w.memberships["michael"],
        program=w.north,
        group=silver.group,
        tier=silver,
        since=w.now,
        source="earned",
    )


@fault("K01")
def number_on_two_cards(w: World) -> None:
    _save(w.card("katrin"), number=w.card("michael").number)


@fault("K02")
def active_card_of_nobody(w: World) -> None:
    w.new_card(status="active")


@fault("K03")
def unused_card_with_a_first_use(w: World) -> None:
    w.new_card(kind="temporary", status="created")


@fault("K04")
def anonymous_membership_with_two_cards(w: World) -> None:
    w.hold_card("anonymous", None, kind="temporary")


@fault("K05")
def member_without_main_card(w: World) -> None:
    _save(w.card("katrin"), kind="additional")


@fault("K06")
def replaced_card_still_in_use(w: World) -> None:
    w.new_card(status="blocked", successor=w.card("michael"))


@fault("K07")
def card_of_one_who_left(w: World) -> None:
    _save(w.join("moore", "ada"), ended_at=w.now - days(1))


@fault("K08")
def card_number_registered_as_external(w: World) -> None:
    NumberRegistry.objects.filter(number=w.card("katrin").number_id).update(kind="external")


@fault("K09")
def card_held_before_joining(w: World) -> None:
    _save(CardHolding.objects.get(membership=w.memberships["katrin"]), held_from=w.now - days(200))


@fault("N01")
def customer_without_registered_number(w: World) -> None:
    CustomerNumber.objects.filter(customer=w.customers["katrin"]).delete()


@fault("T01")
def failed_activity_with_a_posting(w: World) -> None:
    MemberActivity.objects.filter(posting=w.postings["earn"]).update(status="failed")


@fault("T02")
def activity_of_another_membership(w: World) -> None:
    MemberActivity.objects.filter(posting=w.postings["earn"]).update(membership=w.memberships["katrin"])


@fault("H01")
def changed_without_history(w: World) -> None:
    QuerySet(Program).filter(pk=w.north.pk).update(name="Renamed in silence")


@fault("H02")
def deleted_without_history(w: World) -> None:
    rows = QuerySet(Address).filter(customer=w.customers["michael"])
    rows._raw_delete(rows.db)


@fault("H03")
def erased_customer_with_a_name(w: World) -> None:
    _save(w.customers["gone"], name="Still here")


@fault("H03")
def erased_customer_in_a_kept_answer(w: World) -> None:
    IdempotencyRecord.objects.filter(key_digest=b"k" * 32).update(customers=[w.customers["gone"].pk])
