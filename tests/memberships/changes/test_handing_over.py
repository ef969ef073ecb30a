"""Another main member of a group, another owner of a pool (domain 1.4)."""

from dataclasses import replace

import pytest
from django.db import connection

from common.errors import NotAllowed
from common.history import audit_context
from customers.models import CustomerStatus
from gateway.models import Event
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import TermsChanged
from memberships.changes.handing_over import hand_over
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.ending import terminate
from memberships.errors import HandOverRefused, LoyaltyError, NotAMember, ReasonMissing, WrongStatus
from memberships.models import Membership
from points.models import PointAccountSet
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, customer_called, organization_pool, pool_of
from tests.factories import ACTOR, make_customer, member_of

pytestmark = pytest.mark.django_db


def named(name: str) -> int:
    return customer_called(name).pk


def test_a_group_gets_another_main_member_with_reason_event_and_history(moores: Membership) -> None:
    before = moores.version
    hand_over(moores, to_customer=named("Moe Moore"), actor=ACTOR, reason="Mia asked")
    connection.check_constraints()
    moores.refresh_from_db()
    assert moores.main_member is not None
    assert (moores.main_member.customer_id, moores.version) == (named("Moe Moore"), before + 1)
    assert moores.history.first().history_change_reason == "Mia asked"
    event = Event.objects.get(kind="membership.handed_over")
    assert event.subject_id == moores.pk
    assert event.facts == {"role": "main", "from": named("Mia Moore"), "to": named("Moe Moore")}
    assert_audit_clean()


def test_a_pool_gets_another_owner_and_both_histories_say_why(miles: Program) -> None:
    katrin, john, lena = pool_of(miles, "Katrin Bauer", "John Miller", "Lena Lopez")
    found = hand_over(katrin, to_customer=member_of(john), actor=ACTOR, reason="John pays")
    pool = PointAccountSet.objects.get(pk=katrin.pool_id)
    assert (found, pool.owner_id) == (john, member_of(john))
    assert [one.history.first().history_change_reason for one in (katrin, john)] == ["John pays", "John pays"]
    assert lena.history.first().history_change_reason == "test"
    event = Event.objects.get(kind="membership.handed_over")
    assert (event.subject_id, event.facts["from"], event.facts["to"]) == (john.pk, member_of(katrin), member_of(john))
    assert_audit_clean()


@pytest.mark.parametrize(
    ("who", "error"), [("Mia Moore", WrongStatus), ("Stranger Stone", NotAMember), ("Max Moore", HandOverRefused)]
)
def test_who_leads_already_takes_no_part_or_is_deceased_is_refused(
    moores: Membership, who: str, error: type[LoyaltyError]
) -> None:
    make_customer("Stranger Stone")
    if who == "Max Moore":
        with audit_context(ACTOR, "test"):
            person = customer_called(who)
            person.status = CustomerStatus.DECEASED
            person.save()
    main, version = moores.main_member, moores.version
    with pytest.raises(error):
        hand_over(moores, to_customer=named(who), actor=ACTOR, reason="wish")
    moores.refresh_from_db()
    assert (moores.main_member, moores.version) == (main, version)
    assert not Event.objects.filter(kind="membership.handed_over").exists()


def test_a_standard_an_ended_and_an_organizations_membership_have_nothing_to_hand_over(
    michael_adams: Membership, moores: Membership, miles: Program
) -> None:
    _, (ann, bob) = organization_pool(miles, "Ann Lee", "Bob Lee")
    terminate(moores, actor=ACTOR, reason="wish")
    for membership, to in (
        (michael_adams, member_of(michael_adams)),
        (moores, named("Moe Moore")),
        (ann, member_of(bob)),
    ):
        with pytest.raises(HandOverRefused):
            hand_over(membership, to_customer=to, actor=ACTOR, reason="wish")


def test_it_needs_a_reason_and_the_right(moores: Membership) -> None:
    with pytest.raises(ReasonMissing):
        hand_over(moores, to_customer=named("Moe Moore"), actor=ACTOR, reason=" ")
    nobody = replace(ACTOR, may=lambda action, program_id: action != "memberships:manage")
    with pytest.raises(NotAllowed):
        hand_over(moores, to_customer=named("Moe Moore"), actor=nobody, reason="wish")
    moores.refresh_from_db()
    assert moores.main_member is not None
    assert moores.main_member.customer_id == named("Mia Moore")


def test_an_agreed_change_of_the_group_asks_again_after_it(moores: Membership) -> None:
    proposal = Proposal("split", moores.pk, leaver_id=named("Max Moore"), policy="equal")
    change = agree(propose(proposal, actor=ACTOR))
    hand_over(moores, to_customer=named("Moe Moore"), actor=ACTOR, reason="wish")
    with pytest.raises(TermsChanged):
        carry_out(change, actor=ACTOR)
    moores.refresh_from_db()
    assert moores.type == "group"
