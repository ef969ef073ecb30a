"""Texts a program need not keep any longer are emptied; what happened stays."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.models import MemberActivity
from activities.retention import apply_retention, kept_since
from common import clock
from customers.models import Message, MessageStatus
from memberships.models import Membership
from points.models import Adjustment
from programs.models import Program, Run
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program, member_of
from tests.rows import all_rows

pytestmark = pytest.mark.django_db
WORDS = {"reference": "R-1", "location": "Kiosk", "note": "asked for Anna"}


@pytest.fixture
def told(miles: Program, michael_adams: Membership) -> Membership:
    """Words of two activities: one from just before what is kept, one from its first moment."""
    miles.retention_months = 12
    miles.save()
    for points, after in ((100, timedelta(seconds=-1)), (7, timedelta(0))):
        earn_in_general(PointsCall(michael_adams.pk, points, **WORDS), actor=ACTOR)
        row = MemberActivity.objects.filter(points=points)
        row.update(occurred_at=kept_since(miles) + after, attributes={"color": "red"})
    return Membership.objects.select_related("program").get(pk=michael_adams.pk)


def words_of(points: int) -> tuple[object, ...]:
    return MemberActivity.objects.values_list("reference", "location", "note", "attributes").get(points=points)


def test_what_is_older_loses_its_words_and_nothing_else(told: Membership) -> None:
    counts = apply_retention(told.program, actor=ACTOR)
    assert {name: count for name, count in counts.items() if count} == {"activities": 1, "attributes": 1}
    assert words_of(100) == ("", "", "", None)
    assert words_of(7) == (*WORDS.values(), {"color": "red"})
    assert account_of(told).balance == 107
    assert_audit_clean()


def test_a_dry_run_counts_and_changes_nothing(told: Membership) -> None:
    before = all_rows()
    counts = apply_retention(told.program, actor=ACTOR, dry_run=True)
    assert (counts["activities"], counts["attributes"]) == (1, 1)
    after = all_rows()
    run = Run.objects.get()
    assert (run.kind, run.dry_run, run.counts["activities"]) == ("apply_retention", True, 1)
    assert [name for name in after if after[name] != before.get(name)] == ["programs_run"]


def test_twice_changes_nothing(told: Membership) -> None:
    apply_retention(told.program, actor=ACTOR)
    assert sum(apply_retention(told.program, actor=ACTOR).values()) == 0


def test_what_waits_keeps_its_words(told: Membership) -> None:
    MemberActivity.objects.filter(points=100).update(status="failed", posting=None)
    apply_retention(told.program, actor=ACTOR)
    assert words_of(100)[:3] == tuple(WORDS.values())


def test_another_programs_words_stay(told: Membership) -> None:
    other = make_membership(make_program("sea"), "Anna")
    earn_in_general(PointsCall(other.pk, 55, **WORDS), actor=ACTOR)
    MemberActivity.objects.filter(points=55).update(occurred_at=clock.now() - timedelta(days=800))
    apply_retention(told.program, actor=ACTOR)
    assert words_of(55)[:3] == tuple(WORDS.values())


def test_messages_that_were_sent_lose_their_text(told: Membership) -> None:
    long_ago = clock.now() - timedelta(days=800)
    common = {"customer_id": member_of(told), "program": told.program, "channel": "email", "purpose": "notice"}
    texts = {"template": "statement", "address": "m@example.com", "subject": "Hello", "body": "You have 107"}
    Message.objects.create(**common, **texts, created_at=long_ago, status=MessageStatus.SENT, sent_at=long_ago)
    Message.objects.create(**common, **texts, created_at=long_ago, next_try_at=long_ago)
    assert apply_retention(told.program, actor=ACTOR)["messages"] == 1
    found = Message.objects.order_by("pk").values_list("address", "body", "status")
    assert list(found) == [(None, None, "sent"), ("m@example.com", "You have 107", "waiting")]


def test_the_command_tells_what_it_did(told: Membership) -> None:
    out = io.StringIO()
    call_command("apply_retention", "miles", dry_run=True, stdout=out)
    assert out.getvalue().endswith(": 1 activities, 1 attributes would be emptied.\n")
    call_command("apply_retention", "miles", stdout=out)
    assert out.getvalue().endswith(": 1 activities, 1 attributes emptied.\n")
    assert not Adjustment.objects.exists()
    with pytest.raises(CommandError, match="There is no program “mars”"):
        call_command("apply_retention", "mars")
