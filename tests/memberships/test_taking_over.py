"""A membership brings its number along from another system."""

import pytest

from memberships.enrolment import enrol
from memberships.errors import MemberNumberRefused
from memberships.models import Membership
from tests.factories import ACTOR, make_customer, make_program

pytestmark = pytest.mark.django_db


def test_the_number_is_kept_as_it_is() -> None:
    program = make_program("urban", member_number_prefix="UW-")
    assert enrol(make_customer(), program=program, actor=ACTOR, number="UW-89234").number == "UW-89234"


@pytest.mark.parametrize("number", ["", "89234", "UW-" + "9" * 22, "UW-ä", "uw-89234", "UW-89 234"])
def test_a_number_of_another_form_is_refused(number: str) -> None:
    program = make_program("urban", member_number_prefix="UW-")
    with pytest.raises(MemberNumberRefused):
        enrol(make_customer(), program=program, actor=ACTOR, number=number)
    assert Membership.objects.count() == 0


def test_a_number_is_given_once_in_a_program_and_may_be_given_in_another() -> None:
    urban, other = (make_program(code, member_number_prefix="") for code in ("urban", "other"))
    enrol(make_customer(), program=urban, actor=ACTOR, number="89234")
    with pytest.raises(MemberNumberRefused):
        enrol(make_customer("John Chen"), program=urban, actor=ACTOR, number="89234")
    assert enrol(make_customer("John Chen"), program=other, actor=ACTOR, number="89234").number == "89234"
    assert Membership.objects.count() == 2
