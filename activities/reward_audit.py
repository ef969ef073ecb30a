"""Invariants of orders, vouchers and stock."""

from common.audit import Invariant, Source

SOURCES = (
    Source("reward_order", "activities_rewardorder", program="program_id = %(program)s"),
    Source("voucher", "activities_voucher", program="program_id = %(program)s"),
    Source("reward", "activities_rewarditem", program="program_id = %(program)s"),
)
INVARIANTS = (
    Invariant(
        "W01",
        "rewards",
        "a voucher has left what its uses leave, and they are numbered without a gap",
        "Set what is left and the status by the uses: they alone say what was taken.",
        """
        SELECT v.id, v.remaining || ' of ' || v.face || ' left, its ' || u.uses || ' uses took ' || u.taken
        FROM voucher v CROSS JOIN LATERAL (
            SELECT count(*) AS uses, coalesce(sum(x.amount), 0) AS taken, coalesce(max(x.number), 0) AS last,
                coalesce(bool_or(x.remaining_after <> v.face - x.so_far), false) AS wrong
            FROM (
                SELECT amount, number, remaining_after, sum(amount) OVER (ORDER BY number) AS so_far
                FROM activities_voucheruse WHERE voucher_id = v.id
            ) x
        ) u WHERE v.remaining <> v.face - u.taken OR u.uses <> u.last OR u.wrong
        """,
    ),
    Invariant(
        "W02",
        "rewards",
        "an order is paid by one redemption of its points, for its membership",
        "Cancel the order, or book what is missing by an adjustment.",
        """
        SELECT o.id, o.points || ' points, posting ' || p.id || ' (' || p.kind || ') took ' || coalesce(-e.sum, 0)
        FROM reward_order o JOIN points_posting p ON p.id = o.posting_id
        JOIN memberships_membership m ON m.id = o.membership_id
        JOIN activities_memberactivity a ON a.id = o.activity_id
        LEFT JOIN LATERAL (SELECT sum(amount) FROM points_entry WHERE posting_id = p.id) e ON true
        WHERE p.kind <> 'redeem' OR coalesce(-e.sum, 0) <> o.points OR p.for_set_id <> m.own_set_id
            OR a.posting_id IS DISTINCT FROM p.id OR p.program_id <> o.program_id
        """,
    ),
    Invariant(
        "W03",
        "rewards",
        "the points of a cancelled order were given back in full, those of an open one not at all",
        "Reverse what is left of the posting of a cancelled order; cancel an open one that was given back.",
        """
        SELECT o.id, o.status || ', ' || coalesce(r.back, 0) || ' of ' || o.points || ' points given back'
        FROM reward_order o JOIN activities_rewarditem i ON i.id = o.item_id
        LEFT JOIN LATERAL (
            SELECT sum(l.asked) AS back FROM points_reversal x
            JOIN points_reversalline l ON l.reversal_id = x.id WHERE x.reverses_id = o.posting_id
        ) r ON true
        WHERE (o.status = 'cancelled' AND coalesce(r.back, 0) <> o.points)
            OR ((o.status = 'ordered' OR (o.status = 'fulfilled' AND i.kind = 'voucher')) AND coalesce(r.back, 0) <> 0)
        """,
    ),
    Invariant(
        "W04",
        "rewards",
        "an order of vouchers has one a piece, for its membership, and takes them along when it is cancelled",
        "Cancel the vouchers that are too many; issue what is missing by a new order.",
        """
        SELECT o.id, o.quantity || ' pieces, ' || o.status || ': ' || v.total || ' vouchers, ' || v.ended || ' ended'
        FROM reward_order o JOIN activities_rewarditem i ON i.id = o.item_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS total, count(*) FILTER (WHERE x.status = 'cancelled') AS ended,
                coalesce(bool_or(x.membership_id <> o.membership_id OR x.item_id <> o.item_id
                    OR x.activity_id <> o.activity_id), false) AS foreign_one
            FROM activities_voucher x WHERE x.order_id = o.id
        ) v
        WHERE v.foreign_one OR v.total <> CASE WHEN i.kind = 'voucher' THEN o.quantity ELSE 0 END
            OR (o.status = 'cancelled' AND v.ended <> v.total)
        """,
    ),
    Invariant(
        "W05",
        "rewards",
        "the stock of a reward is the sum of its movements, each order's as many as it ordered",
        "Count what is there and set the stock to it, with the reason.",
        """
        SELECT i.id, coalesce(s."left", 0) || ' left, movements say ' || m.sum
        FROM reward i LEFT JOIN activities_rewardstock s ON s.item_id = i.id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(x.quantity), 0) AS sum,
                coalesce(bool_or(x."left" <> x.so_far OR abs(x.quantity) <> o.quantity
                    OR (x.quantity > 0 AND o.status <> 'cancelled')), false) AS wrong
            FROM (
                SELECT quantity, "left", order_id, sum(quantity) OVER (ORDER BY id) AS so_far
                FROM activities_stockmovement WHERE item_id = i.id
            ) x LEFT JOIN activities_rewardorder o ON o.id = x.order_id
        ) m WHERE coalesce(s."left", 0) <> m.sum OR m.wrong
        """,
    ),
)
