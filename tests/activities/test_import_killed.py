"""A real import that is killed while it writes, again and again: the same file goes on, nothing is lost or doubled."""

import csv
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from activities.models import ActivityBatch, MemberActivity, RefusedLine, RuleEffect
from activities.queueing import process_waiting
from common import clock
from gateway.models import Event
from memberships.models import Membership
from points.models import Posting
from tests.activities.processes import Start, kill, others_write, wait_until
from tests.activities.ruling import PER_EURO, in_force
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
# Small chunks, so that there are many middles to be killed in.
IMPORT = """
from activities import importing_activities
importing_activities.CHUNK = 50
call_command("import_activities", "miles", sys.argv[2], batch="night")
"""
PEOPLE, EACH = 10, 200
# Every fiftieth line names nobody.
LINES = PEOPLE * EACH * 50 // 49


def write_file(file: Path, people: list[Membership]) -> Counter[str]:
    """Lines of 3.00 each, and how many there are for whom; "" for nobody."""
    at, wanted = clock.now() - timedelta(hours=1), Counter[str]()
    with file.open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["type", "member_number", "occurred_at", "amount", "reference"])
        for number in range(LINES):
            who = "" if number % 50 == 49 else people[number % PEOPLE].number
            wanted[who] += 1
            rows.writerow(["purchase", who or "MI0000", (at + timedelta(seconds=number)).isoformat(), "3.00", number])
    return wanted


def lines_so_far() -> int:
    return sum(ActivityBatch.objects.values_list("lines", flat=True))


def assert_whole_so_far(batch: ActivityBatch) -> None:
    """What the batch says it read is what is there, line by line."""
    received = set(MemberActivity.objects.values_list("line", flat=True))
    refused = set(RefusedLine.objects.values_list("line", flat=True))
    assert (batch.received, batch.refused) == (len(received), len(refused))
    assert MemberActivity.objects.count() == len(received)
    assert received | refused == set(range(2, batch.lines + 1)) and not received & refused
    assert not batch.complete


def test_killed_while_it_writes_it_goes_on_and_every_line_is_there_once(start: Start, tmp_path: Path) -> None:
    program = make_program("miles")
    in_force(program, PER_EURO)
    people = [make_membership(program, f"Emma {number}") for number in range(PEOPLE)]
    wanted = write_file(tmp_path / "night.csv", people)
    file = str(tmp_path / "night.csv")

    for _ in range(2):
        before = lines_so_far()
        process = start(IMPORT, file)
        wait_until(lambda before=before: lines_so_far() > before and others_write())  # type: ignore[misc]
        kill(process)
        batch = ActivityBatch.objects.get()
        assert before < batch.lines < LINES + 1
        assert_whole_so_far(batch)

    last = start(IMPORT, file)
    told, errors = last.communicate(timeout=120)
    counts = f"{LINES} lines: {LINES - wanted['']} received, {wanted['']} refused; {batch.lines - 1} of them by an"
    assert told == f"{counts} earlier run.\n"
    assert errors.count("There is no such membership that you can see.") == wanted[""]
    batch.refresh_from_db()
    assert (batch.lines, batch.received, batch.refused) == (LINES + 1, LINES - wanted[""], wanted[""])
    assert batch.complete
    assert Event.objects.filter(kind="batch.received").count() == 1

    assert process_waiting(program, actor=ACTOR) == {"processed": LINES - wanted[""]}
    assert {one.number: account_of(one).balance for one in people} == {
        one.number: 3 * wanted[one.number] for one in people
    }
    assert Posting.objects.count() == RuleEffect.objects.count() == LINES - wanted[""]
    assert_audit_clean()
