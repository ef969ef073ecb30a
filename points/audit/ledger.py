"""Invariants of accounts and their entries."""

from common.audit import Invariant

# The kinds that count into the lifetime figures; reversals of them count with the opposite sign.
EARNED = ("earn",)
REDEEMED = ("redeem", "capture")


def _of_kinds(kinds: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return f"coalesce(sum(e.amount) FILTER (WHERE coalesce(o.kind, p.kind) IN ({listed})), 0)"


INVARIANTS = (
    Invariant(
        "L01",
        "ledger",
        "the balance of an account is the sum of its entries",
        "Entries are the truth: set the balance to their sum, after finding out what wrote it past the ledger.",
        """
        SELECT a.id, 'balance ' || a.balance || ', entries sum to ' || coalesce(e.total, 0) FROM account a
        LEFT JOIN (SELECT account_id, sum(amount) AS total FROM entry GROUP BY 1) e ON e.account_id = a.id
        WHERE a.balance <> coalesce(e.total, 0)
        """,
    ),
    Invariant(
        "L02",
        "ledger",
        "an account counts its entries, and they are numbered from 1 without a gap",
        "Compare with the last backup: an entry was removed, or the count was written past the ledger.",
        """
        SELECT a.id, 'counts ' || a.entry_count || ', has ' || coalesce(e.n, 0) || ' up to ' || coalesce(e.hi, 0)
        FROM account a LEFT JOIN (
            SELECT account_id, count(*) AS n, min(number) AS lo, max(number) AS hi FROM entry GROUP BY 1
        ) e ON e.account_id = a.id
        WHERE a.entry_count <> coalesce(e.n, 0) OR (e.n IS NOT NULL AND (e.lo <> 1 OR e.hi <> e.n))
        """,
    ),
    Invariant(
        "L03",
        "ledger",
        "the balance after an entry is the balance before it plus its amount",
        "Two writers worked without the account's lock: find them by the postings' times, correct by adjustment.",
        """
        SELECT t.id, 'after ' || t.before || ' and ' || t.amount || ' it says ' || t.balance_after FROM (
            SELECT id, amount, balance_after, lag(balance_after, 1, 0::bigint)
                OVER (PARTITION BY account_id ORDER BY number) AS before FROM entry
        ) t WHERE t.balance_after <> t.before + t.amount
        """,
    ),
    Invariant(
        "L04",
        "ledger",
        "below zero only by a debt, and never in qualifying points",
        "A debit was taken without its points: reverse it, or record the debt it should have made.",
        """
        SELECT a.id, 'account at ' || a.balance || ' with a debt of ' || a.debt FROM account a
        JOIN programs_pointtype t ON t.id = a.point_type_id
        WHERE a.balance < 0 AND (t.kind = 'qualifying' OR a.balance < -a.debt)
        UNION ALL
        SELECT e.id, 'entry leaves ' || e.balance_after FROM entry e
        JOIN points_pointaccount a ON a.id = e.account_id JOIN programs_pointtype t ON t.id = a.point_type_id
        WHERE e.balance_after < 0 AND (t.kind = 'qualifying' OR e.balance_after < -(
            SELECT coalesce(sum(d.amount), 0) FROM points_debt d JOIN points_entry m ON m.id = d.entry_id
            WHERE m.account_id = e.account_id AND m.number <= e.number))
        """,
    ),
    Invariant(
        "L05",
        "ledger",
        "an entry is not zero and has a posting and an account",
        "Restore the missing row from the last backup.",
        """
        SELECT e.id, 'amount ' || e.amount || CASE WHEN p.id IS NULL THEN ', no posting' ELSE '' END
            || CASE WHEN a.id IS NULL THEN ', no account' ELSE '' END FROM entry e
        LEFT JOIN points_posting p ON p.id = e.posting_id LEFT JOIN points_pointaccount a ON a.id = e.account_id
        WHERE e.amount = 0 OR p.id IS NULL OR a.id IS NULL
        """,
    ),
    Invariant(
        "L08",
        "ledger",
        "entry, posting, account, set and point type belong to one program",
        "Reverse the posting and post it in the right program.",
        """
        SELECT e.id, 'entry of program ' || e.program_id || ', posting of ' || p.program_id || ', account of '
            || a.program_id FROM entry e
        JOIN points_posting p ON p.id = e.posting_id JOIN points_pointaccount a ON a.id = e.account_id
        WHERE e.program_id <> p.program_id OR e.program_id <> a.program_id
        UNION ALL
        SELECT a.id, 'account of program ' || a.program_id || ', set of ' || s.program_id || ', type of '
            || t.program_id FROM account a
        JOIN points_pointaccountset s ON s.id = a.account_set_id JOIN programs_pointtype t ON t.id = a.point_type_id
        WHERE a.program_id <> s.program_id OR a.program_id <> t.program_id
        """,
    ),
    Invariant(
        "L11",
        "ledger",
        "only redeemable points are redeemed, held, transferred or donated",
        "Reverse the posting.",
        """
        SELECT e.id, p.kind || ' of qualifying points' FROM account a
        JOIN programs_pointtype t ON t.id = a.point_type_id AND t.kind <> 'redeemable'
        JOIN entry e ON e.account_id = a.id JOIN points_posting p ON p.id = e.posting_id
        WHERE p.kind IN ('redeem', 'capture', 'transfer', 'donate')
        UNION ALL
        SELECT h.id, 'hold on qualifying points' FROM hold h JOIN points_pointaccount a ON a.id = h.account_id
        JOIN programs_pointtype t ON t.id = a.point_type_id AND t.kind <> 'redeemable'
        """,
    ),
    Invariant(
        "L14",
        "ledger",
        "lifetime figures are the sums of the entries of their kinds, and of what came along from another record",
        "Set the figures to the sums; find out which verb counts wrongly.",
        f"""
        SELECT a.id, 'earned ' || a.lifetime_earned || ' where entries say ' || coalesce(e.earned, 0) || ', redeemed '
            || a.lifetime_redeemed || ' where entries say ' || coalesce(e.redeemed, 0) FROM account a
        LEFT JOIN (
            SELECT e.account_id, {_of_kinds(EARNED)} AS earned, -{_of_kinds(REDEEMED)} AS redeemed
            FROM entry e JOIN points_posting p ON p.id = e.posting_id LEFT JOIN points_posting o ON o.id = p.reverses_id
            GROUP BY 1
        ) e ON e.account_id = a.id
        WHERE a.lifetime_earned <> coalesce(e.earned, 0) + a.carried_earned
            OR a.lifetime_redeemed <> coalesce(e.redeemed, 0) + a.carried_redeemed
        """,  # noqa: S608 - kinds of our own
    ),
    Invariant(
        "A01",
        "accounts",
        "one account per set and point type",
        "Move the points of the younger account by adjustments; find out how the unique constraint was lost.",
        """
        SELECT min(a.id), 'set ' || a.account_set_id || ' has ' || count(*) || ' accounts of type ' || a.point_type_id
        FROM points_pointaccount a GROUP BY a.account_set_id, a.point_type_id HAVING count(*) > 1
        """,
    ),
)
