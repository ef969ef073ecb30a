"""`integrity_audit`: what it prints and how it exits."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from customers.models import CustomerNumber
from loyalty_site.auditing import INVARIANTS

from .world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build()


@pytest.fixture
def spoiled(world: World) -> World:
    CustomerNumber.objects.filter(customer=world.customers["katrin"]).delete()
    return world


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("integrity_audit", *arguments, stdout=out, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_sound_data_exit_with_0(world: World) -> None:
    assert run() == (0, f"{len(INVARIANTS)} invariants asked, 0 rows break them.\n")
    assert run("--only", "L01, P03", "--program", "north") == (0, "2 invariants asked, 0 rows break them.\n")


def test_a_finding_is_printed_with_its_rule_and_repair(spoiled: World) -> None:
    customer = spoiled.customers["katrin"]
    assert run("--only", "N01,L01") == (
        1,
        "N01 every customer answers to its own number: 1\n"
        f"  {customer.pk}: number {customer.number} is registered for nobody\n"
        "  Repair: Insert the number into the customer numbers, for this customer.\n"
        "2 invariants asked, 1 rows break them.\n",
    )


def test_json_is_one_document(spoiled: World) -> None:
    code, out = run("--only", "N01,L01", "--json")
    document = json.loads(out)
    assert (code, sorted(document["asked"])) == (1, ["L01", "N01"])
    assert [(one["id"], one["row"]) for one in document["findings"]] == [("N01", str(spoiled.customers["katrin"].pk))]


def test_timings_tell_the_seconds_of_every_rule_slowest_first(world: World) -> None:
    code, said = run("--timings", "--only", "L01,P03")

    lines = said.splitlines()
    assert code == 0
    assert {line.split()[2] for line in lines[:2]} == {"L01", "P03"}
    seconds = [float(line.split()[0]) for line in lines[:3]]
    assert seconds[0] >= seconds[1]
    assert lines[2].endswith(" all")
    assert set(json.loads(run("--timings", "--json", "--only", "L01")[1])["seconds"]) == {"L01"}


def test_the_quick_form_leaves_out_what_it_cannot_limit(spoiled: World) -> None:
    code, out = run("--recent", "5", "--json")
    assert code == 0
    assert {"L01", "P11"} <= set(json.loads(out)["asked"])
    assert "N01" not in json.loads(out)["asked"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "L01,Z99"], "No invariant is called Z99."),
        (["--program", "nowhere"], "No program has the code 'nowhere'."),
        (["--recent", "0"], "--recent needs a number of minutes, 1 or more."),
    ],
)
def test_bad_arguments_exit_with_2(db: None, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace(".", r"\.")) as refused:
        call_command("integrity_audit", *arguments)
    assert refused.value.returncode == 2
