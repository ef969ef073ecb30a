"""Invariants of proposed and carried out changes of memberships."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "C02",
        "consents",
        "one consent per change and person",
        "Keep the consent that was decided last; withdraw the change if it is open.",
        """
        SELECT max(c.id), count(*) || ' consents of customer ' || c.customer_id || ' to change ' || c.change_id
        FROM consent c GROUP BY c.change_id, c.customer_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "C04",
        "consents",
        "a carried out change has its time, within the deadline of its consents; no other has one",
        "Undo the change, or complete its time from its posting.",
        """
        SELECT x.id, x.status || ', carried out ' || coalesce(x.carried_out_at::text, 'never') || ', consents until '
            || coalesce(x.expires_at::text, 'any time') FROM change x
        WHERE (x.status IN ('carried_out', 'undone')) <> (x.carried_out_at IS NOT NULL)
            OR x.carried_out_at > x.expires_at
        """,
    ),
    Invariant(
        "C06",
        "consents",
        "a membership is in one open change at most",
        "Withdraw the younger change.",
        """
        SELECT p.membership_id, 'in the open changes ' || string_agg(p.change_id::text, ', ' ORDER BY p.change_id)
        FROM party p JOIN memberships_membershipchange x ON x.id = p.change_id
        WHERE x.status IN ('awaiting_consent', 'agreed') GROUP BY p.membership_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "C07",
        "consents",
        "parties are open while their change is, and every membership an open change affects is one, but for "
        "organizations, who are in many, and those who share their pools",
        "Set the party from its change; add the missing membership, or withdraw the change.",
        """
        SELECT p.id, 'open ' || p.is_open || ' in change ' || p.change_id || ', '
            || coalesce(x.status, 'which does not exist') FROM party p
        LEFT JOIN memberships_membershipchange x ON x.id = p.change_id
        WHERE p.is_open IS DISTINCT FROM coalesce(x.status IN ('awaiting_consent', 'agreed'), false)
        UNION ALL
        SELECT x.id, 'membership ' || a.id || ' is affected and no party' FROM change x
        JOIN memberships_membership named ON named.id IN (x.prime_id, x.secondary_id)
        JOIN memberships_membership a ON a.id = named.id OR (a.pool_id = named.pool_id AND a.current AND NOT EXISTS (
            SELECT 1 FROM memberships_membership o WHERE o.pool_id = a.pool_id AND o.type = 'organization'))
        WHERE x.status IN ('awaiting_consent', 'agreed') AND named.type <> 'organization' AND NOT EXISTS (
            SELECT 1 FROM memberships_changeparty p WHERE p.change_id = x.id AND p.membership_id = a.id)
        """,
    ),
)
