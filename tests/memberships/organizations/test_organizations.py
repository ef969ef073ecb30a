"""Organization memberships and who signs for them (domain 1.4, 1.8)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from cards.models import Card
from common import clock
from common.errors import NotAllowed, NotFound
from customers.models import CustomerStatus
from gateway.models import Event
from memberships import lifecycle
from memberships.capabilities import capabilities_of
from memberships.ending import terminate
from memberships.errors import (
    AlreadyOrganization,
    CustomerNotActive,
    LastSignatory,
    MembershipEnded,
    NotAMember,
    OrganizationRefused,
    ProgramNotOpen,
    ReasonMissing,
    WrongStatus,
)
from memberships.models import Member, Membership, OrganizationSignatory, TierStanding
from memberships.organizations import add_signatory, end_signatory, leading_signatory, open_organization
from points.models import PointAccount, PointAccountSet
from programs.design import design_of
from programs.models import PointKind, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, actor_in, counted, make_customer, make_membership
from tests.organizations import make_organization, umbrella

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MADE = (Membership, OrganizationSignatory, PointAccountSet, PointAccount, Event)


def signing(membership: Membership) -> list[tuple[str, bool]]:
    """(name, still signs) of everybody who signs or signed."""
    rows = OrganizationSignatory.objects.filter(membership=membership).order_by("pk")
    return [(one.customer.name, one.ended_at is None) for one in rows]


def owner_of(membership: Membership) -> str:
    return Membership.objects.get(pk=membership.pk).pool.owner.name


def test_an_umbrella_has_an_organization_a_pool_and_signatories_and_no_member_card_or_tier(sky):
    acme, sam, sue = make_organization(), make_customer("Sam"), make_customer("Sue")
    with clock.frozen(NOON):
        made = open_organization(acme, program=sky, signatories=[sue.pk, sam.pk], actor=ACTOR)
    connection.check_constraints()

    made.refresh_from_db()
    assert (made.type, made.status, made.organization, made.enrolled_at) == ("organization", "active", acme, NOON)
    assert made.current and made.expires_on is None and made.activated_at == NOON
    assert made.pool is not None and made.pool.is_pool and made.pool.owner == sue
    kinds = PointAccount.objects.filter(account_set=made.pool).values_list("point_type__kind", flat=True)
    assert list(kinds) == [PointKind.REDEEMABLE]
    assert signing(made) == [("Sue", True), ("Sam", True)]
    assert Member.objects.count() == Card.objects.count() == TierStanding.objects.count() == 0
    assert set(capabilities_of(made, design_of(sky.pk)).values()) == {False}
    event = Event.objects.get()
    assert (event.kind, event.subject_id) == ("organization.opened", made.pk)
    assert event.facts == {"customer": acme.pk, "signatories": [sue.pk, sam.pk]}
    assert_audit_clean()


def test_an_organization_has_one_current_umbrella_in_a_program(sky):
    first = umbrella(sky)
    before = counted(*MADE)
    with pytest.raises(AlreadyOrganization) as refused:
        open_organization(first.organization, program=sky, signatories=[make_customer().pk], actor=ACTOR)
    assert refused.value.facts["membership"] == first.pk
    assert counted(*MADE) == before

    terminate(first, actor=ACTOR, reason="contract ended")
    second = open_organization(first.organization, program=sky, signatories=[make_customer().pk], actor=ACTOR)
    with pytest.raises(AlreadyOrganization):
        lifecycle.reinstate(first, actor=ACTOR, reason="by mistake")
    assert Membership.objects.filter(current=True).get() == second


def test_an_umbrella_needs_an_organization_and_active_persons_who_sign(sky):
    acme, sam = make_organization(), make_customer("Sam")
    gone = make_customer("Gone", status=CustomerStatus.INACTIVE)
    closed = make_organization("Closed Ltd")
    closed.status = CustomerStatus.CLOSED
    closed.save()
    before = counted(*MADE)
    for customer, signatories, error in [
        (acme, [], OrganizationRefused),
        (acme, [sam.pk, sam.pk], OrganizationRefused),
        (acme, [gone.pk], OrganizationRefused),
        (acme, [acme.pk], OrganizationRefused),
        (acme, [10**9], NotFound),
        (sam, [sam.pk], OrganizationRefused),
        (closed, [sam.pk], CustomerNotActive),
    ]:
        with pytest.raises(error):
            open_organization(customer, program=sky, signatories=signatories, actor=ACTOR)
    assert counted(*MADE) == before


def test_only_staff_open_and_only_in_a_released_program(sky):
    acme, sam = make_organization(), make_customer("Sam")
    with pytest.raises(NotAllowed):
        open_organization(acme, program=sky, signatories=[sam.pk], actor=actor_in(sky))
    sky.status = ProgramStatus.LOCKED
    sky.save()
    with pytest.raises(ProgramNotOpen):
        open_organization(acme, program=sky, signatories=[sam.pk], actor=ACTOR)
    assert Membership.objects.count() == 0


def test_who_signs_for_longest_leads_and_owns_the_pool(sky):
    with clock.frozen(NOON):
        acme = umbrella(sky, signatory="Sam")
    sue = make_customer("Sue")
    with clock.frozen(NOON + timedelta(days=1)):
        add_signatory(acme, customer_id=sue.pk, actor=ACTOR)
    sam = acme.pool.owner
    assert (leading_signatory(acme.pk), owner_of(acme)) == (sam.pk, "Sam")

    with clock.frozen(NOON + timedelta(days=2)):
        ended = end_signatory(acme, customer_id=sam.pk, actor=ACTOR, reason="left Acme")
        add_signatory(acme, customer_id=sam.pk, actor=ACTOR)
    assert ended.ended_at == NOON + timedelta(days=2)
    assert (leading_signatory(acme.pk), owner_of(acme)) == (sue.pk, "Sue")
    assert signing(acme) == [("Sam", False), ("Sue", True), ("Sam", True)]
    kinds = Event.objects.filter(subject_id=acme.pk).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["organization.opened", "signatory.added", "signatory.ended", "signatory.added"]
    assert Membership.objects.get(pk=acme.pk).version == 4


def test_the_deceased_sign_for_nobody(sky):
    acme, sue = umbrella(sky), make_customer("Sue")
    add_signatory(acme, customer_id=sue.pk, actor=ACTOR)
    sam = acme.pool.owner
    sam.status = CustomerStatus.DECEASED
    sam.save()
    assert leading_signatory(acme.pk) == sue.pk
    with pytest.raises(LastSignatory):
        end_signatory(acme, customer_id=sue.pk, actor=ACTOR, reason="left")
    end_signatory(acme, customer_id=sam.pk, actor=ACTOR, reason="deceased")
    assert owner_of(acme) == "Sue"


def test_the_last_signatory_of_a_current_umbrella_stays(sky):
    acme = umbrella(sky)
    sam = acme.pool.owner_id
    with pytest.raises(LastSignatory):
        end_signatory(acme, customer_id=sam, actor=ACTOR, reason="left Acme")
    assert signing(acme) == [("Sam Signer", True)]
    terminate(acme, actor=ACTOR, reason="contract ended")
    end_signatory(acme, customer_id=sam, actor=ACTOR, reason="left Acme")
    assert signing(acme) == [("Sam Signer", False)]


def test_what_is_so_already_or_makes_no_sense_is_refused(sky):
    acme, eva = umbrella(sky), make_membership(sky, "Eva")
    sam = acme.pool.owner_id
    before = counted(*MADE)
    with pytest.raises(WrongStatus):
        add_signatory(acme, customer_id=sam, actor=ACTOR)
    with pytest.raises(OrganizationRefused):
        add_signatory(eva, customer_id=sam, actor=ACTOR)
    with pytest.raises(NotAMember):
        end_signatory(acme, customer_id=make_customer().pk, actor=ACTOR, reason="left")
    with pytest.raises(ReasonMissing):
        end_signatory(acme, customer_id=sam, actor=ACTOR, reason=" ")
    with pytest.raises(NotAllowed):
        end_signatory(acme, customer_id=sam, actor=actor_in(sky), reason="left")
    terminate(acme, actor=ACTOR, reason="contract ended")
    with pytest.raises(MembershipEnded):
        add_signatory(acme, customer_id=make_customer().pk, actor=ACTOR)
    assert counted(*MADE) == before | {"Event": before["Event"] + 1}
