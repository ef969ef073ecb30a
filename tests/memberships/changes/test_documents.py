"""Consent on paper: recorded by one, confirmed by a second member of staff (case 26), and decisions in its place."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from common.actor import Actor
from common.errors import LoyaltyError
from common.history import audit_context
from customers.erasing import erase_customer
from customers.exits import mark_deceased, obstacles
from customers.models import Customer, StaffCustomer
from memberships.changes.consent import missing
from memberships.changes.documents import confirm, open_document, record_document, turn_down, waiting_document
from memberships.changes.replacing import may_replace
from memberships.models import (
    ChangeStatus,
    Consent,
    ConsentDocument,
    ConsentStatus,
    Membership,
    MembershipChange,
)
from staff.models import AccessLog, User
from tests.asking import (
    AGENT,
    COLLEAGUE,
    DIGEST,
    OTHER,
    SUPERVISOR,
    TILL,
    consent_of,
    log_of,
    proposed,
    snapshot,
    staff,
    status_of,
)
from tests.audit.helpers import assert_audit_clean
from tests.changes import customer_called
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n" + b"signed " * 50
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20
MARK = "Xylophonia"


@pytest.fixture(autouse=True)
def uploads(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A store of uploads that is empty."""
    settings.MEDIA_ROOT = str(tmp_path)
    yield tmp_path


def stored(uploads: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(uploads.rglob("*")) if file.is_file()]


@pytest.fixture
def change(anna_and_ben: list[Membership]) -> MembershipChange:
    return proposed(*anna_and_ben)


@pytest.fixture
def anna(anna_and_ben: list[Membership]) -> int:
    return member_of(anna_and_ben[0])


def recorded(change: MembershipChange, customer_id: int, *, actor: Actor = AGENT, **values: Any) -> ConsentDocument:
    return record_document(change, customer_id=customer_id, actor=actor, **({"evidence": "letter, binder 7"} | values))


def refused(code: str, do: Any, *args: Any, **named: Any) -> LoyaltyError:
    """What it is refused with; nothing may have changed."""
    before = snapshot(), list(ConsentDocument.objects.values())
    with pytest.raises(LoyaltyError) as caught, transaction.atomic():
        do(*args, **named)
    assert caught.value.code == code
    assert (snapshot(), list(ConsentDocument.objects.values())) == before
    return caught.value


def test_26_a_document_counts_once_a_second_member_of_staff_confirmed_it(
    change: MembershipChange, anna: int, uploads: Path
) -> None:
    document = recorded(change, anna, file=io.BytesIO(PDF))
    assert (document.digest, document.content_type, document.user_id) == (DIGEST, "application/pdf", 11)
    assert stored(uploads) == [PDF]
    assert (consent_of(change, anna).status, anna in missing(change)) == ("asked", True)
    consent = confirm(change, customer_id=anna, actor=SUPERVISOR)
    assert (consent.status, consent.method, consent.evidence) == ("given", "document", "letter, binder 7")
    assert (consent.user_id, consent.confirmed_by_id) == (11, 12)
    assert log_of(change) == [(anna, "given", "document")]
    document.refresh_from_db()
    assert (document.confirmed_by_id, document.confirmed_at) == (12, consent.decided_at)
    assert waiting_document(change, customer_id=anna) is None
    assert_audit_clean()


def test_the_last_document_makes_the_change_agreed(change: MembershipChange, anna_and_ben: list[Membership]) -> None:
    for one in anna_and_ben:
        recorded(change, member_of(one))
        confirm(change, customer_id=member_of(one), actor=SUPERVISOR)
    assert status_of(change) == "agreed"


def test_neither_who_recorded_it_nor_a_channel_nor_who_may_not_attest_confirms(
    change: MembershipChange, anna: int
) -> None:
    recorded(change, anna, actor=SUPERVISOR)
    refused("not_allowed", confirm, change, customer_id=anna, actor=SUPERVISOR)
    refused("not_allowed", confirm, change, customer_id=anna, actor=TILL)
    refused("not_allowed", confirm, change, customer_id=anna, actor=ACTOR)
    refused("attestation_needed", confirm, change, customer_id=anna, actor=AGENT)
    assert confirm(change, customer_id=anna, actor=COLLEAGUE).status == "given"


def test_what_a_channel_recorded_one_member_of_staff_confirms(change: MembershipChange, anna: int) -> None:
    recorded(change, anna, actor=TILL)
    consent = confirm(change, customer_id=anna, actor=SUPERVISOR)
    assert (consent.user_id, consent.channel_id, consent.confirmed_by_id) == (None, 7, 12)
    assert_audit_clean()


def test_staff_linked_to_one_of_those_affected_neither_record_nor_confirm(
    change: MembershipChange, anna: int, anna_and_ben: list[Membership]
) -> None:
    ben = User.objects.create_user("ben", is_staff=True)
    with audit_context(ACTOR, "test"):
        StaffCustomer.objects.create(user=ben, customer=Customer.objects.get(pk=member_of(anna_and_ben[1])))
    refused("own_consent", recorded, change, anna, actor=staff(ben.pk))
    recorded(change, anna)
    refused("own_consent", confirm, change, customer_id=anna, actor=staff(ben.pk))


@pytest.mark.parametrize("content", [PDF, PNG, JPEG])
def test_scans_are_known_by_their_content(change: MembershipChange, anna: int, content: bytes) -> None:
    document = recorded(change, anna, file=io.BytesIO(content))
    assert document.content_type == {PDF: "application/pdf", PNG: "image/png", JPEG: "image/jpeg"}[content]


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"<html>%PDF-", b"PK\x03\x04", b"GIF89a", b"%PDF-" + b"x" * (5 * 1024 * 1024)],
    ids=["empty", "text", "page", "archive", "gif", "large"],
)
def test_other_files_are_refused_and_none_is_stored(
    change: MembershipChange, anna: int, uploads: Path, content: bytes
) -> None:
    refused("document_refused", recorded, change, anna, file=io.BytesIO(content))
    assert stored(uploads) == []


def test_the_name_of_the_upload_is_not_kept(change: MembershipChange, anna: int) -> None:
    file = io.BytesIO(PDF)
    file.name = f"../{MARK}.pdf"
    document = recorded(change, anna, file=file)
    assert MARK not in document.file.name
    assert document.file.name.startswith("consent-documents/")


def test_where_the_row_is_refused_no_file_is_left(
    change: MembershipChange, anna: int, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(ConsentDocument, "save", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        recorded(change, anna, file=io.BytesIO(PDF))
    assert stored(uploads) == []


@pytest.mark.parametrize("evidence", ["", "  ", "x" * 301])
def test_a_document_says_what_it_is(change: MembershipChange, anna: int, evidence: str) -> None:
    refused("consent_not_taken", recorded, change, anna, evidence=evidence)


def test_one_document_waits_at_a_time_and_can_be_turned_down(change: MembershipChange, anna: int) -> None:
    first = recorded(change, anna)
    refused("consent_not_taken", recorded, change, anna)
    refused("consent_not_taken", turn_down, change, customer_id=anna, actor=AGENT, reason=" ")
    refused("not_allowed", turn_down, change, customer_id=anna, actor=TILL, reason="unreadable")
    turned = turn_down(change, customer_id=anna, actor=SUPERVISOR, reason="unreadable")
    assert (turned.pk, turned.ended_at is None, turned.confirmed_at) == (first.pk, False, None)
    newest = MembershipChange.objects.get().history.latest("history_id")
    assert (newest.history_user_id, newest.history_change_reason) == (
        12, f"document of customer {anna} turned down: unreadable"
    )  # fmt: skip
    refused("not_found", confirm, change, customer_id=anna, actor=SUPERVISOR)
    assert recorded(change, anna).pk != first.pk


def test_a_document_for_earlier_terms_counts_nothing_and_gives_way(change: MembershipChange, anna: int) -> None:
    recorded(change, anna)
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get()
        row.digest = OTHER
        row.save()
    refused("terms_changed", confirm, change, customer_id=anna, actor=SUPERVISOR)
    recorded(change, anna)
    assert confirm(change, customer_id=anna, actor=SUPERVISOR).digest == OTHER
    assert ConsentDocument.objects.filter(confirmed_at=None, ended_at=None).count() == 0


def test_a_closed_change_takes_no_paper(change: MembershipChange, anna: int) -> None:
    recorded(change, anna)
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get()
        row.status = ChangeStatus.REFUSED
        row.save()
    refused("change_status", confirm, change, customer_id=anna, actor=SUPERVISOR)
    refused("change_status", recorded, change, anna)


def test_for_a_deceased_person_a_document_speaks(change: MembershipChange, anna: int) -> None:
    mark_deceased(customer_called("Anna Bauer"), actor=ACTOR, reason="letter of the court")
    recorded(change, anna, evidence="certificate of inheritance")
    assert confirm(change, customer_id=anna, actor=SUPERVISOR).status == "given"


class TestRecordedDecision:
    """In place of a consent that was refused, or not given in time, in a former proposal."""

    @pytest.fixture(autouse=True)
    def allowed(self, anna_and_ben: list[Membership]) -> None:
        program = anna_and_ben[0].program
        program.replaces_consent = True
        program.save()

    def again(self, pair: list[Membership], former: MembershipChange) -> MembershipChange:
        return proposed(*[Membership.objects.get(pk=one.pk) for one in pair], replaces=former)

    def former(self, pair: list[Membership], status: str, *, ben: str) -> MembershipChange:
        """A former proposal that ended so, with Ben's consent in that state."""
        change = proposed(*pair, status=status)
        with audit_context(ACTOR, "test"):
            consent = consent_of(change, member_of(pair[1]))
            consent.status = ConsentStatus(ben)
            if ben != "asked":
                consent.decided_at, consent.method, consent.digest = change.proposed_at, "in_person", DIGEST
            consent.save()
        return change

    def test_after_a_refusal_a_decision_with_paper_and_second_person_replaces_the_consent_and_is_shown_as_that(
        self, anna_and_ben: list[Membership]
    ) -> None:
        ben = member_of(anna_and_ben[1])
        change = self.again(anna_and_ben, self.former(anna_and_ben, "refused", ben="refused"))
        assert may_replace(change, customer_id=ben, at=change.proposed_at)
        recorded(change, ben, actor=SUPERVISOR, decides="recorded_decision", evidence="court order 12 F 3")
        consent = confirm(change, customer_id=ben, actor=COLLEAGUE)
        assert (consent.status, consent.method) == ("given", "recorded_decision")
        assert (consent.user_id, consent.confirmed_by_id) == (12, 13)
        assert log_of(change) == [(ben, "given", "recorded_decision")]
        assert_audit_clean(only=["C01", "C03"])

    @pytest.mark.parametrize(
        ("status", "ben", "possible"),
        [
            ("refused", "refused", True),
            ("refused", "asked", False),
            ("refused", "given", False),
            ("lapsed", "asked", True),
            ("lapsed", "withdrawn", True),
            ("lapsed", "given", False),
            ("withdrawn", "asked", False),
        ],
    )
    def test_it_replaces_the_consent_of_who_refused_or_let_it_lapse_and_of_nobody_else(
        self, anna_and_ben: list[Membership], status: str, ben: str, possible: bool
    ) -> None:
        person = member_of(anna_and_ben[1])
        change = self.again(anna_and_ben, self.former(anna_and_ben, status, ben=ben))
        assert may_replace(change, customer_id=person, at=change.proposed_at) is possible
        if not possible:
            refused("consent_not_taken", recorded, change, person, actor=SUPERVISOR, decides="recorded_decision")

    def test_not_in_a_first_proposal(self, change: MembershipChange, anna: int) -> None:
        error = refused("consent_not_taken", recorded, change, anna, actor=SUPERVISOR, decides="recorded_decision")
        assert "new proposal" in error.message

    def test_not_where_the_program_does_not_allow_it(self, anna_and_ben: list[Membership]) -> None:
        program = anna_and_ben[0].program
        program.replaces_consent = False
        program.save()
        ben = member_of(anna_and_ben[1])
        change = self.again(anna_and_ben, self.former(anna_and_ben, "refused", ben="refused"))
        refused("consent_not_taken", recorded, change, ben, actor=SUPERVISOR, decides="recorded_decision")

    def test_it_takes_the_right_to_decide_of_both(self, anna_and_ben: list[Membership]) -> None:
        ben = member_of(anna_and_ben[1])
        change = self.again(anna_and_ben, self.former(anna_and_ben, "refused", ben="refused"))
        attests = staff(21, "changes:consent", "changes:attest")
        for actor in (AGENT, attests, TILL):
            refused("attestation_needed", recorded, change, ben, actor=actor, decides="recorded_decision")
        recorded(change, ben, actor=SUPERVISOR, decides="recorded_decision")
        refused("attestation_needed", confirm, change, customer_id=ben, actor=attests)
        refused("not_allowed", confirm, change, customer_id=ben, actor=SUPERVISOR)


def test_opening_a_document_is_written_down_and_shows_what_was_recorded(change: MembershipChange, anna: int) -> None:
    document = recorded(change, anna, file=io.BytesIO(PDF))
    user = User.objects.create_user("sue", is_staff=True)
    opened = open_document(document, actor=staff(user.pk))
    assert (opened.content, opened.content_type, opened.name) == (PDF, "application/pdf", f"consent-{document.pk}.pdf")
    entry = AccessLog.objects.get()
    assert (entry.user, entry.action, entry.subject_id) == (user, "download", document.pk)
    assert entry.facts == {"change": change.pk, "customer": anna}
    for actor in (TILL, ACTOR, staff(user.pk, "memberships:read")):
        refused("not_allowed", open_document, document, actor=actor)
    assert AccessLog.objects.count() == 1


def test_a_file_that_was_exchanged_or_is_gone_is_told(change: MembershipChange, anna: int, uploads: Path) -> None:
    document = recorded(change, anna, file=io.BytesIO(PDF))
    user = User.objects.create_user("sue", is_staff=True)
    (uploads / document.file.name).write_bytes(PDF + b"and more")
    refused("conflict", open_document, document, actor=staff(user.pk))
    (uploads / document.file.name).unlink()
    refused("not_found", open_document, document, actor=staff(user.pk))


def test_a_person_who_was_asked_is_not_deleted(change: MembershipChange, anna: int) -> None:
    codes = {one.code for one in obstacles(Customer.objects.get(pk=anna))}
    assert codes == {"has_consents", "has_changes"}


def traces() -> list[str]:
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t WHERE strpos(t::text, %s) > 0", [MARK])
            found += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return found


def test_after_an_erasure_evidence_reasons_and_files_are_gone_and_the_decision_stays(
    change: MembershipChange, anna: int, uploads: Path, django_capture_on_commit_callbacks: Any
) -> None:
    recorded(change, anna, evidence=f"{MARK} one", file=io.BytesIO(PNG))
    turn_down(change, customer_id=anna, actor=SUPERVISOR, reason=f"{MARK} wrote badly")
    recorded(change, anna, evidence=f"{MARK} two", file=io.BytesIO(PDF))
    confirm(change, customer_id=anna, actor=SUPERVISOR)
    with audit_context(ACTOR, f"{MARK} called"):
        row = MembershipChange.objects.get()
        row.status, row.reason = ChangeStatus.WITHDRAWN, f"{MARK} and Ben live together"
        row.save()
    assert len(traces()) >= 8 and len(stored(uploads)) == 2
    with django_capture_on_commit_callbacks(execute=True):
        erase_customer(Customer.objects.get(pk=anna), actor=ACTOR, reason="asked to be forgotten")
    assert traces() == []
    assert stored(uploads) == []
    consent = Consent.objects.get(customer=anna)
    assert (consent.status, consent.method, consent.confirmed_by_id) == ("given", "document", 12)
    assert log_of(change) == [(anna, "given", "document")]
    assert_audit_clean()


def test_an_erasure_that_is_rolled_back_leaves_the_file(
    change: MembershipChange, anna: int, uploads: Path, django_capture_on_commit_callbacks: Any
) -> None:
    recorded(change, anna, file=io.BytesIO(PDF))
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
        erase_customer(Customer.objects.get(pk=anna), actor=ACTOR, reason="asked to be forgotten")
        raise RuntimeError
    assert stored(uploads) == [PDF]
    assert ConsentDocument.objects.get().file
