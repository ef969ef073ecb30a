"""Invariants of sales, their returns, and claims for missing points."""

from common.audit import Invariant, Source

SOURCES = (
    Source("sale", "activities_transaction", program="program_id = %(program)s"),
    Source("claim", "activities_claim", program="program_id = %(program)s"),
    Source("spending_code", "memberships_spendingcode", program="program_id = %(program)s"),
)
# A channel may have lost a program since; its history keeps that it had it.
EVERY_PROGRAM = """(
    EXISTS (SELECT 1 FROM gateway_channel c WHERE c.id = {channel} AND (c.built_in OR c.all_programs))
    OR EXISTS (SELECT 1 FROM gateway_historicalchannel c WHERE c.id = {channel} AND c.all_programs)
)"""
REACHED = """(
    EXISTS (SELECT 1 FROM gateway_channelprogram c WHERE c.channel_id = {channel} AND c.program_id = {program})
    OR EXISTS (
        SELECT 1 FROM gateway_historicalchannelprogram c
        WHERE c.channel_id = {channel} AND c.program_id = {program}
    )
)"""
INVARIANTS = (
    Invariant(
        "R01",
        "sales",
        "returns of a sale give back no more money than it took",
        "Compare the returns with the receipt; correct the points of what was returned twice by an adjustment.",
        """
        SELECT s.id, coalesce(s.amount::text, 'no amount') || ' sold, ' || sum(r.amount) || ' returned'
        FROM sale r JOIN activities_transaction s ON s.id = r.original_id
        GROUP BY s.id HAVING sum(r.amount) > coalesce(s.amount, 0)
        """,
    ),
    Invariant(
        "R02",
        "sales",
        "a line of a return takes back one of its sale, all of them together no more of it than was sold",
        "Compare the returns with the receipt; correct the points of what was returned twice by an adjustment.",
        """
        SELECT k.id, k.quantity || ' for ' || k.amount || ' sold, ' || sum(i.quantity) || ' for ' || sum(i.amount)
            || ' returned'
        FROM sale r JOIN activities_transactionitem i ON i.transaction_id = r.id
        JOIN activities_transactionitem k ON k.id = i.returns_id
        GROUP BY k.id HAVING sum(i.quantity) > k.quantity OR sum(i.amount) > k.amount
            OR bool_or(r.original_id IS DISTINCT FROM k.transaction_id)
        UNION ALL
        SELECT i.id, 'line ' || i.line || ' of return ' || r.id || ' takes back no line'
        FROM sale r JOIN activities_transactionitem i ON i.transaction_id = r.id
        WHERE r.type = 'return' AND i.returns_id IS NULL
        """,
    ),
    # Of each effect the share is rounded by itself, by less than one point.
    Invariant(
        "R03",
        "sales",
        "returns take no more points back than their share of what the sale moved",
        "Give back what is too much by an adjustment.",
        """
        SELECT t.sale, 'posting ' || t.posting || ' moved ' || m.points || ' points, ' || t.back || ' came back for '
            || t.returned || ' of ' || coalesce(t.sold, 0)
        FROM (
            SELECT s.id AS sale, s.amount AS sold, b.returned, p.posting, l.point_type_id AS type, sum(l.asked) AS back
            FROM (
                SELECT original_id, sum(amount) AS returned, array_agg(reference) AS named FROM sale
                WHERE type = 'return' GROUP BY original_id
            ) b JOIN activities_transaction s ON s.id = b.original_id
            JOIN activities_memberactivity v ON v.transaction_id = s.id
            CROSS JOIN LATERAL (
                SELECT v.posting_id AS posting
                UNION SELECT f.posting_id FROM activities_ruleeffect f WHERE f.activity_id = v.id
            ) p
            JOIN points_reversal x ON x.reverses_id = p.posting AND x.reason_code = 'returned'
                AND x.note = ANY(b.named)
            JOIN points_reversalline l ON l.reversal_id = x.id
            GROUP BY s.id, s.amount, b.returned, p.posting, l.point_type_id
        ) t CROSS JOIN LATERAL (
            SELECT coalesce(abs(sum(e.amount)), 0) AS points FROM points_entry e
            JOIN points_pointaccount a ON a.id = e.account_id
            WHERE e.posting_id = t.posting AND a.point_type_id = t.type
        ) m CROSS JOIN LATERAL (
            SELECT count(*) + 1 AS parts FROM activities_ruleeffect f
            WHERE f.posting_id = t.posting AND f.point_type_id = t.type
        ) n WHERE t.back > m.points OR (t.sold > 0 AND t.back >= m.points * t.returned / t.sold + n.parts)
        """,
    ),
    Invariant(
        "R04",
        "sales",
        "a return is of a purchase that whoever sent it could see, in its program and currency, and not before it",
        "Find the sale that came back; correct the points of both by an adjustment.",
        f"""
        SELECT r.id, 'returns ' || coalesce(s.type || ' ' || s.id, 'nothing') FROM sale r
        LEFT JOIN activities_transaction s ON s.id = r.original_id
        WHERE r.type = 'return' AND (
            s.id IS NULL OR s.type <> 'purchase' OR r.program_id IS DISTINCT FROM s.program_id
            OR r.currency <> s.currency OR r.occurred_at < s.occurred_at
            OR (s.program_id IS NULL AND r.channel_id <> s.channel_id
                AND NOT {EVERY_PROGRAM.format(channel="r.channel_id")})
        )
        """,  # noqa: S608 - SQL of our own
    ),
    Invariant(
        "R05",
        "sales",
        "what a sale is to memberships lies in its program; it is paid with points of a program its channel reaches",
        "Reverse the posting of what went astray.",
        f"""
        SELECT v.id, t.code || ' in program ' || v.program_id || ' of ' || s.type || ' ' || s.id || ' in program '
            || coalesce(s.program_id::text, 'none')
        FROM activity v JOIN activities_transaction s ON s.id = v.transaction_id
        JOIN activities_activitytype t ON t.id = v.type_id
        WHERE v.channel_id <> s.channel_id OR v.occurred_at <> s.occurred_at
            OR (t.flow <> 'redeem' AND (t.code <> s.type OR v.program_id IS DISTINCT FROM s.program_id))
            OR (v.program_id IS DISTINCT FROM s.program_id
                AND NOT {EVERY_PROGRAM.format(channel="v.channel_id")}
                AND NOT {REACHED.format(channel="v.channel_id", program="v.program_id")})
        """,  # noqa: S608 - SQL of our own
    ),
    # What an erased person wrote or was asked is gone from either.
    Invariant(
        "R06",
        "sales",
        "a granted claim has a purchase of its receipt, time and amount, for the membership that claimed it",
        "Reverse what the activity gave; open the claim anew.",
        """
        SELECT c.id, 'activity ' || coalesce(c.activity_id::text, 'none') || ' is ' || coalesce(t.code, 'not there')
        FROM claim c LEFT JOIN activities_memberactivity v ON v.id = c.activity_id
        LEFT JOIN activities_activitytype t ON t.id = v.type_id
        WHERE c.status = 'granted' AND (
            v.id IS NULL OR v.program_id <> c.program_id OR t.code <> 'purchase' OR v.occurred_at <> c.occurred_at
            OR v.amount IS DISTINCT FROM c.amount OR v.currency IS DISTINCT FROM c.currency
            OR c.membership_id NOT IN (v.membership_id, coalesce(v.redirected_from, v.membership_id))
            OR v.reference NOT IN (c.receipt, '') AND c.receipt <> 'erased-' || c.id
        )
        """,
    ),
    # Later sales are no fault of the claim: where they repeat its receipt they are shown as repeated.
    Invariant(
        "R07",
        "sales",
        "a receipt that was claimed had earned nothing before, and is claimed once",
        "Reverse what one of the two gave, after a look at the receipt.",
        """
        SELECT c.id, 'the receipt stands in activity ' || v.id FROM claim c
        JOIN activities_memberactivity v ON v.reference = c.receipt AND v.program_id = c.program_id
            AND v.id < c.activity_id
        JOIN activities_activitytype t ON t.id = v.type_id
        WHERE c.status = 'granted' AND v.status <> 'refused' AND t.code <> 'return'
        UNION ALL
        SELECT c.id, 'the receipt stands in claim ' || o.id FROM claim c
        JOIN activities_claim o ON o.receipt = c.receipt AND o.program_id = c.program_id AND o.id < c.id
        WHERE c.status <> 'refused' AND o.status <> 'refused'
        """,
    ),
    Invariant(
        "R08",
        "sales",
        "a code that was used allowed one sale or redemption of its channel, with its membership's points and no more "
        "than it says",
        "Ask the person; reverse the redemption if they did not allow it.",
        """
        SELECT c.id, coalesce('transaction ' || c.transaction_id, 'activity ' || c.activity_id)
            || coalesce(' took ' || v.points, ' is not there')
        FROM spending_code c
        LEFT JOIN LATERAL (
            SELECT v.id, v.channel_id, v.membership_id, v.points FROM activities_memberactivity v
            JOIN activities_activitytype t ON t.id = v.type_id
            WHERE (v.transaction_id = c.transaction_id OR v.id = c.activity_id) AND t.flow = 'redeem'
        ) v ON true
        WHERE c.used_at IS NOT NULL AND (
            v.id IS NULL OR v.channel_id <> c.channel_id OR v.membership_id <> c.membership_id
            OR v.points > c.most_points
        )
        """,
    ),
)
