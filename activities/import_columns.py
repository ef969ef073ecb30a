"""What a file of memberships with their opening balances holds: the same columns in imports and exports of lots."""

from common.sheets import Column, cells

STATUSES = ("active", "inactive", "suspended")
COLUMNS: tuple[Column, ...] = (
    Column("customer_number", "who takes part; names the membership, lines of one stand together", required=True),
    Column("member_number", "of the old system, with the program's prefix; drawn if empty"),
    Column("enrolled_at", "now if empty", cells.moment),
    Column("accept_terms", "whether the released terms were accepted", cells.yes_or_no),
    Column("status", "as the program's enrolment makes it if empty", cells.one_of(*STATUSES)),
    Column("payment_reference", "the term that begins at enrolled_at is paid, under this reference"),
    Column("tier", "code of the tier to stand on, or ladder/tier; the lowest if empty"),
    Column("tier_until", "needed with tier: not lowered before the end of that day", cells.day),
    Column("last_activity_at", "points that live from the last activity live from then; now if empty", cells.moment),
    Column("point_type", "the program's default type if empty"),
    Column("points", "what is left of a lot, one line per lot; below 0: owed", cells.whole_number),
    Column("earned_at", "now if empty", cells.moment),
    Column("usable_from", "at once if empty", cells.moment),
    Column("expires_on", "last day; by the type's rule from earned_at on if empty", cells.day),
)
# What a line says about its lot; the other columns are about the membership and stand on its first line.
OF_A_LOT = ("point_type", "points", "earned_at", "usable_from", "expires_on")
OF_THE_MEMBERSHIP = tuple(column.name for column in COLUMNS if column.name not in OF_A_LOT)
