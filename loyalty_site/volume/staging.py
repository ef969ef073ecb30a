"""Temporary tables that take the made-up world by COPY, some ten thousand rows at a time."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from loyalty_site.volume.accounts import NEVER, Account, Lot

BATCH = 50_000
TABLES = {
    "person": "n int, kind text, first_name text, last_name text, name text, name_key text, email text, phone text, "
    "born date, since date, number text",
    "member": "n int, person int, program int, number text, card text, status text, enrolled int, ended int",
    "account": "n int, member int, type bigint, balance bigint, entries int, debt bigint, earned bigint, "
    "redeemed bigint, last_activity int",
    "posting": "n int, member int, person int, type bigint, kind text, occurred int, recorded int, cause int, "
    "points int",
    "entry": "n int, posting int, account int, number int, amount int, after bigint, recorded int",
    "lot": "n int, entry int, account int, earner int, contributor int, amount int, remaining int, earned int, "
    "available int, expires int, parent int, origin int",
    "draw": "entry int, posting int, lot int, amount int",
    "debt": "entry int, account int, person int, amount int, remaining int",
    "hold": "n int, account int, member int, person int, points int, captured int, status text, placed int, "
    "until int, ended int, posting int",
    "held": "hold int, lot int, points int",
    "adjustment": "n int, account int, member int, person int, points int, at int, posting int",
    "reversal": "n int, reverses int, posting int, type bigint, points int, debt int, at int",
}


class Stage:
    """Keeps rows as COPY reads them and sends a table's rows when there are enough. NULL is \\N."""

    def __init__(self) -> None:
        self._rows: dict[str, list[str]] = {name: [] for name in TABLES}
        self.counts: dict[str, int] = dict.fromkeys(TABLES, 0)
        with connection.cursor() as cursor:
            for name, columns in TABLES.items():
                cursor.execute(f"CREATE TEMPORARY TABLE volume_{name} ({columns}) ON COMMIT DROP")

    def put(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Rows of any values without tabs, line ends and backslashes."""
        for row in rows:
            self._add(table, "\t".join("\\N" if value is None else str(value) for value in row))

    def flush(self) -> None:
        for name in TABLES:
            self._send(name)

    def account(self, account: Account) -> None:
        self.put("account", [account.row()])

    def posting(
        self, n: int, account: Account, kind: str, occurred: int, recorded: int, cause: int | None, points: int
    ) -> None:
        self._add(
            "posting",
            f"{n}\t{account.member}\t{account.person}\t{account.type}\t{kind}\t{occurred}\t{recorded}"
            f"\t{_or_null(cause)}\t{points}",
        )

    def entry(self, n: int, posting: int, account: int, number: int, amount: int, after: int, recorded: int) -> None:
        self._add("entry", f"{n}\t{posting}\t{account}\t{number}\t{amount}\t{after}\t{recorded}")

    def lot(self, account: Account, lot: Lot) -> None:
        available = lot.available if lot.available > lot.earned else None
        expires = lot.expires if lot.expires < NEVER else None
        self._add(
            "lot",
            f"{lot.n}\t{lot.entry}\t{account.n}\t{lot.earner}\t{lot.contributor}\t{lot.amount}\t{lot.left}"
            f"\t{lot.earned}\t{_or_null(available)}\t{_or_null(expires)}\t{_or_null(lot.parent)}"
            f"\t{_or_null(lot.origin)}",
        )

    def draw(self, entry: int, posting: int, lot: int, points: int) -> None:
        self._add("draw", f"{entry}\t{posting}\t{lot}\t{points}")

    def debt(self, *values: int) -> None:
        self.put("debt", [values])

    def hold(self, *values: object) -> None:
        self.put("hold", [values])

    def held(self, *values: int) -> None:
        self.put("held", [values])

    def adjustment(self, *values: int) -> None:
        self.put("adjustment", [values])

    def reversal(self, *values: int) -> None:
        self.put("reversal", [values])

    def _add(self, table: str, line: str) -> None:
        rows = self._rows[table]
        rows.append(line)
        if len(rows) >= BATCH:
            self._send(table)

    def _send(self, table: str) -> None:
        rows = self._rows[table]
        if not rows:
            return
        with connection.cursor() as cursor:
            copying: Any = cursor.copy(f"COPY volume_{table} FROM STDIN")
            with copying as copy:
                copy.write("\n".join(rows) + "\n")
        self.counts[table] += len(rows)
        rows.clear()


def _or_null(value: int | None) -> str:
    return "\\N" if value is None else str(value)
