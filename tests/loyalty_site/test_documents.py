"""The documents name modules, tests, commands and settings that exist."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.db import connection
from django.db.models import Model

from activities.import_columns import COLUMNS as MEMBERSHIP_COLUMNS
from common.constraints import AppendOnly
from customers.import_columns import COLUMNS as CUSTOMER_COLUMNS
from memberships.employee_lines import COLUMNS as EMPLOYEE_COLUMNS
from memberships.importing_cards import COLUMNS as CARD_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (?P<rule>.+?) \| `(?P<module>[\w/]+\.py)` \| `(?P<file>[\w/]+\.py)::(?P<test>\w+)` \|$")
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
ENVIRONMENT = re.compile(r"""env\.\w+\(\s*"([A-Z_]+)"|environ(?:\.get\(|\[)"([A-Z_]+)\"""")
# Set by the program for its own children, not by anybody else.
INTERNAL = {"LOYALTY_EMBEDDED_URL"}
RIGHTS = ("UPDATE", "DELETE", "TRUNCATE", "INSERT")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_rule_names_a_module_and_a_test_that_exist() -> None:
    lines = [line for line in text_of("docs/domain.md").splitlines() if line.startswith("| ") and "`" in line]
    rows = [ROW.match(line) for line in lines]
    assert len(rows) >= 60
    for line, row in zip(lines, rows, strict=True):
        assert row is not None, f"not a row of three columns: {line}"
        assert (ROOT / row["module"]).is_file(), line
        assert (ROOT / row["file"]).is_file(), line
        assert re.search(rf"def {row['test']}\(", text_of(row["file"])), line


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_paths_lead_somewhere(name: str) -> None:
    text = text_of(name)
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / name).parent.joinpath(target).exists(), target
    for path in re.findall(r"`([\w]+(?:/[\w]+)+\.py)`", text):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name: str) -> None:
    known = set(get_commands())
    for command in re.findall(r"manage\.py ([a-z_]+)", text_of(name)):
        assert command in known, command
    targets = re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE)
    for target in re.findall(r"(?:^|`)(?:\w+=\S+ )?make ([a-z-]+)", text_of(name), re.MULTILINE):
        assert target in targets, target


def test_every_setting_of_the_environment_is_described() -> None:
    described = set(re.findall(r"^\| `([A-Z_]+)`", text_of("docs/operations.md"), re.MULTILINE))
    modules = [*(ROOT / "loyalty_site").rglob("*.py")]
    found = {one or two for path in modules for one, two in ENVIRONMENT.findall(path.read_text(encoding="utf-8"))}
    assert found - INTERNAL - {"DJANGO_SETTINGS_MODULE"} == described


def test_a_decision_has_five_lines() -> None:
    for decision in text_of("docs/decisions.md").split("\n## ")[1:]:
        title, *lines = [line for line in decision.splitlines() if line.strip()]
        assert re.match(r"\d{4}-\d{2}-\d{2} \S", title), title
        assert len(lines) == 5, title


@pytest.mark.django_db
def test_the_grants_leave_append_only_tables_unchangeable() -> None:
    (grants,) = re.findall(r"```sql\n(.*?)```", text_of("docs/operations.md"), re.DOTALL)
    statements, block = grants.split("DO $$", 1)
    open_tables = {"points_lot", "points_pointaccount", "customers_customer", "memberships_membership"}
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE loyalty_app")
        for statement in [*filter(str.strip, statements.split(";")), "DO $$" + block]:
            cursor.execute(statement)
        rights = ", ".join(f"has_table_privilege('loyalty_app', oid, '{right}')" for right in RIGHTS)
        cursor.execute(f"SELECT relname, {rights} FROM pg_class WHERE relkind = 'r'")
        may = {name: granted for name, *granted in cursor.fetchall()}
    for model, constraint in append_only_constraints():
        update = bool(constraint.allow_emptying)
        assert may[model._meta.db_table] == [update, False, False, True], model
    for name in open_tables:
        assert may[name] == [True, True, False, True], name


def append_only_constraints() -> list[tuple[type[Model], AppendOnly]]:
    """Every append-only table of the site, with its constraint."""
    found = [(model, one) for model in apps.get_models() for one in model._meta.constraints]
    kept = [(model, one) for model, one in found if isinstance(one, AppendOnly)]
    assert len(kept) > 20
    return kept


def test_every_column_of_an_import_is_described_as_its_help_describes_it() -> None:
    described = text_of("docs/operations.md")
    for column in (*CUSTOMER_COLUMNS, *MEMBERSHIP_COLUMNS, *CARD_COLUMNS, *EMPLOYEE_COLUMNS):
        assert f"| `{column.name}` | {column.holds} | {column.about}" in described, column.name
