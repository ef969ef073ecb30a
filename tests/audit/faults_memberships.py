"""Faults of memberships, their members, and the sets they use."""

from memberships.models import CardHolding, Member, Membership, TierStanding
from points.models import PointAccount, PointAccountSet, Posting
from programs.models import Tier

from .faults import fault
from .world import World, days


def _membership(w: World, name: str, **values: object) -> None:
    _save(Membership.objects.get(pk=w.memberships[name].pk), **values)


def _reopen(w: World, name: str) -> None:
    PointAccount.objects.filter(account_set=w.memberships[name].own_set_id).update(closed=False)


def _leave(w: World, name: str) -> None:
    """Out of the membership, the card cancelled."""
    holding = CardHolding.objects.get(customer=w.customers[name], held_until=None)
    _save(holding, held_until=w.now - days(1))
    _save(holding.card, status="cancelled", barred_from=w.now - days(1))
    _save(w.member(name), ended_at=w.now - days(1))


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


@fault("A03", "A07")
def own_set_of_two(w: World) -> None:
    _membership(w, "anonymous", own_set_id=w.memberships["katrin"].own_set_id)


@fault("A03", "A04")
def own_set_used_as_a_pool(w: World) -> None:
    _membership(w, "katrin", pool_id=w.memberships["katrin"].own_set_id)


@fault("A04")
def pool_of_one(w: World) -> None:
    _membership(w, "jane", type="standard", pool=None)
    _reopen(w, "jane")


@fault("A04", "A05")
def shared_without_a_pool(w: World) -> None:
    _membership(w, "katrin", type="shared")


@fault("A04")
def standard_membership_on_a_pool(w: World) -> None:
    _membership(w, "michael", pool_id=w.memberships["jane"].pool_id)


@fault("A04")
def outsider_on_the_pool_of_an_organization(w: World) -> None:
    w.customer("zoe")
    w.membership("zoe", "zoe", type="shared", pool=w.memberships["acme"].pool)


@fault("A05")
def own_account_open_while_pooled(w: World) -> None:
    PointAccount.objects.filter(pk=w.account("jane").pk).update(closed=False)


@fault("A05")
def own_account_closed_after_leaving_a_pool(w: World) -> None:
    PointAccount.objects.filter(pk=w.account("michael").pk).update(closed=True)


@fault("A05")
def pool_closed_while_it_is_used(w: World) -> None:
    PointAccount.objects.filter(pk=w.account("jane", pool=True).pk).update(closed=True)


@fault("A05")
def qualifying_points_in_a_pool(w: World) -> None:
    PointAccount.objects.create(account_set=w.memberships["jane"].pool, point_type=w.status, program=w.north)


@fault("A06")
def points_left_after_their_rest(w: World) -> None:
    _membership(w, "ada", rests_until=w.now - days(10))


@fault("A07")
def set_of_nobody(w: World) -> None:
    w.open_set()


@fault("A07", "T02")
def posting_for_a_pool(w: World) -> None:
    Posting.objects.filter(pk=w.postings["pooled"].pk).update(for_set=w.memberships["john"].pool_id)


@fault("A08")
def pool_exempt_though_one_member_is_not(w: World) -> None:
    until = w.now + days(30)
    own_and_pool = [w.memberships["john"].own_set_id, w.memberships["john"].pool_id]
    PointAccountSet.objects.filter(pk__in=own_and_pool).update(exempt_until=until)


@fault("A08")
def pool_not_exempt_though_all_members_are(w: World) -> None:
    own = [w.memberships[name].own_set_id for name in ("john", "jane")]
    PointAccountSet.objects.filter(pk__in=own).update(exempt_until=w.now + days(30))


@fault("A09")
def pool_owned_by_a_stranger(w: World) -> None:
    PointAccountSet.objects.filter(is_pool=True).update(owner=w.customers["michael"])


@fault("A09")
def pool_owned_by_nobody(w: World) -> None:
    PointAccountSet.objects.filter(is_pool=True).update(owner=None)


@fault("M01")
def two_participations(w: World) -> None:
    w.membership("twin", "katrin")


@fault("M02")
def group_without_main_member(w: World) -> None:
    _membership(w, "moore", main_member=None)


@fault("M02")
def main_member_of_another_membership(w: World) -> None:
    _membership(w, "moore", main_member=w.member("katrin"))


@fault("M02")
def main_member_who_left(w: World) -> None:
    w.join("moore", "ada")
    _leave(w, "moore")


@fault("M02")
def main_member_of_a_standard_membership(w: World) -> None:
    _membership(w, "katrin", main_member=w.member("katrin"))


@fault("M03")
def group_of_one(w: World) -> None:
    _leave(w, "emma")


@fault("M03")
def shared_membership_of_two(w: World) -> None:
    w.join("jane", "ada")


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
def merged_into_nothing(w: World) -> None:
    _membership(w, "ada", end_reason="merged", superseded_by=None)


@fault("M07")
def successors_in_a_circle_of_two(w: World) -> None:
    other = w.membership("gone", status="expired", ended_at=w.now - days(5), end_reason="merged")
    _membership(w, "gone", superseded_by=w.memberships["ada"])
    _membership(w, "ada", superseded_by=other)


@fault("M07")
def successors_in_a_circle(w: World) -> None:
    _membership(w, "ada", superseded_by=w.memberships["ada"])


@fault("M08")
def posted_after_the_end(w: World) -> None:
    _membership(w, "ada", ended_at=w.now - days(60))


@fault("M09")
def merged_customer_takes_part(w: World) -> None:
    _save(w.customers["katrin"], merged_into=w.customers["michael"], status="closed")


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
