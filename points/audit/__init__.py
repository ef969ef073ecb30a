"""Invariants of the ledger: entries, lots, holds, adjustments, the order in which lots were drawn, kept figures."""

from points.audit import draws, figures, holds, ledger, lots, postings
from points.audit.sources import SOURCES

__all__ = ["INVARIANTS", "SOURCES"]

INVARIANTS = (
    *ledger.INVARIANTS,
    *postings.INVARIANTS,
    *lots.INVARIANTS,
    *holds.INVARIANTS,
    *draws.INVARIANTS,
    *figures.INVARIANTS,
)
