"""Enrolments under an agreement beside its end, its maximum and the end of its umbrella; each with its control."""

import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from common.errors import LoyaltyError
from memberships import applying_again, enrolment, organizations, umbrellas
from memberships.agreement_terms import terms_of
from memberships.agreements import amend_agreement, cancel_agreement, end_agreement
from memberships.applying_again import apply_again
from memberships.enrolment import enrol
from memberships.errors import AgreementFull, AlreadyOrganization, LastSignatory, NoAgreement
from memberships.lifecycle import suspend
from memberships.models import InheritedAgreement, Membership, OrganizationAgreement
from memberships.organizations import add_signatory, end_signatory, leading_signatory, open_organization
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_customer, make_program
from tests.organizations import agreement_with, employee, make_organization, staff_terms, umbrella
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS = 6


@pytest.fixture
def acme(transactional_db: None) -> Membership:
    return umbrella(make_program("sky"))


@pytest.fixture
def slow_enrolments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between finding the agreement and writing the membership."""
    made = enrolment.write_enrolments

    def slowly(*args: Any, **kwargs: Any) -> list[Membership]:
        time.sleep(0.4)
        return made(*args, **kwargs)

    monkeypatch.setattr(enrolment, "write_enrolments", slowly)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "find_inheritance", partial(umbrellas.find_inheritance, lock=False))


def enrolling(acme: Membership) -> Callable[[], Membership]:
    person = make_customer()
    asked = {"program": acme.program, "organization_id": acme.organization_id, "actor": ACTOR}
    return lambda: enrol(person, **asked)


def under_it() -> int:
    return InheritedAgreement.objects.filter(ended_at__isnull=True).count()


def came_later(acme: Membership, verb: Callable[[], object]) -> int:
    """How many came under the agreement after `verb`, which began while they enrolled, was done."""

    def then_count() -> int:
        time.sleep(0.15)
        verb()
        return under_it()

    *enrolled, seen = together(*[enrolling(acme) for _ in range(THREADS)], then_count)
    assert all(isinstance(one, Membership | LoyaltyError) for one in enrolled)
    assert isinstance(seen, int), seen
    return under_it() - seen


def ends_of(agreement: OrganizationAgreement) -> dict[str, Callable[[], object]]:
    umbrella_row = agreement.organization_membership
    return {
        "end": lambda: end_agreement(agreement, last_day=date(2025, 1, 1), actor=ACTOR, reason="over"),
        "suspend": lambda: suspend(umbrella_row, actor=ACTOR, reason="unpaid"),
    }


@pytest.mark.parametrize("verb", ["end", "suspend"])
def test_after_the_end_of_an_agreement_or_its_umbrella_nobody_comes_under_it(
    acme: Membership, slow_enrolments: None, verb: str
) -> None:
    agreement = agreement_with(acme)
    assert came_later(acme, ends_of(agreement)[verb]) == 0
    assert_audit_clean()


@pytest.mark.control
@pytest.mark.parametrize("verb", ["end", "suspend"])
def test_without_the_locks_somebody_comes_after_the_end(
    acme: Membership, slow_enrolments: None, without_locks: None, verb: str
) -> None:
    agreement = agreement_with(acme)
    assert came_later(acme, ends_of(agreement)[verb]) > 0


def cancelled_beside(acme: Membership) -> tuple[Any, Any]:
    agreement = agreement_with(acme)

    def cancel() -> object:
        time.sleep(0.15)
        return cancel_agreement(agreement, actor=ACTOR, reason="typo")

    enrolled, cancelled = together(enrolling(acme), cancel)
    return enrolled, cancelled


def test_an_agreement_is_cancelled_or_stood_under_and_never_both(acme: Membership, slow_enrolments: None) -> None:
    enrolled, cancelled = cancelled_beside(acme)
    assert isinstance(enrolled, Membership) and isinstance(cancelled, LoyaltyError)
    assert_audit_clean()


@pytest.mark.control
def test_without_the_locks_somebody_stands_under_a_cancelled_agreement(
    acme: Membership, slow_enrolments: None, without_locks: None
) -> None:
    enrolled, cancelled = cancelled_beside(acme)
    assert isinstance(enrolled, Membership) and isinstance(cancelled, OrganizationAgreement)


@pytest.fixture
def slow_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    count = umbrellas.room_in

    def slowly(agreement: OrganizationAgreement) -> int | None:
        room = count(agreement)
        time.sleep(0.1)
        return room

    monkeypatch.setattr(umbrellas, "room_in", slowly)


def test_a_maximum_reached_by_several_at_once_is_not_passed(acme: Membership, slow_counts: None) -> None:
    agreement_with(acme, maximum=2)
    outcomes = together(*[enrolling(acme) for _ in range(THREADS)])
    assert sum(isinstance(one, Membership) for one in outcomes) == under_it() == 2
    assert sum(isinstance(one, AgreementFull) for one in outcomes) == THREADS - 2
    assert_audit_clean()


@pytest.mark.control
def test_without_the_lock_a_maximum_is_passed(
    acme: Membership, slow_counts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(umbrellas, "lock_rows", list)
    agreement_with(acme, maximum=2)
    together(*[enrolling(acme) for _ in range(THREADS)])
    assert under_it() > 2


def test_enrolments_without_a_maximum_do_not_wait_for_each_other(acme: Membership, slow_enrolments: None) -> None:
    agreement_with(acme)
    began = time.monotonic()
    outcomes = together(*[enrolling(acme) for _ in range(THREADS)])
    assert errors_in(outcomes) == [] and under_it() == THREADS
    assert time.monotonic() - began < THREADS * 0.4


def test_an_organization_opened_twice_at_once_is_opened_once(transactional_db: None) -> None:
    sky, acme, sam = make_program("sky"), make_organization(), make_customer("Sam")
    outcomes = together(
        *[lambda: open_organization(acme, program=sky, signatories=[sam.pk], actor=ACTOR) for _ in range(THREADS)]
    )
    assert sum(isinstance(one, AlreadyOrganization) for one in outcomes) == THREADS - 1
    assert Membership.objects.count() == 1


def end_both(acme: Membership) -> list[Any]:
    sue = make_customer("Sue")
    add_signatory(acme, customer_id=sue.pk, actor=ACTOR)
    assert acme.pool is not None
    signing = [acme.pool.owner_id, sue.pk]
    return together(*[lambda pk=pk: end_signatory(acme, customer_id=pk, actor=ACTOR, reason="left") for pk in signing])


def test_of_two_signatories_ended_at_once_one_stays(acme: Membership) -> None:
    outcomes = end_both(acme)
    assert [type(one) for one in errors_in(outcomes)] == [LastSignatory]
    assert leading_signatory(acme.pk) is not None


@pytest.mark.control
def test_without_the_lock_the_last_two_signatories_are_gone(acme: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    read = organizations.leading_signatory

    def slowly(membership_id: int, *, without: int | None = None) -> int | None:
        found = read(membership_id, without=without)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(organizations, "leading_signatory", slowly)
    monkeypatch.setattr(organizations, "locked_memberships", lambda ids: list(Membership.objects.filter(pk__in=ids)))
    assert errors_in(end_both(acme)) == []
    assert read(acme.pk) is None


def apply_twice(acme: Membership, people: int = 4) -> list[Any]:
    agreement = agreement_with(acme)
    for _ in range(people):
        employee(acme)
    amended = amend_agreement(agreement, staff_terms(maximum=9), actor=ACTOR, reason="renegotiated")
    assert terms_of(amended).maximum == 9
    return together(*[lambda: apply_again(agreement, actor=ACTOR, reason="renegotiated") for _ in range(2)])


def test_two_runs_of_applying_again_bring_everybody_along_once(acme: Membership) -> None:
    outcomes = apply_twice(acme)
    assert errors_in(outcomes) == [] and sum(one.done for one in outcomes) == 4
    assert InheritedAgreement.objects.count() == 8 and under_it() == 4
    assert_audit_clean()


@pytest.mark.control
def test_without_the_lock_two_runs_bring_one_along_twice(acme: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database holds it then, and one of the two fails."""
    write = applying_again._carry_out

    def slowly(*args: Any) -> None:
        time.sleep(0.2)
        write(*args)

    monkeypatch.setattr(applying_again, "_carry_out", slowly)
    monkeypatch.setattr(applying_again, "locked_memberships", lambda ids: list(Membership.objects.filter(pk__in=ids)))
    assert len(errors_in(apply_twice(acme, people=1))) == 1


def test_who_enrols_while_the_agreement_ends_is_under_it_or_refused(acme: Membership) -> None:
    agreement = agreement_with(acme)
    outcomes = together(*[enrolling(acme) for _ in range(THREADS)], ends_of(agreement)["end"])
    refused = [one for one in errors_in(outcomes) if not isinstance(one, NoAgreement)]
    assert refused == []
    assert under_it() == sum(isinstance(one, Membership) for one in outcomes)
