"""What a person consents to: the terms of a change in one canonical form, and its digest (domain 1.9).

Ids, numbers and codes only: no personal names, so that they may be kept, and no balances, so that daily business
does not change them.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from memberships.changes.attributes import conflicts_of
from memberships.changes.plan import Plan
from memberships.changes.rows import ROWS
from memberships.models import Membership, MembershipType, PartyRole

# Of the form of the terms; another form is another digest.
FORM = 1


def terms_of(plan: Plan) -> dict[str, Any]:
    """JSON values in a fixed order: the same plan gives the same terms, whenever it is read."""
    change, program, row = plan.change, plan.design.program, ROWS[plan.row]
    told = {
        "form": FORM,
        "program": program.code,
        "kind": str(change.kind),
        "row": plan.row,
        "memberships": _memberships(plan),
        "leaver": change.leaver_id,
        "main": plan.main_id,
        "owner": plan.owner_id,
        "receiver": plan.receiver_id,
        "result": str(change.result_type),
        "redeemers": str(program.pool_redeemers) if change.result_type == MembershipType.SHARED else "",
        "policy": str(change.policy),
        "leaver_share": plain(change.leaver_share),
        "manual_shares": {code: change.manual_shares[code] for code in sorted(change.manual_shares)},
        "ending": sorted(one.pk for one in row.ending(plan)),
        "opened": row.opened(plan),
        "freezes": change.freezes,
        "asked": sorted(plan.asked),
        "undoes": change.undoes_id,
        "undo_days": program.undo_window_days,
    }
    # Only where there is one, so that other terms keep the form they always had.
    conflicts = conflicts_of(plan)
    if conflicts:
        told["attributes"] = {"wins": plan.prime.pk, "conflicts": conflicts}
    return told if plan.umbrella is None else {**told, "organization": _organization(plan, plan.umbrella)}


def role_of(plan: Plan, membership: Membership) -> PartyRole:
    """What the membership is in the change."""
    if membership.pk == plan.prime.pk:
        return PartyRole.PRIME
    is_secondary = plan.secondary is not None and membership.pk == plan.secondary.pk
    return PartyRole.SECONDARY if is_secondary else PartyRole.POOL


def digest_of(terms: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def plain(share: Decimal | None) -> str:
    """A share the way it is written everywhere: 60, 33.3333; empty where there is none."""
    if share is None:
        return ""
    text = format(share, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def changed_terms(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names of the terms that differ, memberships by what changed of them; for events."""
    known, now = _by_id(old), _by_id(new)
    names = [name for name in sorted({*old, *new} - {"memberships"}) if old.get(name) != new.get(name)]
    if known.keys() != now.keys():
        names.append("memberships")
    for key in ("number", "type", "status", "members"):
        if any(known[pk].get(key) != now[pk].get(key) for pk in known.keys() & now.keys()):
            names.append(f"memberships.{key}")
    return names


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why everyone is asked again, in plain words; empty where the terms are the same."""
    known, now = _by_id(old), _by_id(new)
    words = [_("Membership %(number)s takes part now.") % now[pk] for pk in sorted(now.keys() - known.keys())]
    words += [_("Membership %(number)s no longer takes part.") % known[pk] for pk in sorted(known.keys() - now.keys())]
    for pk in sorted(known.keys() & now.keys()):
        words += _of_membership(known[pk], now[pk])
    for name in changed_terms(old, new):
        if name in SENTENCES:
            words.append(SENTENCES[name]() % {"old": _shown(old.get(name)), "new": _shown(new.get(name))})
    return words


# Called when shown, in the language of whoever reads.
SENTENCES: dict[str, Callable[[], str]] = {
    "leaver": lambda: _("Somebody else leaves."),
    "main": lambda: _("Somebody else is the main member afterwards."),
    "owner": lambda: _("Somebody else owns the shared account afterwards."),
    "receiver": lambda: _("The points come to somebody else."),
    "result": lambda: _("The memberships become %(new)s instead of %(old)s."),
    "redeemers": lambda: _("Who may redeem from the shared account changed: %(new)s instead of %(old)s."),
    "policy": lambda: _("The points are divided otherwise: %(new)s instead of %(old)s."),
    "leaver_share": lambda: _("The leaver's share is %(new)s percent instead of %(old)s."),
    "manual_shares": lambda: _("The leaver's points are %(new)s instead of %(old)s."),
    "ending": lambda: _("Other memberships end by it."),
    "opened": lambda: _("%(new)s memberships with new numbers are opened instead of %(old)s."),
    "freezes": lambda: _("Whether spending is frozen until then changed."),
    "asked": lambda: _("Other people are asked for their consent."),
    "attributes": lambda: _("The memberships differ in other attributes: of those the first one's count."),
    "undo_days": lambda: _("It can be undone within %(new)s days instead of %(old)s."),
    "organization": lambda: _("The organization or its agreement is another one, or says something else."),
}


def _organization(plan: Plan, umbrella: Membership) -> dict[str, Any]:
    """Who signs, and for a join what is taken over: the agreement in one version, never what it says later."""
    told: dict[str, Any] = {
        "membership": umbrella.pk,
        "number": umbrella.number,
        "signatory": plan.signatories.get(umbrella.pk),
    }
    found = plan.inheritance
    if found is None:
        return told
    is_shared = plan.change.result_type == MembershipType.SHARED
    return told | {
        "agreement": found.agreement.pk,
        "version": found.version,
        "form": str(plan.change.result_type),
        "leaving_rule": str(found.terms.leaving_rule),
        "tiers": [*found.terms.tiers],
        "benefits": [*found.terms.benefits],
        # Their own points become the person's contribution to the pool.
        "contributes": plan.prime.pk if is_shared else None,
    }


def _memberships(plan: Plan) -> list[dict[str, Any]]:
    members: dict[int, list[dict[str, Any]]] = {one.pk: [] for one in plan.parties}
    for person in sorted(plan.people, key=lambda one: one.customer_id):
        told = {"customer": person.customer_id, "suspended": person.suspended, "deceased": person.deceased}
        members[person.membership_id].append(told)
    return [
        {
            "id": one.pk,
            "number": one.number,
            "type": str(one.type),
            "status": str(one.status),
            "role": str(role_of(plan, one)),
            "members": members[one.pk],
        }
        for one in plan.parties
    ]


def _of_membership(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    words = []
    if old["number"] != new["number"]:
        words.append(_("Membership %(old)s has the number %(new)s now.") % {"old": old["number"], "new": new["number"]})
    for key, sentence in (
        ("type", _("Membership %(number)s is of type %(new)s now instead of %(old)s.")),
        ("status", _("Membership %(number)s is %(new)s now instead of %(old)s.")),
    ):
        if old[key] != new[key]:
            words.append(sentence % {"number": new["number"], "old": old[key], "new": new[key]})
    if old["members"] != new["members"]:
        words.append(_of_members(old["members"], new["members"]) % new)
    return words


def _of_members(old: list[Mapping[str, Any]], new: list[Mapping[str, Any]]) -> str:
    if [one["customer"] for one in old] != [one["customer"] for one in new]:
        return _("Other people take part in membership %(number)s.")
    if [one["deceased"] for one in old] != [one["deceased"] for one in new]:
        return _("A member of %(number)s is recorded as deceased, or no longer so.")
    return _("A member of %(number)s was suspended or reinstated.")


def _by_id(terms: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    return {one["id"]: one for one in terms.get("memberships", ())}


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{points} {code}" for code, points in value.items()) or "–"
    return str(value) if value not in ("", None) else "–"
