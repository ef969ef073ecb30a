"""Customers come from a file: every line new, changed, same or refused, and a file may come twice."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from common.actor import Actor
from common.errors import NotAllowed
from common.sheets import SheetRefused, write_csv, write_xlsx
from common.sheets.importing import Counts, Record, check_file, import_file
from customers.creating import create_customer
from customers.details import Details
from customers.erasing import erase_customer
from customers.importing import CustomerImport
from customers.models import Address, ContactPreference, Customer, CustomerNumber, Identification
from gateway.models import Event
from tests.audit.helpers import assert_audit_clean

pytestmark = pytest.mark.django_db

HEADER = "number,first_name,last_name,email,phone,birth_date,address_lines,city,country\n"
EMMA = "50012,Emma,Rodriguez,emma@example.com,0664 1234567,1990-01-02,Ring 1,Wien,AT\n"
JOHN = "10001,John,Chen,john@example.com,,,,,\n"


def taken_in(text: str | bytes, *, actor: Actor, update: bool = False, **options: Any) -> tuple[Counts, list[str]]:
    """The counts, and per refused line its number and reason."""
    file = BytesIO(text.encode() if isinstance(text, str) else text)
    importer = CustomerImport(actor=actor, update=update)
    told: list[str] = []

    def report(record: Record, outcome: Any) -> None:
        if outcome.reason:
            told.append(f"{record.line} {outcome.code}: {outcome.reason}")

    check_file(file, importer)
    return import_file(file, importer, report=report, **options), told


def figures(counts: Counts) -> tuple[int, int, int, int]:
    """New, changed, same, refused."""
    new, changed, same, refused = counts.records.values()
    return new, changed, same, refused


def test_a_line_becomes_a_customer_with_all_that_belongs_to_it(agent: Actor) -> None:
    text = (
        "number,first_name,last_name,email,phone,birth_date,customer_since,credit_limit,address_lines,postal_code,city,"
        "country,document_kind,document_number,contact_by_email,contact_by_sms\n"
        "50012,Emma,Rodriguez,emma@example.com,0664 1234567,1990-01-02,2019-05-01,100.50,Ring 1,1010,Wien,AT,passport,"
        "P 1-2,yes,no\n"
    )
    counts, told = taken_in(text, actor=agent)
    assert (figures(counts), told) == ((1, 0, 0, 0), [])
    emma = Customer.objects.get()
    assert (emma.number, emma.name, emma.email_key, emma.phone_key) == (
        "50012", "Emma Rodriguez", "emma@example.com", "+436641234567",
    )  # fmt: skip
    assert (emma.birth_date, emma.customer_since) == (date(1990, 1, 2), date(2019, 5, 1))
    assert Address.objects.values_list("kind", "lines", "postal_code", "city", "country").get() == (
        "home", "Ring 1", "1010", "Wien", "AT",
    )  # fmt: skip
    assert Identification.objects.values_list("kind", "number_key").get() == ("passport", "P12")
    wishes = ContactPreference.objects.order_by("channel").values_list("channel", "allowed")
    assert list(wishes) == [("email", True), ("sms", False)]
    history = emma.history.get()
    assert (history.history_user_id, history.history_channel, history.history_change_reason) == (21, "desk", "import")
    assert_audit_clean()


def test_many_lines_at_once_leave_the_rows_the_verb_leaves(agent: Actor, everything: Callable[[], Any]) -> None:
    details: Details = {"addresses": [{"kind": "home", "lines": "Ring 1", "city": "Wien", "country": "AT"}]}
    create_customer(
        actor=agent, number="A1", first_name="Emma", last_name="Stone", phone="0664 1234567", email="e@example.com",
        birth_date=date(1990, 1, 2), details=details, reason="import",
    )  # fmt: skip
    taken_in(HEADER + "A2,Emma,Stein,f@example.com,0664 7654321,1990-01-02,Ring 1,Wien,AT\n", actor=agent)
    own = {"id", "number", "name", "last_name", "email", "email_key", "phone", "phone_key", "name_key"}
    times = {"created_at", "contact_changed_at"}

    def rows(model: Any, *, but: set[str]) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k not in but} for row in model.order_by("pk").values()]

    one, other = rows(Customer.objects, but=own | times)
    assert one == other
    one, other = rows(Customer.history, but=own | times | {"history_id", "history_date"})
    assert one == other
    one, other = rows(Address.history, but={"id", "customer_id", "history_id", "history_date"})
    assert one == other
    first, second = Event.objects.order_by("pk")
    assert (first.kind, first.program_id, set(first.facts)) == (second.kind, second.program_id, set(second.facts))
    assert second.facts == {"customer": second.subject_id, "number": "A2", "kind": "person"}
    assert CustomerNumber.objects.get(number="A2").customer_id == second.subject_id


def test_a_file_imported_again_changes_nothing(agent: Actor, everything: Callable[[], Any]) -> None:
    taken_in(HEADER + EMMA + JOHN, actor=agent)
    before = everything()
    counts, told = taken_in(HEADER + EMMA + JOHN, actor=agent)
    assert (figures(counts), told) == ((0, 0, 2, 0), [])
    assert everything() == before


def test_an_interrupted_run_goes_on_where_it_stopped(agent: Actor) -> None:
    taken_in(HEADER + EMMA, actor=agent)
    counts, _ = taken_in(HEADER + EMMA + JOHN, actor=agent)
    assert figures(counts) == (1, 0, 1, 0)
    assert Customer.objects.count() == 2


def test_a_known_customer_is_changed_only_when_updates_are_asked_for(
    agent: Actor, everything: Callable[[], Any]
) -> None:
    taken_in(HEADER + EMMA, actor=agent)
    before = everything()
    text = HEADER + EMMA.replace("emma@", "emma.r@").replace("Ring 1", "Graben 2")
    counts, told = taken_in(text, actor=agent)
    assert figures(counts) == (0, 0, 0, 1)
    assert told == [
        "2 known_otherwise: Customer 50012 is known with another email, address. Leave the line out, or import with "
        "updates to change the customer."
    ]
    assert everything() == before
    counts, told = taken_in(text, actor=agent, update=True)
    assert (figures(counts), told) == ((0, 1, 0, 0), [])
    assert Customer.objects.get().email == "emma.r@example.com"
    assert Address.objects.get().lines == "Graben 2"


def test_an_empty_cell_leaves_what_is_there(agent: Actor) -> None:
    taken_in(HEADER + EMMA, actor=agent)
    counts, _ = taken_in(HEADER + "50012,Emma,Rodriguez,,,,,,\n", actor=agent, update=True)
    assert figures(counts) == (0, 0, 1, 0)
    assert Customer.objects.get().email == "emma@example.com"


def test_a_line_takes_no_other_address_and_document_away(agent: Actor) -> None:
    details: Details = {
        "addresses": [{"kind": "work", "lines": "Platz 9", "city": "Graz", "country": "AT"}],
        "identifications": [{"kind": "tax", "number": "T1"}],
    }
    create_customer(actor=agent, number="50012", first_name="Emma", last_name="Rodriguez", details=details)
    text = "number,address_lines,city,country,document_kind,document_number\n50012,Ring 1,Wien,AT,passport,P1\n"
    counts, _ = taken_in(text, actor=agent, update=True)
    assert figures(counts) == (0, 1, 0, 0)
    assert set(Address.objects.values_list("kind", "lines")) == {("work", "Platz 9"), ("home", "Ring 1")}
    assert set(Identification.objects.values_list("kind", "number")) == {("tax", "T1"), ("passport", "P1")}


def test_a_likely_duplicate_is_refused_unless_the_line_allows_it(agent: Actor) -> None:
    taken_in(HEADER + EMMA, actor=agent)
    line = "60000,Emma,R.,EMMA@example.com,,,,,"
    counts, told = taken_in(HEADER + line + "\n", actor=agent)
    assert figures(counts) == (0, 0, 0, 1)
    assert told == [
        "2 likely_duplicate: This looks like a known customer: 50012. Use that one, or repeat with allow_duplicate."
    ]
    counts, _ = taken_in(HEADER.replace("country", "country,allow_duplicate") + line + ",yes\n", actor=agent)
    assert figures(counts) == (1, 0, 0, 0)


@pytest.mark.parametrize("dry_run", [True, False])
def test_two_lines_that_look_alike_are_told_by_a_rehearsal_too(agent: Actor, dry_run: bool) -> None:
    alike = [
        "2,Ann,Lee,ann@example.com,,,,,", "3,Ann,Li,ANN@example.com,,,,,", "4,Bo,Ek,,0664 1,,Ring 1,Wien,AT",
        "5,Bo,Eg,,0664 1,,Ring 1,Wien,AT", "6,Jo,Oz,,,1990-01-01,,,", "7,jo,OZ,,,1990-01-01,,,",
    ]  # fmt: skip
    counts, told = taken_in(HEADER + "\n".join(alike), actor=agent, dry_run=dry_run)
    assert figures(counts) == (3, 0, 0, 3)
    assert [one.split(":")[0] for one in told] == ["3 likely_duplicate", "5 likely_duplicate", "7 likely_duplicate"]
    assert [one.split("line ")[1].split(":")[0] for one in told] == ["2", "4", "6"]
    assert Customer.objects.count() == (0 if dry_run else 3)


def test_lines_far_apart_are_compared_too(agent: Actor) -> None:
    many = "".join(f"N{n},Ann,Lee{n},a{n}@example.com,,,,,\n" for n in range(600))
    counts, told = taken_in(
        HEADER + many + "X1,Zoe,Ray,a3@example.com,,,,,\nN5,New,Name,,,,,,\n", actor=agent, dry_run=True
    )
    assert figures(counts) == (600, 0, 0, 2)
    assert [one.split(" ")[0] for one in told] == ["602", "603"]
    assert "line 5" in told[0]
    assert "line 7 has this number already" in told[1]
    assert Customer.objects.count() == 0


def test_a_number_twice_in_a_row_is_refused(agent: Actor) -> None:
    counts, told = taken_in(HEADER + JOHN + JOHN + EMMA, actor=agent)
    assert figures(counts) == (1, 0, 0, 1)
    assert told == ["2 line_refused: number: lines 2, 3 have the same number; a customer has one line."]


def test_a_rehearsal_tells_every_fault_and_writes_nothing(agent: Actor, everything: Callable[[], Any]) -> None:
    before = everything()
    text = HEADER + (
        "1,Ann,Lee,no address,,31.12.1990,,,\n"
        ",Ann,Lee,,,,,,\n"
        "C00000018,Ann,Lee,,,,,,\n"
        "4,Ann,Lee,=1+1,,,,,\n"
        "5,Ann,Lee,,,,Ring 1,,\n"
        "6,Ann,Lee,,,,,,,,too much\n"
    )
    counts, told = taken_in(text, actor=agent, dry_run=True)
    assert (figures(counts), counts.kept, counts.lines) == ((0, 0, 0, 6), False, 6)
    assert told[0].startswith("2 line_refused: birth_date: “31.12.1990” is no date")
    assert told[1] == "3 line_refused: number: This is needed."
    assert told[2].startswith("4 customer_number: A number brought along")
    assert told[3].startswith("5 line_refused: email: This cell holds a formula")
    assert told[4].startswith("6 malformed: addresses/0/country")
    assert told[5].startswith("7 line_refused: The line has more cells than the header")
    assert everything() == before


def test_good_lines_are_taken_and_the_others_told(agent: Actor) -> None:
    counts, told = taken_in(HEADER + "1,Ann,Lee,no address,,,,,\n" + EMMA, actor=agent)
    assert figures(counts) == (1, 0, 0, 1)
    assert told == ["2 malformed: email: Enter a valid email address."]
    assert Customer.objects.get().number == "50012"


def test_all_or_nothing_writes_nothing_after_a_refusal(agent: Actor, everything: Callable[[], Any]) -> None:
    before = everything()
    counts, _ = taken_in(HEADER + EMMA + "1,Ann,Lee,no address,,,,,\n", actor=agent, all_or_nothing=True)
    assert (figures(counts), counts.kept) == ((1, 0, 0, 1), False)
    assert everything() == before
    counts, _ = taken_in(HEADER + EMMA + JOHN, actor=agent, all_or_nothing=True)
    assert (figures(counts), counts.kept) == ((2, 0, 0, 0), True)


def test_a_workbook_brings_numbers_and_dates_of_its_own(agent: Actor) -> None:
    file = BytesIO()
    write_xlsx(file, ["Number", "Last name", "Birth-Date"], [[50012, "=Rodriguez", date(1990, 1, 2)]])
    counts, told = taken_in(file.getvalue(), actor=agent)
    assert (figures(counts), told) == ((1, 0, 0, 0), [])
    emma = Customer.objects.get()
    assert (emma.number, emma.last_name, emma.birth_date) == ("50012", "=Rodriguez", date(1990, 1, 2))


def test_an_erased_customer_does_not_come_back(agent: Actor, everything: Callable[[], Any]) -> None:
    taken_in(HEADER + EMMA, actor=agent)
    erase_customer(Customer.objects.get(), actor=agent, reason="wish")
    before = everything()
    for update in (False, True):
        counts, _ = taken_in(HEADER + EMMA, actor=agent, update=update)
        assert figures(counts) == (0, 0, 0, 1)
    assert everything() == before


def test_a_file_broken_further_down_imports_nothing(agent: Actor) -> None:
    with pytest.raises(SheetRefused, match="Line 3"):
        taken_in(HEADER.encode() + EMMA.encode() + JOHN.encode().replace(b"Chen", b"Ch\xe9n"), actor=agent)
    assert Customer.objects.count() == 0


def test_it_needs_the_right() -> None:
    clerk = Actor("user", 3, 1, "clerk", may=lambda action, program_id: action != "customers:write", programs=None)
    with pytest.raises(NotAllowed):
        CustomerImport(actor=clerk)


def test_every_text_of_a_workbook_reads_back_escaped(agent: Actor) -> None:
    pieces = b"".join(write_csv(["number", "last_name"], [["9", "+Plus"], ["10", "'=x"]]))
    counts, _ = taken_in(pieces, actor=agent)
    assert figures(counts) == (2, 0, 0, 0)
    assert set(Customer.objects.values_list("last_name", flat=True)) == {"+Plus", "'=x"}
