"""Anonymous memberships redeem by exception only."""

import pytest

from activities.calls import PointsCall
from activities.holding import HoldCall, capture_hold, hold_points
from activities.redeeming import redeem
from gateway.models import Event
from memberships.capabilities import capabilities_of
from memberships.ending import terminate
from memberships.errors import MembershipNotAble, OverrideRefused, ReasonMissing, WrongStatus
from memberships.models import Membership
from memberships.overriding import allow_redemption, forbid_redemption
from programs.design import design_of
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, earn, organization_pool, pool_of
from tests.factories import ACTOR, account_of, make_membership


@pytest.fixture
def nobody(sky: Program) -> Membership:
    """Anonymous, with 100 points."""
    membership = anonymous(sky)
    earn(membership, 100)
    return membership


def may(membership: Membership) -> set[str]:
    found = capabilities_of(Membership.objects.get(pk=membership.pk), design_of(membership.program_id))
    return {capability for capability, answer in found.items() if answer}


def test_without_it_an_anonymous_membership_neither_redeems_nor_holds(nobody: Membership) -> None:
    for verb, call in ((redeem, PointsCall(nobody.pk, 1)), (hold_points, HoldCall(nobody.pk, 1))):
        with pytest.raises(MembershipNotAble) as refused:
            verb(call, actor=ACTOR)  # type: ignore[operator]
        assert refused.value.message.endswith("an anonymous membership redeems by exception only.")
    assert account_of(nobody).balance == 100


def test_with_it_it_redeems_and_holds_and_does_nothing_else_besides(nobody: Membership) -> None:
    assert may(nobody) == {"earn", "adjust", "tier_review", "use_card"}
    row = allow_redemption(nobody, actor=ACTOR, reason="gift in store")
    assert (row.redeem_override, row.version, row.history.first().history_change_reason) == (True, 2, "gift in store")
    assert may(nobody) == {"earn", "adjust", "tier_review", "use_card", "redeem", "hold"}
    assert redeem(PointsCall(nobody.pk, 30), actor=ACTOR)["posting"]["entries"][0]["balance_after"] == 70
    hold_points(HoldCall(nobody.pk, 20), actor=ACTOR)
    event = Event.objects.get(kind="membership.redemption_allowed")
    assert (event.subject_id, event.facts) == (nobody.pk, {"version": 2})
    assert_audit_clean()


def test_ended_it_earns_only_again_and_what_is_held_stays_held(nobody: Membership) -> None:
    allow_redemption(nobody, actor=ACTOR, reason="gift in store")
    hold = hold_points(HoldCall(nobody.pk, 20), actor=ACTOR)
    row = forbid_redemption(nobody, actor=ACTOR, reason="it was for one purchase")
    assert (row.redeem_override, row.version) == (False, 3)
    with pytest.raises(MembershipNotAble):
        redeem(PointsCall(nobody.pk, 1), actor=ACTOR)
    capture_hold(hold["id"], actor=ACTOR)
    assert account_of(nobody).balance == 80
    assert Event.objects.filter(kind="membership.redemption_forbidden").count() == 1


def test_asked_twice_it_is_refused_and_changes_nothing(nobody: Membership) -> None:
    with pytest.raises(WrongStatus, match="no exception that could end"):
        forbid_redemption(nobody, actor=ACTOR, reason="why not")
    allow_redemption(nobody, actor=ACTOR, reason="gift in store")
    with pytest.raises(WrongStatus, match="by exception already"):
        allow_redemption(nobody, actor=ACTOR, reason="again")
    assert Membership.objects.get().version == 2
    assert Event.objects.filter(kind__startswith="membership.redemption").count() == 1


def test_it_needs_a_reason_and_a_current_membership(nobody: Membership) -> None:
    with pytest.raises(ReasonMissing):
        allow_redemption(nobody, actor=ACTOR, reason=" ")
    terminate(nobody, actor=ACTOR, reason="card found in the bin")
    with pytest.raises(WrongStatus):
        allow_redemption(nobody, actor=ACTOR, reason="gift in store")
    assert Membership.objects.get().redeem_override is False


def test_other_types_redeem_by_their_type_and_take_no_exception(sky: Program) -> None:
    standard, (shared, _) = make_membership(sky, "Emma Stone"), pool_of(sky)
    umbrella, _ = organization_pool(sky)
    for one in (standard, shared, umbrella):
        with pytest.raises(OverrideRefused):
            allow_redemption(one, actor=ACTOR, reason="gift in store")
    assert not Membership.objects.filter(redeem_override=True).exists()
