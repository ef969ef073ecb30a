"""Points that nobody in person had earned or owed become somebody's (domain 1.10): who contributed them from now on,
and whose the debts are. The earner is history and stays nobody."""

from typing import Any

from django.db import connection

from points.ledger import lock_accounts
from points.models import PointAccount
from points.moves import Cause

LOTS = """
WITH taken AS (
    UPDATE points_lot SET contributor_id = %(person)s
    WHERE account_id = ANY(%(accounts)s::bigint[]) AND contributor_id IS NULL RETURNING id
)
INSERT INTO points_lotcontributorchange (lot_id, new_contributor_id, cause_kind, cause_id)
SELECT id, %(person)s, %(kind)s, %(cause)s FROM taken ORDER BY id
"""
DEBTS = """
UPDATE points_debt SET person_id = %(person)s WHERE account_id = ANY(%(accounts)s::bigint[]) AND person_id IS NULL
"""


def claim(set_id: int, *, person_id: int, program_id: int, cause: Cause) -> None:
    """All lots and debts of the set that are nobody's; inside the caller's transaction, which holds the membership."""
    accounts = sorted(PointAccount.objects.filter(account_set=set_id).values_list("pk", flat=True))
    lock_accounts(set(accounts), program_id=program_id)
    asked: dict[str, Any] = {"person": person_id, "accounts": accounts, "kind": cause.kind, "cause": cause.id}
    with connection.cursor() as cursor:
        cursor.execute(LOTS, asked)
        cursor.execute(DEBTS, asked)
