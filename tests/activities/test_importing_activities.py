"""Files of activities: what becomes of a line, what is refused, and that a file is taken in once (domain 1.11)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from activities import importing_activities
from activities.errors import BatchKnown, BatchRefused
from activities.importing_activities import ActivityFile, Counts
from activities.models import ActivityBatch, ActivityStatus, ActivityType, MemberActivity, PointFlow, RefusedLine
from cards.issuing import block
from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from common.sheets import SheetRefused
from customers.models import Customer
from gateway.models import Event
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.lifecycle import suspend
from memberships.models import CardHolding, Membership, MembershipType
from points.models import Posting
from programs.models import Partner, Program, ProgramStatus
from tests.activities.till import main_card
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_membership, make_program, member_of
from tests.rows import all_rows
from tests.temporary import batch_row, temporary_card

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 3, 10, 12, tzinfo=UTC)
AN_HOUR_AGO = "2026-03-10T11:00:00+00:00"


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with clock.frozen(TODAY - timedelta(days=3)) as now:
        yield now


@pytest.fixture
def sky(db: None) -> Program:
    program = make_program("sky", currency="EUR")
    ActivityType.objects.create(program=program, code="stay", name="Stay", flow=PointFlow.NONE)
    return program


@pytest.fixture
def emma(sky: Program) -> Membership:
    return make_membership(sky)


def text_of(header: str, *lines: str) -> BytesIO:
    return BytesIO("\n".join([header, *lines, ""]).encode())


def given(program: Program, file: BytesIO, name: str = "night", **values: Any) -> ActivityFile:
    return ActivityFile(file, program=program, name=name, actor=values.pop("actor", ACTOR), **values)


def taken(program: Program, file: BytesIO, name: str = "night", **values: Any) -> tuple[Counts, list[tuple[int, str]]]:
    """Checked and taken in today; the counts, and each refused line with its code."""
    refused: list[tuple[int, str]] = []
    options = {one: values.pop(one) for one in ("dry_run", "progress") if one in values}
    with clock.frozen(TODAY):
        batch = given(program, file, name, **values)
        batch.check()
        counts = batch.take(report=lambda record, outcome: refused.append((record.line, outcome.code)), **options)
    return counts, refused


def stays(*numbers: str, column: str = "member_number") -> BytesIO:
    return text_of(f"type,{column},occurred_at", *[f"stay,{number},{AN_HOUR_AGO}" for number in numbers])


def test_a_line_becomes_an_activity_that_waits_with_all_it_says(sky: Program, emma: Membership) -> None:
    hotel = Partner.objects.create(program=sky, code="hotel", name="Hotel")
    header = "type,member_number,occurred_at,amount,currency,points,reference,location,attr:room,attr:nights:number,attr:pool:yes_or_no"  # noqa: E501 - one header
    line = f'stay,{emma.number.lower()},2026-03-10T09:30,120.50,usd,7,"a\\b\t""c""",Bath,"single, quiet",3,yes'
    before = counted(Posting)
    assert taken(sky, text_of(header, line), partner="hotel") == (Counts(received=1), [])
    activity = MemberActivity.objects.get()
    assert (activity.status, activity.membership_id, activity.customer_id) == ("received", emma.pk, member_of(emma))
    assert (activity.type.code, activity.points) == ("stay", 7)
    assert (activity.amount, activity.currency) == (Decimal("120.50"), "USD")
    assert (activity.reference, activity.location, activity.note) == ('a\\b\t"c"', "Bath", "")
    assert activity.attributes == {"room": "single, quiet", "nights": 3, "pool": True}
    assert activity.occurred_at == datetime(2026, 3, 10, 9, 30, tzinfo=sky.zone)
    assert (activity.recorded_at, activity.processed_at, activity.posting_id) == (TODAY, None, None)
    batch = ActivityBatch.objects.get()
    assert (activity.batch, activity.line, activity.partner, activity.channel_id) == (batch, 2, hotel, ACTOR.channel_id)
    assert (batch.lines, batch.received, batch.refused, batch.complete, batch.partner) == (2, 1, 0, True, hotel)
    assert counted(Posting) == before
    facts = Event.objects.get(kind="batch.received", subject_id=batch.pk).facts
    assert facts == {"name": "night", "received": 1, "refused": 0}
    assert_audit_clean()


def test_what_a_line_leaves_out_stays_empty_and_an_amount_is_of_the_program_s_currency(
    sky: Program, emma: Membership
) -> None:
    file = text_of("type,member_number,occurred_at,amount,attr:room", f"stay,{emma.number},{AN_HOUR_AGO},5,")
    taken(sky, file)
    activity = MemberActivity.objects.get()
    assert (activity.amount, activity.currency, activity.points, activity.attributes) == (Decimal(5), "EUR", None, None)
    taken(sky, stays(emma.number), "other")
    last = MemberActivity.objects.latest("pk")
    assert (last.amount, last.currency, last.partner_id) == (None, None, None)


def test_a_card_finds_who_held_it_and_a_card_out_of_use_is_refused(sky: Program, emma: Membership) -> None:
    john, ann = make_membership(sky, "John Miller"), make_membership(sky, "Ann Moore")
    cards = [main_card(one) for one in (emma, john, ann)]
    block(cards[1], actor=ACTOR, reason="asked")
    suspend(ann, actor=ACTOR, reason="asked")
    counts, refused = taken(sky, stays(*[card.number_id for card in cards], "4711", column="card_number"))
    assert refused == [(3, "card_blocked"), (4, "membership_not_able"), (5, "not_found")]
    activity = MemberActivity.objects.get()
    assert (activity.membership_id, activity.card_id, activity.customer_id) == (emma.pk, cards[0].pk, member_of(emma))
    assert (counts.received, counts.refused) == (1, 3)
    assert dict(RefusedLine.objects.values_list("line", "code")) == dict(refused)
    assert_audit_clean()


def test_a_retired_number_finds_the_present_membership_and_says_so(sky: Program, emma: Membership) -> None:
    terminate(emma, actor=ACTOR, reason="asked")
    ended = make_membership(sky, "John Miller")
    terminate(ended, actor=ACTOR, reason="asked")
    again = enrol(Customer.objects.get(pk=member_of(emma)), program=sky, actor=ACTOR)
    _, refused = taken(sky, stays(emma.number, ended.number))
    assert refused == [(3, "membership_ended")]
    activity = MemberActivity.objects.get()
    assert (activity.membership_id, activity.redirected_from) == (again.pk, emma.pk)


def test_the_first_use_of_a_temporary_card_makes_one_anonymous_membership(sky: Program) -> None:
    card = temporary_card(sky, batch=batch_row(sky))
    file = stays(card.number_id, card.number_id, column="card_number")
    before = all_rows()
    assert taken(sky, file, dry_run=True) == (Counts(received=2, kept=False), [])
    assert all_rows() == before
    taken(sky, file)
    made = Membership.objects.get(type=MembershipType.ANONYMOUS)
    assert (
        list(MemberActivity.objects.values_list("membership_id", "customer_id", "card_id"))
        == [(made.pk, None, card.pk)] * 2
    )
    assert CardHolding.objects.filter(card=card).count() == 1


REFUSED = {
    "an unknown type": ("sleep,{number},{at},", "unknown_activity_type"),
    "a type that spends": ("redeem,{number},{at},", "line_refused"),
    "a type that earns, without its points": ("earn,{number},{at},", "points_needed"),
    "no points": ("earn,{number},{at},0", "line_refused"),
    "no number": ("stay,,{at},", "line_refused"),
    "an unknown number": ("stay,SK0000,{at},", "not_found"),
    "no time": ("stay,{number},,", "line_refused"),
    "a time that is none": ("stay,{number},yesterday,", "line_refused"),
    "an event of tomorrow": ("stay,{number},2026-03-11T12:00:00Z,", "event_time_out_of_range"),
    "an event of last year": ("stay,{number},2025-03-10T12:00:00Z,", "event_time_out_of_range"),
}


@pytest.mark.parametrize(("line", "code"), REFUSED.values(), ids=REFUSED)
def test_a_bad_line_is_refused_by_itself(sky: Program, emma: Membership, line: str, code: str) -> None:
    good, at = f"stay,{emma.number},{AN_HOUR_AGO},", AN_HOUR_AGO
    bad = line.format(number=emma.number, at=at)
    counts, refused = taken(sky, text_of("type,member_number,occurred_at,points", good, bad, good))
    assert (counts, refused) == (Counts(received=2, refused=1), [(3, code)])
    assert list(MemberActivity.objects.order_by("pk").values_list("line", flat=True)) == [2, 4]
    batch = ActivityBatch.objects.get()
    assert (batch.lines, batch.received, batch.refused) == (4, 2, 1)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("amount", "-1"),
        ("amount", "1.005"),
        ("amount", "1000000000000"),
        ("currency", "euro"),
        ("location", "x" * 81),
        ("attr:room", "x" * 201),
        ("attr:nights:number", "three"),
        ("attr:pool:yes_or_no", "maybe"),
    ],
)
def test_a_figure_that_is_none_is_refused(sky: Program, emma: Membership, header: str, cell: str) -> None:
    file = text_of(f"type,member_number,occurred_at,{header}", f"stay,{emma.number},{AN_HOUR_AGO},{cell}")
    assert taken(sky, file)[1] == [(2, "line_refused")]
    assert not MemberActivity.objects.exists()


def test_a_character_that_is_no_text_is_refused_wherever_it_stands(sky: Program, emma: Membership) -> None:
    line = f"stay,{emma.number},{AN_HOUR_AGO},a\x00b"
    # Where a file begins with one, it is no table at all.
    file = text_of("type,member_number,occurred_at,reference", *[""] * 1024, line)
    assert taken(sky, file)[1] == [(1026, "line_refused")]


def test_what_a_refused_line_says_is_not_kept(sky: Program, emma: Membership) -> None:
    taken(sky, text_of("type,member_number,occurred_at,amount", f"stay,{emma.number},{AN_HOUR_AGO},Emma Stone"))
    row = RefusedLine.objects.get()
    assert row.detail == "amount: “…” is no amount: write 1234.50, without separators and currency."


def test_events_beyond_the_grace_are_taken_where_the_run_says_since_when(sky: Program, emma: Membership) -> None:
    days = ("2025-01-01", "2025-12-31", "2026-01-02", "2026-03-11T13:00:00Z")
    file = text_of("type,member_number,occurred_at", *[f"stay,{emma.number},{day}" for day in days])
    _, refused = taken(sky, file, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert refused == [(line, "event_time_out_of_range") for line in (2, 3, 5)]


def test_a_file_taken_in_changes_nothing_any_more_and_tells_its_refusals_again(sky: Program, emma: Membership) -> None:
    file = stays(emma.number, "SK0000")
    first = taken(sky, file)
    before = all_rows()
    assert taken(sky, file) == (Counts(received=1, refused=1, earlier=2), first[1])
    assert all_rows() == before


def test_another_file_under_the_name_and_the_file_under_another_name_are_refused(
    sky: Program, emma: Membership
) -> None:
    file, other = stays(emma.number), stays(emma.number, emma.number)
    taken(sky, file)
    before = all_rows()
    for called, again in (("night", other), ("morning", file)):
        with pytest.raises(BatchKnown):
            taken(sky, again, called)
    Partner.objects.create(program=sky, code="hotel", name="Hotel")
    partnered = all_rows()
    with pytest.raises(BatchKnown, match="another partner"):
        taken(sky, file, partner="hotel")
    assert before["activities_activitybatch"] == all_rows()["activities_activitybatch"]
    assert all_rows() == partnered


class Killed(Exception):
    """The run is gone."""


def _after(calls: int) -> Callable[[int], None]:
    heard = []

    def progress(lines: int) -> None:
        heard.append(lines)
        if len(heard) == calls:
            raise Killed

    return progress


def test_a_killed_run_goes_on_behind_its_last_chunk(
    sky: Program, emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_activities, "CHUNK", 2)
    file = stays(emma.number, "SK0000", emma.number, emma.number, emma.number)
    with pytest.raises(Killed):
        taken(sky, file, progress=_after(1))
    batch = ActivityBatch.objects.get()
    assert (batch.lines, batch.received, batch.refused, batch.complete) == (3, 1, 1, False)
    assert not Event.objects.filter(kind="batch.received").exists()
    assert taken(sky, file) == (Counts(received=4, refused=1, earlier=2), [(3, "not_found")])
    assert list(MemberActivity.objects.order_by("pk").values_list("line", flat=True)) == [2, 4, 5, 6]
    assert Event.objects.filter(kind="batch.received").count() == 1


def test_a_run_killed_within_a_chunk_leaves_nothing_of_it(
    sky: Program, emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = importing_activities.write_waiting

    def killing(batch: ActivityBatch, lines: Sequence[Any], **values: Any) -> None:
        write(batch, lines, **values)
        raise Killed

    file = stays(emma.number)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(importing_activities, "write_waiting", killing)
        taken(sky, file)
    assert (ActivityBatch.objects.get().lines, MemberActivity.objects.count()) == (0, 0)
    assert taken(sky, file)[0] == Counts(received=1)


def test_only_an_active_partner_of_a_released_program_sends_files(sky: Program, emma: Membership) -> None:
    Partner.objects.create(program=sky, code="old", name="Old", is_active=False)
    before = all_rows()
    for partner in ("old", "none"):
        with pytest.raises(BatchRefused):
            taken(sky, stays(emma.number), partner=partner)
    sky.status = ProgramStatus.LOCKED
    sky.save()
    with pytest.raises(BatchRefused, match="only a released program"):
        taken(sky, stays(emma.number))
    assert all_rows()["activities_activitybatch"] == before["activities_activitybatch"]
    assert not MemberActivity.objects.exists()


def _all_but(missing: str) -> Callable[[str, int | None], bool]:
    return lambda action, program_id: action != missing


def test_a_file_needs_the_rights_to_report_and_to_credit(sky: Program, emma: Membership) -> None:
    for missing in ("activities:write", "points:earn"):
        actor = Actor("user", 7, 1, "sue", _all_but(missing), None)
        with pytest.raises(NotAllowed):
            given(sky, stays(emma.number), actor=actor)


@pytest.mark.parametrize(
    "header",
    [
        "type,member_number",
        "type,member_number,occurred_at,attr:9",
        "type,member_number,occurred_at,attr:a,attr:a:number",
        "type,member_number,occurred_at," + ",".join(f"attr:a{n}" for n in range(21)),
        "type,member_number,occurred_at,colour",
    ],
)
def test_a_file_with_other_columns_is_not_taken(sky: Program, header: str) -> None:
    before = all_rows()
    with pytest.raises(SheetRefused):
        taken(sky, text_of(header))
    assert all_rows() == before


def test_a_number_of_another_program_is_as_unknown_as_none(sky: Program, emma: Membership) -> None:
    foreign = make_membership(make_program("sea"), "John Miller")
    _, by_number = taken(sky, stays(foreign.number))
    _, by_card = taken(sky, stays(main_card(foreign).number_id, column="card_number"), "cards")
    assert (by_number, by_card) == ([(2, "not_found")], [(2, "not_found")])
    assert not MemberActivity.objects.filter(status=ActivityStatus.RECEIVED).exists()
