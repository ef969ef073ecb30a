"""One code shown at a till and at the desk at the same moment."""

from typing import Any

import pytest

from activities.calls import PointsCall
from activities.models import MemberActivity
from activities.redeeming import redeem
from memberships import spending_codes
from memberships.errors import CodeNotValid
from memberships.models import Membership, SpendingCode
from memberships.spending_codes import CodeCall, send_spending_code
from tests.activities.conftest import earned
from tests.activities.sales import paying, sale
from tests.asking import code_in, reachable
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, EACH = 5, 3


@pytest.fixture
def katrin(transactional_db: None) -> Membership:
    membership = make_membership(make_program("miles"), "Katrin Bauer")
    reachable(membership)
    earned(membership, 1000)
    return membership


def shown_everywhere(katrin: Membership) -> list[Any]:
    """By sales and by redemptions, all at once."""
    code = code_in(send_spending_code(CodeCall(katrin.pk, 60), actor=ACTOR))
    sales = [lambda: sale(None, "10", redeem=paying(katrin, 60, code=code))] * EACH
    redemptions = [lambda: redeem(PointsCall(katrin.pk, 60, code=code), actor=ACTOR)] * EACH
    return together(*sales, *redemptions)


def test_one_code_at_tills_and_at_the_desk_at_once_is_used_once(katrin: Membership) -> None:
    for turn in range(1, ROUNDS + 1):
        results = shown_everywhere(katrin)
        assert [type(one) for one in errors_in(results)] == [CodeNotValid] * (2 * EACH - 1)
        assert account_of(katrin).balance == 1000 - 60 * turn
    assert SpendingCode.objects.exclude(used_at=None).count() == ROUNDS
    assert MemberActivity.objects.filter(type__code="redeem").count() == ROUNDS
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_turn_it_is_used_more_often(katrin: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending_codes, "take_turn", lambda name: None)
    shown_everywhere(katrin)
    assert MemberActivity.objects.filter(type__code="redeem").count() > 1
