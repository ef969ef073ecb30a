"""The consents of a change at the desk: asked, recorded, confirmed, refused, taken back; carried out and undone."""

from typing import Any

import pytest

from customers.models import Customer, CustomerStatus
from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft, propose
from memberships.lifecycle import suspend_member
from memberships.models import (
    ChangeStatus,
    Consent,
    ConsentDecision,
    ConsentDocument,
    ConsentInvitation,
    ConsentMethod,
    ConsentStatus,
    Member,
    Membership,
    MembershipChange,
)
from points.models import Posting
from staff.models import AccessLog, Role
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, earn, people_of
from tests.desk.changes.pressing import Press, change_page, code_sent_to, told
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, make_program, member_of

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def merge(anna_and_ben: list[Membership]) -> MembershipChange:
    """Anna's and Ben's merge into a shared account waits for both."""
    anna, ben = anna_and_ben
    earn(anna, 300)
    earn(ben, 200)
    return propose(Proposal("merge", anna.pk, ben.pk, result_type="shared", reason="together"), actor=ACTOR)


def people(change: MembershipChange) -> list[int]:
    return list(change.consents.order_by("pk").values_list("customer_id", flat=True))


def consent(change: MembershipChange, customer_id: int) -> Consent:
    return Consent.objects.get(change=change, customer=customer_id)


def in_person(page: Press, customer_id: int, decision: str = "given") -> Any:
    return page.sends("consent", customer=customer_id, method="in_person", decision=decision, evidence="passport shown")


def test_a_draft_shows_what_it_would_do_and_who_will_be_asked(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    earn(anna, 300)
    made = draft(Proposal("merge", anna.pk, ben.pk, result_type="shared", reason="x"), actor=ACTOR)
    page = change_page(agent, made)
    assert "A draft: nobody was asked yet" in page.page.text
    assert "300 in common" in page.page.text
    assert "Not one point is lost." in page.page.text
    assert Posting.objects.filter(kind="merge").count() == 0
    shown = page.does("propose")
    made.refresh_from_db()
    assert made.status == ChangeStatus.AWAITING_CONSENT
    assert "Waits for consent" in shown.text


def test_a_code_is_sent_read_out_and_typed_in(agent: Visitor, merge: MembershipChange) -> None:
    anna, _ben = people(merge)
    asked = change_page(agent, merge).does("ask", customer=anna, method="code")
    assert "A code is on its way to A*** B***." in asked.text
    page = change_page(agent, merge)
    shown = page.does("consent", customer=anna, method="code", decision="given", code=code_sent_to(anna))
    assert "The consent of A*** B*** is recorded." in shown.text
    assert consent(merge, anna).status == ConsentStatus.GIVEN
    assert consent(merge, anna).user_id == agent.user.pk
    merge.refresh_from_db()
    assert merge.status == ChangeStatus.AWAITING_CONSENT


@pytest.mark.django_db(transaction=True)
def test_a_wrong_code_is_told_beside_its_field_and_counted(agent: Visitor, merge: MembershipChange) -> None:
    anna, _ben = people(merge)
    change_page(agent, merge).does("ask", customer=anna, method="code")
    right = code_sent_to(anna)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    page = change_page(agent, merge)
    response = page.sends("consent", customer=anna, method="code", decision="given", code=wrong)
    assert response.status_code == 422
    assert "5 tries are left" in told(response)
    assert ConsentInvitation.objects.get().tries == 1
    assert consent(merge, anna).status == ConsentStatus.ASKED
    again = change_page(agent, merge)
    again.does("consent", customer=anna, method="code", decision="given", code=right)
    assert consent(merge, anna).status == ConsentStatus.GIVEN


def test_without_a_code_it_takes_a_right_of_its_own(
    agent: Visitor, supervisor: Visitor, merge: MembershipChange
) -> None:
    anna, _ben = people(merge)
    page = change_page(agent, merge)
    assert not page.has("consent", method="in_person")
    assert "it takes the right changes:attest: ask a supervisor" in page.page.text
    ours = change_page(supervisor, merge)
    forged = ours.form("consent", customer=str(anna), method="in_person")[1]
    given = {**forged, "decision": "given", "evidence": "x"}
    assert agent.client.post(f"/desk/changes/{merge.pk}/consent", given).status_code == 403
    assert consent(merge, anna).status == ConsentStatus.ASKED
    assert in_person(ours, anna).status_code == 302
    assert consent(merge, anna).evidence == "passport shown"


def test_evidence_is_asked_for_and_the_page_keeps_what_was_typed(supervisor: Visitor, merge: MembershipChange) -> None:
    anna, _ben = people(merge)
    page = change_page(supervisor, merge)
    response = page.sends("consent", customer=anna, method="in_person", decision="given", evidence=" ")
    assert response.status_code == 400
    assert "This field is required." in told(response)
    assert ConsentDecision.objects.count() == 0


def test_a_second_click_records_once(supervisor: Visitor, merge: MembershipChange) -> None:
    anna, _ben = people(merge)
    page = change_page(supervisor, merge)
    assert [in_person(page, anna).status_code for _ in range(2)] == [302, 302]
    assert ConsentDecision.objects.count() == 1


def test_a_stale_page_does_nothing_and_shows_how_it_stands(
    supervisor: Visitor, agent: Visitor, merge: MembershipChange
) -> None:
    anna, ben = people(merge)
    stale = change_page(agent, merge)
    page = change_page(supervisor, merge)
    in_person(page, anna)
    # What happened to somebody else is no matter; what happened to the same person is.
    assert stale.sends("ask", customer=ben, method="link").status_code == 302
    response = stale.sends("ask", customer=anna, method="link")
    assert response.status_code == 409
    assert "Somebody went on with this change meanwhile. Nothing was done" in told(response)
    assert ConsentInvitation.objects.filter(consent__customer=anna).count() == 0
    withdrawn = stale.sends("withdraw", reason="At the customer's wish")
    assert withdrawn.status_code == 409
    merge.refresh_from_db()
    assert merge.status == ChangeStatus.AWAITING_CONSENT
    assert supervisor.user.username in change_page(agent, merge).page.text


def test_a_document_counts_once_a_second_person_has_confirmed_it(
    agent: Visitor, supervisor: Visitor, merge: MembershipChange, settings: Any, tmp_path: Any
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    settings.MEDIA_ROOT = tmp_path
    anna, _ben = people(merge)
    scan = SimpleUploadedFile("consent of Anna.pdf", PDF, content_type="application/pdf")
    change_page(agent, merge).does(
        "document", customer=anna, decides="document", evidence="letter in folder 7", file=scan
    )
    paper = ConsentDocument.objects.get()
    assert (paper.decides, paper.user_id, paper.confirmed_at) == ("document", agent.user.pk, None)
    assert consent(merge, anna).status == ConsentStatus.ASKED
    own = change_page(agent, merge)
    assert "You recorded it: somebody else confirms." in own.page.text
    assert not own.has("confirm")
    file = supervisor.client.get(f"/desk/changes/documents/{paper.pk}")
    assert (file.status_code, file.content) == (200, PDF)
    assert file["Content-Disposition"] == f'attachment; filename="consent-{paper.pk}.pdf"'
    assert AccessLog.objects.filter(user=supervisor.user, action="download", subject_id=paper.pk).count() == 1
    log_in_lately(supervisor)
    change_page(supervisor, merge).does("confirm", customer=anna)
    given = consent(merge, anna)
    assert (given.status, given.method) == (ConsentStatus.GIVEN, ConsentMethod.DOCUMENT)
    assert (given.user_id, given.confirmed_by_id) == (agent.user.pk, supervisor.user.pk)


def test_a_document_is_turned_down_with_a_reason(agent: Visitor, supervisor: Visitor, merge: MembershipChange) -> None:
    anna, _ben = people(merge)
    change_page(agent, merge).does("document", customer=anna, decides="document", evidence="letter")
    change_page(supervisor, merge).does("turn-down", customer=anna, reason="Not signed")
    assert ConsentDocument.objects.get().ended_at is not None
    assert consent(merge, anna).status == ConsentStatus.ASKED


def test_the_deceased_are_asked_by_no_code(agent: Visitor, merge: MembershipChange) -> None:
    anna, ben = people(merge)
    row = Customer.objects.get(pk=anna)
    row.status = CustomerStatus.DECEASED
    row.save()
    page = change_page(agent, merge)
    assert not page.has("ask", customer=anna)
    assert page.has("ask", customer=ben)
    assert page.has("document", customer=anna)
    assert "the person has died: record a document" in page.page.text


def test_a_refusal_closes_and_a_decision_on_paper_takes_its_place_in_a_new_proposal(
    agent: Visitor, supervisor: Visitor, katrin_and_john: list[Membership]
) -> None:
    katrin, john = katrin_and_john
    program = katrin.program
    program.replaces_consent = True
    program.save()
    kat, joe = member_of(katrin), member_of(john)
    first = propose(Proposal("split", katrin.pk, leaver_id=joe, policy="equal", reason="Separation"), actor=ACTOR)
    in_person(change_page(supervisor, first), joe, "refused")
    first.refresh_from_db()
    assert first.status == ChangeStatus.REFUSED
    closed = change_page(agent, first)
    assert "Refused: nothing was changed" in closed.page.text
    assert not closed.has("ask")
    Press(agent, f"/desk/changes/{first.pk}/again").does("", leaver=joe, policy="equal", reason="Order of the court")
    second = MembershipChange.objects.get(replaces=first)
    assert not change_page(agent, second).has("document", customer=joe, decides="recorded_decision")
    page = change_page(supervisor, second)
    assert not page.has("document", customer=kat, decides="recorded_decision")
    page.does("document", customer=joe, decides="recorded_decision", evidence="order 7 C 11/26 of the court")
    other = Visitor(Role.SUPERVISOR)
    log_in_lately(other)
    shown = change_page(other, second).does("confirm", customer=joe)
    assert "Not the person's own consent" in shown.text
    assert consent(second, joe).method == ConsentMethod.RECORDED_DECISION


def test_a_consent_taken_back_lets_the_change_wait_again(supervisor: Visitor, merge: MembershipChange) -> None:
    anna, _ben = people(merge)
    agree(merge)
    page = change_page(supervisor, merge)
    assert "Everyone has agreed" in page.page.text
    page.does("consent", customer=anna, method="in_person", decision="withdrawn", evidence="called in")
    merge.refresh_from_db()
    assert merge.status == ChangeStatus.AWAITING_CONSENT
    assert not change_page(supervisor, merge).has("carry-out")


@pytest.mark.django_db(transaction=True)
def test_carried_out_once_whatever_is_clicked_and_undone_at_once(agent: Visitor, merge: MembershipChange) -> None:
    agree(merge)
    page = change_page(agent, merge)
    assert [page.sends("carry-out").status_code for _ in range(2)] == [302, 302]
    merge.refresh_from_db()
    assert (merge.status, merge.carried_out_user_id) == (ChangeStatus.CARRIED_OUT, agent.user.pk)
    assert Posting.objects.filter(kind="merge").count() == 1
    receipt = change_page(agent, merge).page
    assert "Receipt" in receipt.text
    assert "+500" in receipt.text
    assert f"/desk/changes/{merge.pk}/undo" in receipt.links
    undo = Press(agent, f"/desk/changes/{merge.pk}/undo")
    assert "Nobody acted since: it is undone at once" in undo.page.text
    undo.does("", reason="Carried out by mistake")
    merge.refresh_from_db()
    assert merge.status == ChangeStatus.UNDONE
    assert "Carried out, and undone since" in change_page(agent, merge).page.text
    assert_audit_clean()


@pytest.mark.django_db(transaction=True)
def test_an_undo_after_somebody_spent_asks_everyone_and_says_who_bears_it(
    agent: Visitor, merge: MembershipChange
) -> None:
    from tests.desk.visitor import redeemed

    agree(merge)
    change_page(agent, merge).does("carry-out")
    ben = merge.secondary
    assert ben is not None
    redeemed(ben, 400)
    undo = Press(agent, f"/desk/changes/{merge.pk}/undo")
    assert "Somebody acted since: everyone is asked for consent again" in undo.page.text
    assert f"B*** M*** ({ben.members.get().customer.number}): owes 200 Miles" in undo.page.text
    shown = undo.does("", reason="Carried out by mistake")
    assert "everyone is asked for consent to the undoing" in shown.text
    again = MembershipChange.objects.get(kind="undo")
    assert again.status == ChangeStatus.AWAITING_CONSENT
    merge.refresh_from_db()
    assert merge.status == ChangeStatus.CARRIED_OUT


def test_foreign_changes_do_not_exist_and_an_auditor_only_looks(auditor: Visitor, merge: MembershipChange) -> None:
    stranger = Visitor(Role.SUPERVISOR, make_program("other"))
    for name in ("", "/terms", "/undo", "/ask"):
        assert stranger.client.get(f"/desk/changes/{merge.pk}{name}").status_code == 404
    page = change_page(auditor, merge)
    assert [action for action, _given in page.forms if action.startswith("/desk/changes/")] == []
    for name in ("propose", "ask", "consent", "document", "confirm", "turn-down", "withdraw", "carry-out", "undo"):
        assert auditor.client.post(f"/desk/changes/{merge.pk}/{name}", {"key": "0" * 32}).status_code == 403


def test_an_open_change_is_told_on_the_pages_of_customer_and_membership(
    agent: Visitor, merge: MembershipChange
) -> None:
    anna, _ben = people(merge)
    for page in (agent.reads("customer", anna), agent.reads("membership", merge.prime_id)):
        assert "An open merge waits for A*** B***, B*** M*** until" in page.text
        assert f"/desk/changes/{merge.pk}" in page.links


def test_the_home_page_counts_what_waits(supervisor: Visitor, merge: MembershipChange) -> None:
    text = supervisor.reads("home").text
    assert "Changes waiting for consent 1" in text
    agree(merge)
    text = supervisor.reads("home").text
    assert "Changes waiting for consent 0 1 agreed, to be carried out" in text


def log_in_lately(visitor: Visitor) -> None:
    """As if the password had been given a moment ago."""
    from common import clock
    from common.recent_login import CONFIRMED_AT

    session = visitor.client.session
    session[CONFIRMED_AT] = int(clock.now().timestamp())
    session.save()


def test_everyone_in_a_group_is_asked(agent: Visitor, moores: Membership) -> None:
    change = propose(
        Proposal("split", moores.pk, leaver_id=people_of(moores)[1], policy="equal", reason="x"), actor=ACTOR
    )
    page = change_page(agent, change)
    assert [page.has("ask", customer=pk) for pk in people_of(moores)] == [True, True, True]


@pytest.mark.django_db(transaction=True)
def test_terms_that_changed_are_told_and_everyone_is_asked_again(agent: Visitor, moores: Membership) -> None:
    mia, max_, moe = people_of(moores)
    proposal = Proposal("split", moores.pk, leaver_id=max_, policy="equal", reason="x")
    change = agree(propose(proposal, actor=ACTOR))
    before = change_page(agent, change)
    suspend_member(Member.objects.get(membership=moores, customer=moe), actor=ACTOR, reason="misuse")
    now = change_page(agent, change)
    assert "A member of" in now.page.text
    assert now.has("refresh")
    assert not now.has("carry-out")
    response = before.sends("carry-out")
    assert response.status_code == 409
    assert "Everyone is asked again" in told(response)
    change.refresh_from_db()
    assert change.status == ChangeStatus.AWAITING_CONSENT
    assert {consent(change, pk).status for pk in (mia, max_, moe)} == {ConsentStatus.VOID}
    assert Posting.objects.filter(kind="split").count() == 0


def test_who_shares_the_pool_stands_on_the_page_of_the_membership(
    agent: Visitor, katrin_and_john: list[Membership]
) -> None:
    katrin, john = katrin_and_john
    page = agent.reads("membership", katrin.pk)
    assert f"Shares points with J*** M*** {john.number}" in page.text
    assert f"/desk/memberships/{john.pk}" in page.links


def test_two_records_may_be_said_to_be_one_person(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    page = Press(agent, f"/desk/changes/new?kind=merge&prime={anna.pk}&secondary={ben.pk}").page
    assert f"/desk/customers/{member_of(anna)}/same-person/{member_of(ben)}" in page.links
