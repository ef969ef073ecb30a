"""What a person consents to: one canonical form, whose digest changes exactly when the terms do."""

import hashlib
import json
from decimal import Decimal

import pytest

from common import clock
from common.history import audit_context
from memberships import lifecycle
from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft
from memberships.changes.rows import plan_of
from memberships.changes.terms import changed_terms, differences, digest_of, plain, role_of, terms_of
from memberships.models import Membership, MembershipChange
from tests.changes import anonymous, customer_called, earn, one_person, pair, people_of
from tests.factories import ACTOR, member_of
from tests.memberships.changes.planning import change_program, decease, planned

pytestmark = pytest.mark.django_db


def drafted(prime: Membership, secondary: Membership | None = None, kind: str = "merge", **values) -> MembershipChange:
    return draft(Proposal(kind, prime.pk, secondary and secondary.pk, **values), actor=ACTOR)


def now_of(change: MembershipChange) -> dict:
    """The terms as they are now, of the stored row."""
    row = MembershipChange.objects.get(pk=change.pk)
    return terms_of(plan_of(row, at=clock.program_now(row.program)))


def side(membership: Membership, role: str, *people: int, **more) -> dict:
    members = [{"customer": one, "suspended": False, "deceased": False} for one in people]
    values = {"number": membership.number, "type": membership.type, "status": "active"}
    return {"id": membership.pk, "role": role, "members": members} | values | more


def test_the_terms_of_a_merge_of_two(miles, anna_and_ben):
    anna, ben = anna_and_ben
    change = drafted(ben, anna, result_type="shared")
    assert change.terms == {
        "form": 1,
        "program": "miles",
        "kind": "merge",
        "row": "pool",
        "memberships": [side(anna, "secondary", member_of(anna)), side(ben, "prime", member_of(ben))],
        "leaver": None,
        "main": None,
        "owner": member_of(ben),
        "receiver": None,
        "result": "shared",
        "redeemers": "any",
        "policy": "",
        "leaver_share": "",
        "manual_shares": {},
        "ending": [],
        "opened": 0,
        "freezes": False,
        "asked": sorted([member_of(anna), member_of(ben)]),
        "undoes": None,
        "undo_days": 30,
    }


def test_the_terms_of_a_split(katrin_and_john):
    katrin, john = katrin_and_john
    leaver = member_of(john)
    change = drafted(
        katrin, kind="split", leaver_id=leaver, policy="ratio", leaver_share=Decimal("33.3300"), freezes=True
    )
    assert change.terms["memberships"] == [
        side(katrin, "prime", member_of(katrin), type="shared"),
        side(john, "pool", leaver, type="shared"),
    ]
    told = {name: change.terms[name] for name in ("row", "leaver", "policy", "leaver_share", "freezes", "result")}
    assert told == {
        "row": "leave_pool",
        "leaver": leaver,
        "policy": "ratio",
        "leaver_share": "33.33",
        "freezes": True,
        "result": "",
    }


def test_which_memberships_end_and_how_many_are_opened(miles, anna_and_ben, katrin_and_john, moores):
    anna, ben = anna_and_ben
    katrin = katrin_and_john[0]
    again, card = pair(miles, "A. Bauer")[0], anonymous(miles)
    one_person(anna, again)
    cases = [
        (drafted(anna, ben, result_type="group"), [anna.pk, ben.pk], 1),
        (drafted(anna, moores), [anna.pk], 0),
        (drafted(anna, again), [again.pk], 0),
        (drafted(anna, card, "absorb"), [card.pk], 0),
        (drafted(anna, katrin), [], 0),
        (drafted(katrin, result_type="group", main_id=member_of(katrin)), [one.pk for one in katrin_and_john], 1),
        (drafted(moores), [moores.pk], 3),
        (drafted(moores, kind="split", leaver_id=people_of(moores)[1]), [], 1),
        (drafted(katrin, kind="split", leaver_id=member_of(katrin)), [], 0),
    ]
    for change, ending, opened in cases:
        assert (change.terms["ending"], change.terms["opened"]) == (sorted(ending), opened), change.terms["row"]


def test_no_name_and_no_balance_stands_in_the_terms(anna_and_ben):
    anna, ben = anna_and_ben
    earn(anna, 12345)
    text = json.dumps(drafted(anna, ben, result_type="shared").terms)
    for word in ("Anna", "Bauer", "Ben", "Miller", "12345"):
        assert word not in text


def test_the_digest_is_sha_256_over_canonical_json(anna_and_ben):
    change = drafted(*anna_and_ben, result_type="shared")
    canonical = json.dumps(change.terms, sort_keys=True, separators=(",", ":"))
    assert change.digest == digest_of(change.terms) == hashlib.sha256(canonical.encode()).hexdigest()
    backwards = dict(reversed(change.terms.items()))
    assert digest_of(backwards) == change.digest
    assert digest_of({"word": "é"}) == hashlib.sha256(b'{"word":"\\u00e9"}').hexdigest()


def test_stored_and_read_again_the_terms_have_the_same_digest(moores):
    moe = customer_called("Moe Moore").pk
    for values in (
        {"policy": "ratio", "leaver_share": Decimal("60")},
        {"policy": "manual", "manual_shares": {"status": 1, "miles": 2**62}},
    ):
        change = drafted(moores, kind="split", leaver_id=moe, **values)
        stored = MembershipChange.objects.get(pk=change.pk)
        assert digest_of(stored.terms) == stored.digest == digest_of(now_of(change))


def test_what_happens_daily_leaves_the_digest_as_it_is(anna_and_ben):
    change = drafted(*anna_and_ben, result_type="shared")
    anna = anna_and_ben[0]
    earn(anna, 300)
    with audit_context(ACTOR, "test"):
        customer = customer_called("Anna Bauer")
        customer.name = "Anna Miller"
        customer.save()
    with clock.frozen(clock.now().replace(year=2030)):
        assert digest_of(now_of(change)) == change.digest


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, ""), ("60", "60"), ("60.0000", "60"), ("33.3333", "33.3333"), ("100", "100"), ("0.1000", "0.1")],
)
def test_a_share_is_written_one_way(share, text):
    assert plain(share and Decimal(share)) == text


def test_roles(katrin_and_john, miles):
    (emma,) = pair(miles, "Emma Stone")
    plan = planned(emma, katrin_and_john[0])
    roles = [str(role_of(plan, one)) for one in (emma, *katrin_and_john)]
    assert roles == ["prime", "secondary", "pool"]


def test_the_same_terms_do_not_differ(anna_and_ben):
    terms = drafted(*anna_and_ben, result_type="shared").terms
    assert changed_terms(terms, dict(terms)) == []
    assert differences(terms, dict(terms)) == []


def test_a_suspended_member_makes_other_terms(katrin_and_john):
    katrin, john = katrin_and_john
    change = drafted(katrin, kind="split", leaver_id=member_of(katrin))
    lifecycle.suspend_member(john.members.get(), actor=ACTOR, reason="test")
    terms = now_of(change)
    assert digest_of(terms) != change.digest
    assert changed_terms(change.terms, terms) == ["memberships.members"]
    assert differences(change.terms, terms) == [f"A member of {john.number} was suspended or reinstated."]


def test_a_deceased_member_makes_other_terms(katrin_and_john):
    katrin, john = katrin_and_john
    change = drafted(katrin, kind="split", leaver_id=member_of(katrin))
    decease(member_of(john))
    assert differences(change.terms, now_of(change)) == [
        f"A member of {john.number} is recorded as deceased, or no longer so."
    ]


def test_another_status_makes_other_terms(katrin_and_john):
    katrin, john = katrin_and_john
    change = drafted(katrin, kind="split", leaver_id=member_of(katrin))
    lifecycle.suspend(john, actor=ACTOR, reason="test")
    terms = now_of(change)
    assert changed_terms(change.terms, terms) == ["memberships.status"]
    assert differences(change.terms, terms) == [f"Membership {john.number} is suspended now instead of active."]


def test_the_programs_policies_a_person_consented_to_make_other_terms(miles, anna_and_ben):
    change = drafted(*anna_and_ben, result_type="shared")
    change_program(miles, pool_redeemers="owner", undo_window_days=7, split_policy="equal")
    terms = now_of(change)
    assert changed_terms(change.terms, terms) == ["redeemers", "undo_days"]
    assert differences(change.terms, terms) == [
        "Who may redeem from the shared account changed: owner instead of any.",
        "It can be undone within 7 days instead of 30.",
    ]


def test_every_difference_has_its_words():
    member = {"customer": 1, "suspended": False, "deceased": False}
    one = {"id": 7, "number": "MI7", "type": "standard", "status": "active", "role": "prime", "members": [member]}
    two = one | {"id": 8, "number": "MI8"}
    old = {
        "memberships": [one, two],
        "leaver": 1,
        "main": 1,
        "owner": 1,
        "receiver": 1,
        "result": "shared",
        "policy": "equal",
        "leaver_share": "",
        "manual_shares": {},
        "ending": [],
        "opened": 0,
        "freezes": False,
        "asked": [1],
    }
    new = {
        "memberships": [one | {"number": "MI70", "type": "group", "members": []}, two | {"id": 9, "number": "MI9"}],
        "leaver": 2,
        "main": 2,
        "owner": 2,
        "receiver": 2,
        "result": "group",
        "policy": "ratio",
        "leaver_share": "60",
        "manual_shares": {"miles": 5},
        "ending": [7],
        "opened": 2,
        "freezes": True,
        "asked": [1, 2],
    }
    assert differences(old, new) == [
        "Membership MI9 takes part now.",
        "Membership MI8 no longer takes part.",
        "Membership MI7 has the number MI70 now.",
        "Membership MI70 is of type group now instead of standard.",
        "Other people take part in membership MI70.",
        "Other people are asked for their consent.",
        "Other memberships end by it.",
        "Whether spending is frozen until then changed.",
        "Somebody else leaves.",
        "The leaver's share is 60 percent instead of –.",
        "Somebody else is the main member afterwards.",
        "The leaver's points are 5 miles instead of –.",
        "2 memberships with new numbers are opened instead of 0.",
        "Somebody else owns the shared account afterwards.",
        "The points are divided otherwise: ratio instead of equal.",
        "The points come to somebody else.",
        "The memberships become group instead of shared.",
    ]
    assert changed_terms(old, new) == [
        *sorted(old.keys() - {"memberships"}),
        "memberships",
        "memberships.number",
        "memberships.type",
        "memberships.members",
    ]
