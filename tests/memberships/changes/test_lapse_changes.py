"""Changes whose consents did not come in time, or of whose memberships one ends, lapse."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common import clock
from gateway.models import Event
from memberships import lifecycle
from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft, lapse, lapse_changes, lapse_open_of, propose
from memberships.ending import terminate
from memberships.models import ChangeParty, Membership, MembershipChange
from programs.closing import close_program, obstacles
from programs.errors import ProgramNotClosable
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, pair
from tests.ending import expired
from tests.factories import ACTOR, make_program
from tests.memberships.changes.planning import change_program

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DEADLINE = NOON + timedelta(days=30)


def proposed(program: Program, *names: str) -> MembershipChange:
    anna, ben = pair(program, *names)
    return propose(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)


def statuses() -> list[str]:
    return list(MembershipChange.objects.order_by("pk").values_list("status", flat=True))


def lapses() -> list[tuple[int, dict]]:
    return list(Event.objects.filter(kind="change.lapsed").order_by("pk").values_list("subject_id", "facts"))


def test_the_run_closes_what_is_overdue_and_nothing_else(miles):
    with clock.frozen(NOON):
        first = proposed(miles, "Anna Bauer", "Ben Miller")
        second = agree(proposed(miles, "Cid Lee", "Dora Lee"))
        draft(Proposal("merge", first.prime_id, first.secondary_id, result_type="group"), actor=ACTOR)
    with clock.frozen(NOON + timedelta(hours=1)):
        proposed(miles, "Eva Lee", "Fay Lee")
    heard: list[int] = []
    with clock.frozen(DEADLINE - timedelta(microseconds=1)):
        assert lapse_changes(actor=ACTOR, progress=heard.append) == 0
    with clock.frozen(DEADLINE) as now:
        assert lapse_changes(actor=ACTOR, progress=heard.append) == 2
        assert lapse_changes(actor=ACTOR, progress=heard.append) == 0
    assert heard == [first.pk, second.pk]
    assert statuses() == ["lapsed", "lapsed", "draft", "awaiting_consent"]
    first.refresh_from_db()
    assert (first.ended_at, first.version, first.carried_out_at) == (now, 2, None)
    facts = {"kind": "merge", "cause": "deadline"}
    assert [(pk, fact.items() >= facts.items()) for pk, fact in lapses()] == [(first.pk, True), (second.pk, True)]
    assert ChangeParty.objects.filter(is_open=True).count() == 2
    assert_audit_clean()


def test_every_program_goes_by_its_own_clock(miles):
    later = make_program("later", is_sandbox=True)
    with clock.frozen(NOON):
        here, there = proposed(miles), proposed(later, "Cid Lee", "Dora Lee")
    change_program(later, clock_offset=timedelta(days=30))
    with clock.frozen(NOON):
        assert lapse_changes(actor=ACTOR, program=miles) == 0
        assert lapse_changes(actor=ACTOR) == 1
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.status, there.status) == ("awaiting_consent", "lapsed")


def test_one_change_lapses_only_when_its_time_is_over(miles):
    with clock.frozen(NOON):
        change = proposed(miles)
        assert lapse(change, actor=ACTOR) is False
    with clock.frozen(DEADLINE):
        assert lapse(change, actor=ACTOR) is True
        assert lapse(change, actor=ACTOR) is False
    assert len(lapses()) == 1


def test_the_command_tells_how_many_of_which_program(miles):
    other = make_program("other")
    with clock.frozen(NOON):
        proposed(miles)
        proposed(other, "Cid Lee", "Dora Lee")
    with clock.frozen(DEADLINE):
        assert told("other") == "1 changes lapsed.\n"
        assert statuses() == ["awaiting_consent", "lapsed"]
        assert told() == "1 changes lapsed.\n"
        assert told() == "0 changes lapsed.\n"


def test_the_command_knows_the_program():
    with pytest.raises(CommandError, match="There is no program “nowhere”"):
        call_command("lapse_changes", "nowhere")


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("lapse_changes", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_end_of_a_membership_lets_its_change_lapse(miles):
    change = proposed(miles)
    other = proposed(miles, "Cid Lee", "Dora Lee")
    terminate(change.secondary, actor=ACTOR, reason="wish")
    change.refresh_from_db()
    assert change.status == "lapsed"
    ((subject, facts),) = lapses()
    assert subject == change.pk
    assert (facts["cause"], facts["membership"]) == ("membership_ended", change.secondary_id)
    assert Membership.objects.get(pk=change.prime_id).status == "active"
    other.refresh_from_db()
    assert other.status == "awaiting_consent"
    assert_audit_clean()


def test_so_does_the_end_of_its_term(miles):
    change = proposed(miles)
    ends = Membership.objects.get(pk=change.prime_id)
    ends.expires_on = clock.now().date() - timedelta(days=1)
    ends.save()
    assert expired(miles) == [ends.number]
    change.refresh_from_db()
    assert change.status == "lapsed"


def test_pausing_and_suspending_let_no_change_lapse(miles):
    change = proposed(miles)
    lifecycle.suspend(change.prime, actor=ACTOR, reason="test")
    lifecycle.pause(change.secondary, actor=ACTOR, reason="test")
    assert statuses() == ["awaiting_consent"]


def test_a_membership_in_no_open_change_has_none_to_lapse(miles):
    (emma,) = pair(miles, "Emma Stone")
    assert lapse_open_of(emma.pk, actor=ACTOR, reason="test") is None
    assert lapses() == []


def test_a_program_is_not_closed_while_a_change_is_open(miles):
    with clock.frozen(NOON):
        change = proposed(miles)
        draft(Proposal("merge", change.prime_id, change.secondary_id, result_type="group"), actor=ACTOR)
        change_program(miles, status="locked")
        (open_changes,) = obstacles(miles)
        assert (open_changes.code, open_changes.facts) == ("open_changes", {"count": 1})
        with pytest.raises(ProgramNotClosable):
            close_program(miles, actor=ACTOR, reason="season over")
    with clock.frozen(DEADLINE):
        assert obstacles(miles) == []
