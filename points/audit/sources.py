"""How audits name the tables of points."""

from common.audit import Source

OWN = "program_id = %(program)s"
OF_ACCOUNT = "account_id IN (SELECT a.id FROM points_pointaccount a WHERE a.program_id = %(program)s)"
OF_LOT = (
    "lot_id IN (SELECT l.id FROM points_lot l JOIN points_pointaccount a ON a.id = l.account_id "
    "WHERE a.program_id = %(program)s)"
)
TOUCHED = "account_id = ANY(%(accounts)s::bigint[])"
# By way of the entries, which have an index by account; lots that are used up have none.
TOUCHED_ENTRY = "entry_id IN (SELECT e.id FROM points_entry e WHERE e.account_id = ANY(%(accounts)s::bigint[]))"
TOUCHED_HOLD = """hold_id IN (
    SELECT h.id FROM points_hold h WHERE h.account_id = ANY(%(accounts)s::bigint[]) AND h.status = 'open')"""
# Recorded by the program's clock, which is never behind real time: the first half uses the index, the second leaves
# out what a sandbox recorded long ago under a clock that was ahead.
RECORDED = """recorded_at >= %(since)s AND recorded_at >= %(since)s::timestamptz + (
    SELECT g.clock_offset FROM programs_program g WHERE g.id = program_id)"""

SOURCES = (
    Source("account_set", "points_pointaccountset", program=OWN),
    Source("account", "points_pointaccount", program=OWN, recent="id = ANY(%(accounts)s::bigint[])"),
    Source("posting", "points_posting", program=OWN, recent=RECORDED),
    Source("entry", "points_entry", program=OWN, recent=TOUCHED),
    Source("lot", "points_lot", program=OF_ACCOUNT, recent=TOUCHED_ENTRY),
    Source("draw", "points_draw", program=OF_LOT, recent=TOUCHED_ENTRY),
    Source("debt", "points_debt", program=OF_ACCOUNT, recent=TOUCHED),
    # Closed holds have no index by account, and nobody touches them any more.
    Source("hold", "points_hold", program=OWN, recent=f"{TOUCHED} AND status = 'open'"),
    Source("held", "points_holdlot", program=OF_LOT, recent=TOUCHED_HOLD),
    # Copies of whole days: nothing of them belongs to single accounts.
    Source("kept_days", "points_keptdays", program=OWN),
    Source("adjustment", "points_adjustment", program=OWN),
)
