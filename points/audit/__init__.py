"""Invariants of the ledger: entries, lots, holds, adjustments, and the order in which lots were drawn."""

from points.audit import draws, holds, ledger, lots, postings
from points.audit.sources import SOURCES

__all__ = ["INVARIANTS", "SOURCES"]

INVARIANTS = (
    *ledger.INVARIANTS,
    *postings.INVARIANTS,
    *lots.INVARIANTS,
    *holds.INVARIANTS,
    *draws.INVARIANTS,
)
