"""What runs and their figures are called by people; what no word is known for is told as it is written."""

from django.utils.translation import gettext, gettext_noop

from programs.notice_texts import SYSTEM, words_of

KINDS = {
    "send_notices": gettext_noop("notices written"),
    "review_tiers": gettext_noop("tiers reviewed"),
    "renew_memberships": gettext_noop("memberships renewed"),
    "expire_memberships": gettext_noop("memberships ended"),
    "expire_points": gettext_noop("points expired"),
    "expire_vouchers": gettext_noop("vouchers expired"),
    "apply_retention": gettext_noop("old texts emptied"),
}
FIGURES = {
    "waiting": gettext_noop("written"),
    "suppressed": gettext_noop("not to be sent"),
    "kept": gettext_noop("tiers kept"),
    "raised": gettext_noop("raised"),
    "lowered": gettext_noop("lowered"),
    "renewed": gettext_noop("renewed"),
    "lapsed": gettext_noop("lapsed for want of payment"),
    "ended": gettext_noop("ended"),
    "idle": gettext_noop("ended for want of activity"),
    "left": gettext_noop("left for the next run"),
    "points": gettext_noop("points expired"),
    "postings": gettext_noop("accounts they were taken from"),
    "vouchers": gettext_noop("vouchers expired"),
    "activities": gettext_noop("activities emptied"),
    "attributes": gettext_noop("attributes of activities emptied"),
    "transactions": gettext_noop("sales emptied"),
    "adjustments": gettext_noop("adjustments emptied"),
    "orders": gettext_noop("orders emptied"),
    "claims": gettext_noop("claims emptied"),
    "messages": gettext_noop("messages emptied"),
}


def kind_in_words(kind: str) -> str:
    return gettext(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")


def figure_in_words(name: str) -> str:
    """Of a notice its figures say which: “points end soon: written”."""
    notice, _, status = name.partition(" ")
    if notice in SYSTEM and status:
        return f"{gettext(words_of(notice))}: {figure_in_words(status)}"
    return gettext(FIGURES[name]) if name in FIGURES else name.replace("_", " ")


def figures_in_words(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(figure_in_words(name), value) for name, value in sorted(counts.items())]
