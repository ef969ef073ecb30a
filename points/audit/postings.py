"""Invariants of postings: their entries, causes, reversals, keys, events and approvals."""

from common.audit import Invariant
from points.causes import CAUSES


def _table(model: str) -> str:
    return model.lower().replace(".", "_")


def _caused() -> str:
    """Postings whose cause is of an unknown kind or does not exist."""
    known = ", ".join(f"'{kind}'" for kind in CAUSES)
    unknown = (
        "SELECT p.id, 'cause of unknown kind ' || p.cause_kind FROM posting p "  # noqa: S608 - kinds of our own
        f"WHERE p.cause_kind NOT IN ({known})"
    )
    missing = (
        f"SELECT p.id, '{kind} ' || p.cause_id || ' does not exist' FROM posting p "  # noqa: S608 - names of our own
        f"WHERE p.cause_kind = '{kind}' AND NOT EXISTS (SELECT 1 FROM {_table(model)} c WHERE c.id = p.cause_id)"
        for kind, model in CAUSES.items()
    )
    return " UNION ALL ".join([unknown, *missing])


# Corrections land where the points now live: on an account the posting knew nothing of they take back no more than it
# posted of the type, the other way round.
REVERSED_TOO_MUCH = """
SELECT o.id, 'of ' || coalesce(w.total, t.total, 0) || ' ' || r.total || ' were reversed on account ' || r.account_id
FROM (
    SELECT v.reverses_id, e.account_id, sum(e.amount) AS total FROM points_posting v
    JOIN points_entry e ON e.posting_id = v.id
    WHERE v.reverses_id IN (SELECT p.reverses_id FROM posting p WHERE p.reverses_id IS NOT NULL) GROUP BY 1, 2
) r JOIN points_posting o ON o.id = r.reverses_id JOIN points_pointaccount a ON a.id = r.account_id
LEFT JOIN LATERAL (
    SELECT sum(e.amount) AS total FROM points_entry e WHERE e.posting_id = o.id AND e.account_id = r.account_id
) w ON true LEFT JOIN LATERAL (
    SELECT sum(e.amount) AS total FROM points_entry e JOIN points_pointaccount b ON b.id = e.account_id
    WHERE e.posting_id = o.id AND b.point_type_id = a.point_type_id AND sign(e.amount) <> sign(r.total)
) t ON true
WHERE CASE WHEN w.total IS NULL THEN abs(r.total) > abs(coalesce(t.total, 0)) ELSE
    (abs(r.total) > abs(w.total) OR sign(r.total) = sign(w.total)) AND NOT EXISTS (
        SELECT 1 FROM points_entry m JOIN points_posting c ON c.id = m.posting_id
        WHERE m.account_id = r.account_id AND c.kind IN ('merge', 'split', 'undo')) END
"""

INVARIANTS = (
    Invariant(
        "L06",
        "ledger",
        "what only moves points adds up to nothing, over two entries or more",
        "One side is missing: reverse the posting and repeat the transfer or change.",
        """
        SELECT p.id, p.kind || ' of type ' || a.point_type_id || ' leaves ' || sum(e.amount) || ' over ' || count(*)
            || ' entries' FROM posting p
        JOIN points_entry e ON e.posting_id = p.id JOIN points_pointaccount a ON a.id = e.account_id
        WHERE p.kind IN ('transfer', 'donate', 'merge', 'split', 'undo') GROUP BY p.id, p.kind, a.point_type_id
        HAVING sum(e.amount) <> 0 OR count(*) < 2
        """,
    ),
    Invariant(
        "L07",
        "ledger",
        "every posting has an entry",
        "Restore the entries from the last backup.",
        """
        SELECT p.id, p.kind || ' without entries' FROM posting p
        WHERE NOT EXISTS (SELECT 1 FROM points_entry e WHERE e.posting_id = p.id)
        """,
    ),
    Invariant(
        "L09",
        "ledger",
        "earning adds; redeeming, capturing and expiring take away",
        "Reverse the posting by an adjustment and post it with the right sign.",
        """
        SELECT e.id, p.kind || ' of ' || e.amount FROM posting p JOIN points_entry e ON e.posting_id = p.id
        WHERE (p.kind = 'earn' AND e.amount < 0) OR (p.kind IN ('redeem', 'capture', 'expire') AND e.amount > 0)
        """,
    ),
    Invariant(
        "L10",
        "ledger",
        "reversals take back at most what was posted, with the opposite sign, of kinds that may be",
        "Adjust what was reversed too much.",
        f"""
        {REVERSED_TOO_MUCH}
        UNION ALL
        SELECT p.id, 'reverses a posting of kind ' || o.kind FROM posting p
        JOIN points_posting o ON o.id = p.reverses_id
        WHERE o.kind IN ('expire', 'opening', 'reverse', 'merge', 'split', 'undo')
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "L13",
        "ledger",
        "every posting has a cause that exists",
        "Find the cause in the events of the posting's time; restore it from the last backup.",
        _caused(),
    ),
    Invariant(
        "I02",
        "idempotency",
        "one posting per channel, key and ordinal",
        "A repeated call posted twice: reverse the younger posting.",
        """
        SELECT max(p.id), 'posted ' || count(*) || ' times' FROM points_posting p WHERE p.key_digest IS NOT NULL
        GROUP BY p.channel_id, p.key_digest, p.ordinal HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I04",
        "idempotency",
        "a posting made with a key has its kept answer, while answers are kept",
        "The answer was not written with the posting: a repeat will be refused as key_used; tell the channel.",
        """
        SELECT p.id, 'no answer kept for its key' FROM posting p JOIN programs_program g ON g.id = p.program_id
        WHERE p.key_digest IS NOT NULL
            AND p.recorded_at - g.clock_offset > %(now)s::timestamptz - interval '6 days 23 hours'
            AND NOT EXISTS (SELECT 1 FROM gateway_idempotencyrecord i WHERE i.channel_id = p.channel_id
                AND i.key_digest = p.key_digest AND i.ordinal = p.ordinal)
        """,
    ),
    Invariant(
        "I09",
        "idempotency",
        "a call that was answered with a refusal posted nothing",
        "Reverse the posting: the channel believes that it was refused.",
        """
        SELECT p.id, 'answered with ' || i.status FROM posting p JOIN gateway_idempotencyrecord i
            ON i.channel_id = p.channel_id AND i.key_digest = p.key_digest AND i.ordinal = p.ordinal
        WHERE i.status NOT BETWEEN 200 AND 299
        """,
    ),
    Invariant(
        "I06",
        "scope",
        "channels post only in programs they have or had",
        "Take the channel's credentials away and review its postings.",
        """
        SELECT used.posting, 'channel ' || c.code || ' has no program ' || used.program_id FROM (
            SELECT p.channel_id, p.program_id, min(p.id) AS posting FROM posting p GROUP BY 1, 2
        ) used JOIN gateway_channel c ON c.id = used.channel_id
        WHERE NOT c.all_programs AND NOT c.built_in AND NOT EXISTS (
            SELECT 1 FROM gateway_channelprogram s WHERE s.channel_id = c.id AND s.program_id = used.program_id
        ) AND NOT EXISTS (
            SELECT 1 FROM gateway_historicalchannelprogram s
            WHERE s.channel_id = c.id AND s.program_id = used.program_id
        )
        """,
    ),
    Invariant(
        "I07",
        "events",
        "every posting has exactly one event",
        "Insert the missing event; readers of the feed recognize a double one by its subject.",
        """
        SELECT p.id, 'has ' || coalesce(v.n, 0) || ' events' FROM posting p LEFT JOIN (
            SELECT subject_id, count(*) AS n FROM event WHERE kind = 'points.posted' GROUP BY 1
        ) v ON v.subject_id = p.id WHERE coalesce(v.n, 0) <> 1
        UNION ALL
        SELECT v.subject_id, 'event ' || v.id || ' speaks of a posting that does not exist' FROM event v
        WHERE v.kind = 'points.posted' AND NOT EXISTS (SELECT 1 FROM points_posting p WHERE p.id = v.subject_id)
        """,
    ),
    Invariant(
        "S01",
        "staff",
        "a posted adjustment has a reason, and above the limit a second person",
        "Have a second person review it; reverse it if nobody stands in for it.",
        """
        SELECT x.id, x.points || ' points, reason “' || x.reason_code || '”, decided by '
            || coalesce(x.decided_by_id::text, 'nobody') FROM adjustment x
        WHERE x.status = 'posted' AND (x.reason_code = ''
            OR (x.needs_approval AND (x.decided_by_id IS NULL OR x.decided_by_id = x.requested_by_id))
            OR (NOT x.needs_approval AND abs(x.points) > (SELECT max(l.allowed) FROM (
                SELECT g.adjustment_limit AS allowed FROM programs_program g WHERE g.id = x.program_id
                UNION ALL SELECT h.adjustment_limit FROM programs_historicalprogram h WHERE h.id = x.program_id) l)))
        """,
    ),
    Invariant(
        "S02",
        "staff",
        "an adjusting posting and its posted adjustment say the same",
        "Reverse the posting where no adjustment explains it.",
        """
        SELECT p.id, 'adjusts by ' || coalesce(e.total, 0) || ', its adjustment says '
            || coalesce(x.points::text, 'nothing') FROM posting p
        LEFT JOIN points_adjustment x ON x.posting_id = p.id AND x.status = 'posted' LEFT JOIN LATERAL (
            SELECT sum(e.amount) AS total, min(e.account_id) AS account FROM points_entry e WHERE e.posting_id = p.id
        ) e ON true
        WHERE p.kind = 'adjust'
            AND (x.id IS NULL OR x.points <> e.total OR x.account_id <> e.account OR p.reason_code = '')
        UNION ALL
        SELECT p.id, 'adjustment ' || x.id || ' points to a posting of kind ' || p.kind FROM points_adjustment x
        JOIN posting p ON p.id = x.posting_id WHERE p.kind <> 'adjust'
        """,
    ),
)
