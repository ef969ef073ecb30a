"""decide(): who may say what, how it is proved, and what follows for the change (cases 20, 21, 23)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from common import clock
from common.errors import LoyaltyError
from common.history import audit_context
from customers.exits import mark_deceased
from customers.models import Customer, StaffCustomer
from gateway.models import Event
from memberships.changes.consent import decide, missing
from memberships.changes.documents import record_document
from memberships.changes.inviting import ask
from memberships.changes.plan import Proposal
from memberships.changes.proposing import lapse, propose, withdraw
from memberships.models import (
    ChangeParty,
    ChangeStatus,
    Consent,
    ConsentDecision,
    ConsentDocument,
    ConsentInvitation,
    ConsentStatus,
    Membership,
    MembershipChange,
)
from points.freezing import frozen_until
from staff.models import User
from tests.asking import (
    AGENT,
    DIGEST,
    OTHER,
    SUPERVISOR,
    TILL,
    code_in,
    consent_of,
    log_of,
    proposed,
    reachable,
    snapshot,
    staff,
    status_of,
    wrong,
)
from tests.audit.helpers import assert_audit_clean
from tests.changes import customer_called, pair
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db


def said(change: MembershipChange, person: Membership | int, decision: str = "given", **how: Any) -> Consent:
    customer_id = person if isinstance(person, int) else member_of(person)
    defaults = {"method": "in_person", "actor": SUPERVISOR, "evidence": "showed the passport"}
    return decide(change, customer_id=customer_id, decision=decision, **(defaults | how))


def refused(
    expected: str, change: MembershipChange, person: Membership | int, decision: str = "given", **how: Any
) -> Any:
    """What it is refused with; nothing may have changed."""
    before = snapshot()
    with pytest.raises(LoyaltyError) as caught, transaction.atomic():
        said(change, person, decision, **how)
    assert caught.value.code == expected
    assert snapshot() == before
    return caught.value


def events() -> list[str]:
    return list(Event.objects.filter(kind__regex="^(change|consent)").order_by("pk").values_list("kind", flat=True))


def test_a_consent_is_state_and_log_with_proof_terms_time_and_who(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben)
    consent = said(change, anna)
    assert (consent.status, consent.method, consent.digest) == ("given", "in_person", DIGEST)
    assert (consent.evidence, consent.user_id, consent.channel_id) == ("showed the passport", 12, 1)
    (decision,) = ConsentDecision.objects.all()
    assert (decision.decision, decision.evidence, decision.decided_at) == (
        "given",
        consent.evidence,
        consent.decided_at,
    )
    assert missing(change) == [member_of(ben)]
    assert (status_of(change), events()) == ("awaiting_consent", ["consent.given"])
    assert_audit_clean()


def test_20_the_change_is_agreed_when_the_last_of_four_agrees_and_not_before(miles: Any) -> None:
    people = pair(miles, "Anna", "Ben", "Cleo", "Dora")
    change = proposed(people[0], people[1])
    for one in people[2:]:
        Consent.objects.create(change=change, program=miles, customer_id=member_of(one), membership=one)
    for one in people[:3]:
        said(change, one)
        assert status_of(change) == "awaiting_consent"
    assert missing(change) == [member_of(people[3])]
    said(change, people[3])
    assert (status_of(change), missing(change)) == ("agreed", [])
    assert events() == ["consent.given"] * 4 + ["change.agreed"]
    assert_audit_clean()


def test_21_a_refusal_closes_the_change_and_frees_its_memberships(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    reachable(anna, ben)
    change = proposed(anna, ben)
    waiting = ask(change, customer_id=member_of(anna), method="code", actor=AGENT)
    said(change, ben, "refused")
    closed = MembershipChange.objects.get()
    assert (closed.status, closed.is_open, closed.ended_at) == (
        "refused",
        False,
        consent_of(change, member_of(ben)).decided_at,
    )
    assert not ChangeParty.objects.filter(is_open=True).exists()
    waiting.refresh_from_db()
    assert waiting.ended_at is not None
    assert events() == ["consent.asked", "consent.refused", "change.refused"]
    assert refused("change_status", change, anna).facts["status"] == "refused"
    assert proposed(anna, ben).is_open
    assert_audit_clean()


def test_who_took_the_consent_back_lets_the_change_wait_again_and_may_agree_again(
    anna_and_ben: list[Membership],
) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben)
    said(change, anna)
    said(change, ben)
    assert status_of(change) == "agreed"
    said(change, anna, "withdrawn")
    assert (status_of(change), missing(change)) == ("awaiting_consent", [member_of(anna)])
    said(change, anna)
    assert status_of(change) == "agreed"
    a, b = member_of(anna), member_of(ben)
    told = [(a, "given"), (b, "given"), (a, "withdrawn"), (a, "given")]
    assert [(who, what) for who, what, _ in log_of(change)] == told
    assert_audit_clean()


@pytest.mark.parametrize(
    ("before", "decision"),
    [("given", "given"), ("given", "refused"), ("asked", "withdrawn"), ("withdrawn", "withdrawn"), ("asked", "maybe")],
)
def test_a_decision_that_can_not_follow_on_the_one_before(
    anna_and_ben: list[Membership], before: str, decision: str
) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben)
    for step in {"asked": (), "given": ("given",), "withdrawn": ("given", "withdrawn")}[before]:
        said(change, anna, step)
    refused("consent_not_taken", change, anna, decision)


def test_a_void_consent_is_missing_and_can_be_given_to_the_new_terms(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben)
    said(change, anna)
    with audit_context(ACTOR, "test"):
        consent = consent_of(change, member_of(anna))
        consent.status = ConsentStatus.VOID
        consent.save()
        row = MembershipChange.objects.get()
        row.digest = OTHER
        row.save()
    assert missing(row) == [member_of(anna), member_of(ben)]
    assert said(change, anna, digest=OTHER).digest == OTHER


def test_a_consent_to_other_terms_than_those_in_force_counts_nothing(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben)
    said(change, anna)
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get()
        row.digest = OTHER
        row.save()
    refused("terms_changed", change, ben, digest=DIGEST)
    said(change, ben, digest=OTHER)
    assert missing(row) == [member_of(anna)]
    assert status_of(change) == "awaiting_consent"


def test_only_who_is_asked_can_answer(anna_and_ben: list[Membership], moores: Membership) -> None:
    change = proposed(*anna_and_ben)
    refused("not_asked", change, moores.main_member.customer_id)  # type: ignore[union-attr]
    assert log_of(change) == []


@pytest.mark.parametrize("status", [ChangeStatus.DRAFT, ChangeStatus.WITHDRAWN, ChangeStatus.LAPSED])
def test_nobody_answers_to_a_change_that_is_not_open(anna_and_ben: list[Membership], status: str) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben, status=status)
    assert refused("change_status", change, anna).facts["status"] == status


def test_past_its_deadline_a_change_counts_as_lapsed_at_once(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben)
    assert change.expires_at is not None
    with clock.frozen(change.expires_at):
        assert refused("change_status", change, anna).facts["status"] == "lapsed"
    with clock.frozen(change.expires_at - timedelta(microseconds=1)):
        assert said(change, anna).status == "given"


def test_23_without_the_right_to_attest_only_the_code_that_was_sent_records_a_consent(
    anna_and_ben: list[Membership],
) -> None:
    anna, ben = anna_and_ben
    reachable(anna)
    change = proposed(anna, ben)
    for actor in (AGENT, TILL):
        for decision in ("given", "refused"):
            refused("attestation_needed", change, anna, decision, actor=actor)
    refused("consent_not_taken", change, anna, method="link")
    refused("code_wrong", change, anna, method="code", code="123456", actor=AGENT)
    sent = ask(change, customer_id=member_of(anna), method="code", actor=AGENT)
    consent = said(change, anna, method="code", code=code_in(sent), actor=AGENT, evidence="")
    assert (consent.status, consent.method, consent.evidence) == ("given", "code", f"code {sent.pk}")
    sent.refresh_from_db()
    assert sent.used_at is not None
    assert_audit_clean()


def test_a_code_decides_once(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    reachable(anna)
    change = proposed(anna, ben)
    code = code_in(ask(change, customer_id=member_of(anna), method="code", actor=AGENT))
    said(change, anna, method="code", code=f" {code} ")
    refused("code_wrong", change, anna, "withdrawn", method="code", code=code)
    code = code_in(ask(change, customer_id=member_of(anna), method="code", actor=AGENT))
    assert said(change, anna, "withdrawn", method="code", code=code).status == "withdrawn"


def test_a_code_is_worth_nothing_to_another_person_another_change_and_other_terms(
    anna_and_ben: list[Membership], katrin_and_john: list[Membership]
) -> None:
    anna, ben = anna_and_ben
    reachable(anna, ben, *katrin_and_john)
    change, other = proposed(anna, ben), proposed(*katrin_and_john)
    code = code_in(ask(change, customer_id=member_of(anna), method="code", actor=AGENT))
    for elsewhere, person in ((change, ben), (other, katrin_and_john[0])):
        own = ask(elsewhere, customer_id=member_of(person), method="code", actor=AGENT)
        assert code_in(own) != code
        refused("code_wrong", elsewhere, person, method="code", code=code)


def test_a_code_ends_after_its_minutes_and_when_a_new_one_is_sent(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    reachable(anna)
    change = proposed(anna, ben)
    first = ask(change, customer_id=member_of(anna), method="code", actor=AGENT)
    with clock.frozen(first.expires_at):
        refused("code_wrong", change, anna, method="code", code=code_in(first))
    second = ask(change, customer_id=member_of(anna), method="code", actor=AGENT)
    first.refresh_from_db()
    assert first.ended_at is not None
    with clock.frozen(second.expires_at - timedelta(microseconds=1)):
        assert said(change, anna, method="code", code=code_in(second)).status == "given"


@pytest.mark.django_db(transaction=True)
class TestWrongTries:
    """Counted on a connection of its own, so the change has to be committed."""

    def test_after_six_wrong_tries_the_code_is_dead_though_each_was_rolled_back(
        self, anna_and_ben: list[Membership]
    ) -> None:
        anna, ben = anna_and_ben
        reachable(anna)
        change = proposed(anna, ben)
        sent = ask(change, customer_id=member_of(anna), method="code", actor=AGENT)
        code = code_in(sent)
        for left in (5, 4, 3, 2, 1, 0):
            with pytest.raises(LoyaltyError) as caught:
                said(change, anna, method="code", code=wrong(code))
            assert (caught.value.code, caught.value.facts["tries_left"]) == ("code_wrong", left)
        assert ConsentInvitation.objects.get().tries == 6
        with pytest.raises(LoyaltyError, match="dead"):
            said(change, anna, method="code", code=code)
        assert ConsentInvitation.objects.get().tries == 6
        assert log_of(change) == []

    def test_five_wrong_tries_leave_one_that_counts(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        reachable(anna)
        change = proposed(anna, ben)
        code = code_in(ask(change, customer_id=member_of(anna), method="code", actor=AGENT))
        for _ in range(5):
            with pytest.raises(LoyaltyError):
                said(change, anna, method="code", code=wrong(code))
        assert said(change, anna, method="code", code=code).status == "given"
        assert_audit_clean()

    def test_a_code_for_earlier_terms_fits_no_longer(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        reachable(anna)
        change = proposed(anna, ben)
        code = code_in(ask(change, customer_id=member_of(anna), method="code", actor=AGENT))
        with transaction.atomic(), audit_context(ACTOR, "test"):
            row = MembershipChange.objects.get()
            row.digest = OTHER
            row.save()
        with pytest.raises(LoyaltyError) as caught:
            said(change, anna, method="code", code=code)
        assert (caught.value.code, log_of(change)) == ("code_wrong", [])


@pytest.mark.parametrize("evidence", ["", "   ", "x" * 301])
def test_in_person_needs_evidence_that_fits(anna_and_ben: list[Membership], evidence: str) -> None:
    refused("consent_not_taken", proposed(*anna_and_ben), anna_and_ben[0], evidence=evidence)


@pytest.mark.parametrize("method", ["link", "document", "recorded_decision", "telepathy"])
def test_other_ways_have_their_own_doors(anna_and_ben: list[Membership], method: str) -> None:
    refused("consent_not_taken", proposed(*anna_and_ben), anna_and_ben[0], method=method)


@pytest.mark.parametrize("method", ["in_person", "code"])
def test_for_a_deceased_person_nobody_speaks_but_a_document(anna_and_ben: list[Membership], method: str) -> None:
    anna, ben = anna_and_ben
    reachable(anna)
    change = proposed(anna, ben)
    code = code_in(ask(change, customer_id=member_of(anna), method="code", actor=AGENT))
    mark_deceased(customer_called("Anna Bauer"), actor=ACTOR, reason="letter of the court")
    error = refused("consent_not_taken", change, anna, method=method, code=code)
    assert "document" in error.message


def test_a_suspended_member_is_asked_and_counts(moores: Membership) -> None:
    with audit_context(ACTOR, "test"):
        max_moore = moores.members.get(customer__name="Max Moore")
        max_moore.suspended_at = clock.now()
        max_moore.save()
    change = proposed(moores, kind="split", leaver=customer_called("Moe Moore"), result_type="")
    others = [one.customer_id for one in moores.members.exclude(pk=max_moore.pk)]
    for person in others:
        said(change, person)
    assert missing(change) == [max_moore.customer_id]
    said(change, max_moore.customer_id)
    assert status_of(change) == "agreed"


def test_staff_record_no_consent_to_a_change_that_is_about_themselves(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    user = User.objects.create_user("ben", is_staff=True)
    with audit_context(ACTOR, "test"):
        StaffCustomer.objects.create(user=user, customer=Customer.objects.get(pk=member_of(ben)))
    change = proposed(anna, ben)
    for person in (anna, ben):
        for decision in ("given", "refused"):
            refused("own_consent", change, person, decision, actor=staff(user.pk))
    assert said(change, ben).status == "given"


def test_the_log_can_not_be_rewritten(anna_and_ben: list[Membership]) -> None:
    change = proposed(*anna_and_ben)
    said(change, anna_and_ben[0])
    for values in ({"decision": "refused"}, {"digest": OTHER}, {"evidence": "other words"}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            ConsentDecision.objects.update(**values)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM memberships_consentdecision")
    assert log_of(change) == [(member_of(anna_and_ben[0]), "given", "in_person")]


def test_history_says_who_recorded_it(anna_and_ben: list[Membership]) -> None:
    change = proposed(*anna_and_ben)
    said(change, anna_and_ben[0])
    newest = consent_of(change, member_of(anna_and_ben[0])).history.latest("history_id")
    assert (newest.status, newest.history_user_id, newest.history_channel) == ("given", 12, "desk")


class TestLettingGo:
    """A change that closes without being carried out leaves nothing waiting behind."""

    @pytest.fixture
    def split(self, katrin_and_john: list[Membership]) -> MembershipChange:
        """Katrin's pool is frozen while she and John decide; a code and a document of Katrin's wait."""
        katrin, john = katrin_and_john
        reachable(katrin, john)
        asked = Proposal("split", katrin.pk, leaver_id=member_of(john), policy="equal", freezes=True)
        change = propose(asked, actor=ACTOR)
        ask(change, customer_id=member_of(katrin), method="code", actor=AGENT)
        record_document(change, customer_id=member_of(katrin), actor=AGENT, evidence="letter")
        assert katrin.pool_id is not None and frozen_until(katrin.pool_id) == change.expires_at
        return change

    @pytest.mark.parametrize("end", ["refused", "withdrawn", "lapsed"])
    def test_letters_paper_and_the_freeze_of_the_pool_end_with_it(
        self, split: MembershipChange, katrin_and_john: list[Membership], end: str
    ) -> None:
        katrin, john = katrin_and_john
        assert split.expires_at is not None and katrin.pool_id is not None
        with clock.frozen(split.expires_at if end == "lapsed" else clock.now()):
            if end == "refused":
                said(split, john, "refused")
            elif end == "withdrawn":
                withdraw(split, actor=ACTOR, reason="changed their minds")
            else:
                lapse(split, actor=ACTOR)
        assert status_of(split) == end
        assert frozen_until(katrin.pool_id) is None
        assert not ConsentInvitation.objects.filter(ended_at=None).exists()
        assert not ConsentDocument.objects.filter(ended_at=None).exists()
        assert_audit_clean()

    def test_taking_a_consent_back_leaves_all_of_it_waiting(
        self, split: MembershipChange, katrin_and_john: list[Membership]
    ) -> None:
        katrin, john = katrin_and_john
        said(split, john)
        said(split, john, "withdrawn")
        assert katrin.pool_id is not None and frozen_until(katrin.pool_id) == split.expires_at
        assert ConsentInvitation.objects.filter(ended_at=None).count() == 1
        assert ConsentDocument.objects.filter(ended_at=None).count() == 1


def test_whose_consent_it_takes_stands_in_the_terms(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = proposed(anna, ben, terms={"asked": [member_of(anna)]})
    assert missing(change) == [member_of(anna)]
    refused("not_asked", change, ben, "refused")
    said(change, anna)
    assert status_of(change) == "agreed"
