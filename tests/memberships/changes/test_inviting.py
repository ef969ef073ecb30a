"""ask(), open_invitation(), decide_by_link(): codes and links to the registered address, and what a link decides."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from common import clock
from common.errors import LoyaltyError, NotFound
from common.history import audit_context
from customers.exits import mark_deceased
from customers.models import ContactPreference, Customer, Message
from gateway.models import Event
from memberships.changes.consent import decide
from memberships.changes.inviting import ask, decide_by_link, open_invitation
from memberships.codes import CODE_LASTS, MOST_SENT
from memberships.models import ChangeStatus, ConsentInvitation, Membership, MembershipChange
from tests.asking import (
    AGENT,
    DIGEST,
    OTHER,
    SUPERVISOR,
    code_in,
    consent_of,
    log_of,
    proposed,
    reachable,
    snapshot,
    status_of,
    token_in,
)
from tests.audit.helpers import assert_audit_clean
from tests.changes import customer_called
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db


def asked(change: MembershipChange, person: Membership, method: str = "link") -> ConsentInvitation:
    return ask(change, customer_id=member_of(person), method=method, actor=AGENT)


def refused(code: str, do: Any, *args: Any, **named: Any) -> LoyaltyError:
    """What it is refused with; nothing may have changed, and nothing is sent."""
    before = snapshot()
    with pytest.raises(LoyaltyError) as caught, transaction.atomic():
        do(*args, **named)
    assert caught.value.code == code
    assert snapshot() == before
    return caught.value


def set_digest(change: MembershipChange, digest: str) -> None:
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get(pk=change.pk)
        row.digest = digest
        row.save()


@pytest.fixture
def change(anna_and_ben: list[Membership]) -> MembershipChange:
    """A merge of two who can be reached."""
    reachable(*anna_and_ben)
    return proposed(*anna_and_ben)


@pytest.mark.parametrize("method", ["code", "link"])
def test_of_what_is_sent_only_a_digest_is_kept(
    change: MembershipChange, anna_and_ben: list[Membership], method: str
) -> None:
    sent = asked(change, anna_and_ben[0], method)
    secret = code_in(sent) if method == "code" else token_in(sent)
    assert len(bytes(sent.secret_digest)) == 32
    message = Message.objects.get()
    assert (message.purpose, message.address, message.pk) == (
        method,
        f"c{message.customer_id}@example.com",
        sent.message_id,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE relname <> 'customers_message'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE strpos(t::text, %s) > 0", [secret])  # noqa: S608
            found = cursor.fetchone()[0]
            assert method == "code" or found == 0, table


def test_asking_leaves_an_event_without_a_secret(change: MembershipChange, anna_and_ben: list[Membership]) -> None:
    sent = asked(change, anna_and_ben[0])
    event = Event.objects.get(kind="consent.asked")
    assert event.facts == {"change": change.pk, "customer": member_of(anna_and_ben[0]), "method": "link"}
    assert event.subject_id == change.pk
    assert token_in(sent) not in str(event.facts)


def test_codes_and_links_go_out_whatever_notices_the_person_wants(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    with audit_context(ACTOR, "test"):
        ContactPreference.objects.create(customer_id=member_of(anna_and_ben[0]), channel="email", allowed=False)
    sent = asked(change, anna_and_ben[0])
    assert sent.message is not None and sent.message.status == "waiting"


def test_without_an_address_nothing_is_asked_and_paper_is_named(anna_and_ben: list[Membership]) -> None:
    change = proposed(*anna_and_ben)
    error = refused("consent_not_taken", asked, change, anna_and_ben[0], "code")
    assert "on paper" in error.message


def test_the_deceased_are_not_written_to(change: MembershipChange, anna_and_ben: list[Membership]) -> None:
    mark_deceased(customer_called("Anna Bauer"), actor=ACTOR, reason="letter of the court")
    for method in ("code", "link"):
        assert "document" in refused("consent_not_taken", asked, change, anna_and_ben[0], method).message


def test_only_who_is_asked_is_written_to_and_only_while_the_change_is_open(
    change: MembershipChange, anna_and_ben: list[Membership], moores: Membership
) -> None:
    refused("not_asked", ask, change, customer_id=moores.main_member.customer_id, method="code", actor=AGENT)  # type: ignore[union-attr]
    refused("consent_not_taken", asked, change, anna_and_ben[0], "pigeon")
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get()
        row.status = ChangeStatus.WITHDRAWN
        row.save()
    refused("change_status", asked, change, anna_and_ben[0])


def test_a_new_link_ends_the_earlier_one_and_leaves_the_code(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    anna, ben = anna_and_ben
    first, code, others = asked(change, anna), asked(change, anna, "code"), asked(change, ben)
    second = asked(change, anna)
    assert open_invitation(token_in(first)) is None
    assert open_invitation(token_in(second)) == second
    assert open_invitation(token_in(others)) == others
    code.refresh_from_db()
    assert (code.ended_at, code.expires_at - code.sent_at) == (None, CODE_LASTS)


def test_within_a_day_a_person_gets_only_so_many(change: MembershipChange, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    start = clock.now()
    with clock.frozen(start):
        for _ in range(MOST_SENT):
            asked(change, anna, "code")
        refused("too_many_invitations", asked, change, anna, "code")
        asked(change, anna, "link")
        asked(change, ben, "code")
    with clock.frozen(start + timedelta(days=1)):
        asked(change, anna, "code")


def test_a_link_leads_somewhere_until_the_deadline_of_the_change(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    sent = asked(change, anna_and_ben[0])
    assert change.expires_at is not None
    with clock.frozen(change.expires_at - timedelta(seconds=1)):
        assert open_invitation(token_in(sent)) == sent
    with clock.frozen(change.expires_at):
        assert open_invitation(token_in(sent)) is None


def test_a_link_is_good_as_long_as_the_programs_own_clock_leaves_it(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    change.program.is_sandbox, change.program.clock_offset = True, timedelta(days=10)
    change.program.save()
    sent = asked(change, anna_and_ben[0])
    assert sent.expires_at - sent.sent_at < timedelta(days=4)
    assert open_invitation(token_in(sent)) == sent


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "ü" * 20, "../../admin", "\x00"])
def test_unknown_links_lead_nowhere(change: MembershipChange, anna_and_ben: list[Membership], token: str) -> None:
    asked(change, anna_and_ben[0])
    assert open_invitation(token) is None
    with pytest.raises(NotFound):
        decide_by_link(token, decision="given", digest=DIGEST)


def test_a_code_is_no_link(change: MembershipChange, anna_and_ben: list[Membership]) -> None:
    assert open_invitation(code_in(asked(change, anna_and_ben[0], "code"))) is None


def test_opening_uses_nothing_up_the_answer_does_and_a_link_decides_once(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    anna, ben = anna_and_ben
    token = token_in(asked(change, anna))
    before = snapshot()
    for _ in range(3):
        assert open_invitation(token) is not None
    assert snapshot() == before
    consent = decide_by_link(token, decision="given", digest=DIGEST)
    assert (consent.status, consent.method, consent.digest, consent.user_id) == ("given", "link", DIGEST, None)
    assert ConsentInvitation.objects.get().used_at is not None
    refused("consent_not_taken", decide_by_link, token, decision="given", digest=DIGEST)
    refused("consent_not_taken", decide_by_link, token, decision="refused", digest=DIGEST)
    assert decide_by_link(token, decision="withdrawn", digest=DIGEST).status == "withdrawn"
    refused("consent_not_taken", decide_by_link, token, decision="given", digest=DIGEST)
    a = member_of(anna)
    assert log_of(change) == [(a, "given", "link"), (a, "withdrawn", "link")]
    assert_audit_clean()


def test_two_links_make_it_agreed_and_until_it_is_carried_out_a_link_still_withdraws(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    tokens = [token_in(asked(change, one)) for one in anna_and_ben]
    for token in tokens:
        decide_by_link(token, decision="given", digest=DIGEST)
    assert status_of(change) == "agreed"
    decide_by_link(tokens[0], decision="withdrawn", digest=DIGEST)
    assert status_of(change) == "awaiting_consent"
    assert_audit_clean()


def test_once_it_is_carried_out_the_link_leads_nowhere(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    tokens = [token_in(asked(change, one)) for one in anna_and_ben]
    for token in tokens:
        decide_by_link(token, decision="given", digest=DIGEST)
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get()
        row.status, row.carried_out_at = ChangeStatus.CARRIED_OUT, clock.now()
        row.save()
    assert open_invitation(tokens[0]) is None
    with pytest.raises(NotFound):
        decide_by_link(tokens[0], decision="withdrawn", digest=DIGEST)


def test_who_refused_still_sees_it_the_others_links_lead_nowhere(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    no, other = [token_in(asked(change, one)) for one in anna_and_ben]
    decide_by_link(no, decision="refused", digest=DIGEST)
    assert status_of(change) == "refused"
    assert open_invitation(no) is not None
    assert open_invitation(other) is None
    with pytest.raises(NotFound):
        decide_by_link(other, decision="given", digest=DIGEST)
    refused("change_status", decide_by_link, no, decision="given", digest=DIGEST)


def test_an_answer_to_other_terms_than_those_in_force_is_not_taken_and_uses_nothing_up(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    token = token_in(asked(change, anna_and_ben[0]))
    set_digest(change, OTHER)
    for decision in ("given", "refused"):
        refused("terms_changed", decide_by_link, token, decision=decision, digest=DIGEST)
    assert decide_by_link(token, decision="given", digest=OTHER).digest == OTHER


def test_a_consent_by_another_way_can_be_taken_back_by_link(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    anna = anna_and_ben[0]
    token = token_in(asked(change, anna))
    decide(
        change, customer_id=member_of(anna), decision="given", method="in_person", actor=SUPERVISOR, evidence="passport"
    )
    assert decide_by_link(token, decision="withdrawn", digest=DIGEST).status == "withdrawn"
    assert ConsentInvitation.objects.get().used_at is not None


def test_the_link_of_one_who_died_or_was_forgotten_leads_nowhere(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    token = token_in(asked(change, anna_and_ben[0]))
    mark_deceased(customer_called("Anna Bauer"), actor=ACTOR, reason="letter of the court")
    assert open_invitation(token) is None
    with pytest.raises(NotFound):
        decide_by_link(token, decision="given", digest=DIGEST)
    assert consent_of(change, member_of(anna_and_ben[0])).status == "asked"


def test_a_new_address_gets_it_together_with_the_old_one(
    change: MembershipChange, anna_and_ben: list[Membership]
) -> None:
    settled = clock.now() + timedelta(days=30)
    with clock.frozen(settled), audit_context(ACTOR, "test"):
        anna = Customer.objects.get(pk=member_of(anna_and_ben[0]))
        anna.email = anna.email_key = "new@example.com"
        anna.contact_changed_at = settled
        anna.save()
    with audit_context(ACTOR, "test"):
        row = MembershipChange.objects.get()
        row.expires_at = settled + timedelta(days=9)
        row.save()
    with clock.frozen(settled + timedelta(days=6)):
        asked(change, anna_and_ben[0], "code")
    assert {one.address for one in Message.objects.all()} == {"new@example.com", f"c{anna.pk}@example.com"}
    assert len({one.body for one in Message.objects.all()}) == 1
