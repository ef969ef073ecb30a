"""Choosing a change: what is possible, why not if not, and the draft it becomes."""

from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft, propose
from memberships.lifecycle import suspend
from memberships.models import ChangeStatus, Consent, Membership, MembershipChange
from staff.models import Role
from tests.changes import anonymous, one_person
from tests.desk.changes.pressing import Press, change_page
from tests.desk.visitor import Visitor, cells
from tests.factories import ACTOR, actor_in, make_customer, make_membership, make_program, member_of


def new(**query: object) -> str:
    return "/desk/changes/new?" + "&".join(f"{name}={value}" for name, value in query.items())


def test_a_merge_is_chosen_side_by_side_and_becomes_a_draft(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    first = Press(agent, new(kind="merge", find=anna.number))
    assert f"/desk/changes/new?kind=merge&prime={anna.pk}" in first.page.links
    second = Press(agent, new(kind="merge", prime=anna.pk, find=ben.number))
    assert f"/desk/changes/new?kind=merge&prime={anna.pk}&secondary={ben.pk}" in second.page.links
    terms = Press(agent, new(kind="merge", prime=anna.pk, secondary=ben.pk))
    response = terms.sends("", result_type="shared", reason="They want to collect together")
    made = MembershipChange.objects.get()
    assert response["Location"] == f"/desk/changes/{made.pk}"
    assert (made.status, made.kind, made.result_type) == (ChangeStatus.DRAFT, "merge", "shared")
    assert (made.prime_id, made.secondary_id) == (anna.pk, ben.pk)
    assert made.user_id == agent.user.pk
    assert Consent.objects.count() == 0


def test_every_candidate_that_does_not_fit_says_why_and_what_to_do(
    agent: Visitor, anna_and_ben: list[Membership]
) -> None:
    anna, ben = anna_and_ben
    suspend(ben, actor=ACTOR, reason="misuse")
    page = Press(agent, new(kind="merge", prime=anna.pk, find=ben.number)).page
    assert f"{ben.number} is suspended; only active memberships go together. Reinstate it first." in page.text
    assert not [link for link in page.links if f"secondary={ben.pk}" in link]


def test_memberships_of_two_programs_name_both(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    other = make_membership(make_program("stars"), "Cora Stone")
    page = Press(agent, new(kind="merge", prime=anna_and_ben[0].pk, find=other.number)).page
    assert "Miles (miles)" in page.text
    assert "Stars (stars)" in page.text
    refused = Press(agent, new(kind="merge", prime=anna_and_ben[0].pk, secondary=other.pk))
    assert "This is not possible now" in refused.page.text
    assert not refused.has("", reason="")


def test_an_open_change_is_named_with_the_way_to_it(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    cora = make_membership(anna.program, "Cora Stone")
    opened = propose(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    page = Press(agent, new(kind="merge", prime=cora.pk, find=ben.number)).page
    assert "Another change of this membership is open" in page.text
    assert f"/desk/changes/{opened.pk}" in page.links


def test_a_name_finds_the_sides_where_names_are_seen(
    agent: Visitor, supervisor: Visitor, anna_and_ben: list[Membership]
) -> None:
    for one in anna_and_ben:
        customer = one.members.get().customer
        customer.name_key = customer.name.lower()
        customer.save()
    page = Press(supervisor, new(kind="merge", find="miller")).page
    assert f"/desk/changes/new?kind=merge&prime={anna_and_ben[1].pk}" in page.links
    assert anna_and_ben[0].number not in page.text


def test_a_card_finds_the_anonymous_side_of_an_absorption(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    found = anonymous(anna_and_ben[0].program)
    number = found.holdings.get().card.number_id
    page = Press(agent, new(kind="absorb", prime=anna_and_ben[0].pk, find=number)).page
    assert f"/desk/changes/new?kind=absorb&prime={anna_and_ben[0].pk}&secondary={found.pk}" in page.links
    terms = Press(agent, new(kind="absorb", prime=anna_and_ben[0].pk, secondary=found.pk))
    assert terms.sends("", reason="Found card registered").status_code == 302
    assert MembershipChange.objects.get().secondary_id == found.pk


def test_one_person_twice_becomes_one_membership(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    one_person(anna, ben)
    terms = Press(agent, new(kind="merge", prime=anna.pk, secondary=ben.pk))
    assert terms.form("")[1]["result_type"] == "standard"
    terms.does("", reason="Enrolled twice by mistake")
    made = MembershipChange.objects.get()
    assert made.result_type == "standard"
    assert "one membership, as both records are the same person" in change_page(agent, made).page.text


def test_a_split_needs_somebody_to_leave(agent: Visitor, anna_and_ben: list[Membership], moores: Membership) -> None:
    page = Press(agent, new(kind="split", find=anna_and_ben[0].number)).page
    assert "There is nobody to leave it: choose a membership of a pool or a group." in page.text
    terms = Press(agent, new(kind="split", prime=moores.pk))
    given = {"policy": "ratio", "reason": "Moved out", "leaver": member_ids(moores)[1]}
    wrong = terms.sends("", **given)
    assert wrong.status_code == 400
    assert "Write the leaver&#x27;s share." in wrong.content.decode()
    assert MembershipChange.objects.count() == 0
    terms.does("", **given, leaver_share="60")
    made = MembershipChange.objects.get()
    assert (str(made.leaver_share), made.policy, made.leaver_id) == ("60.0000", "ratio", member_ids(moores)[1])


def test_a_leaving_main_member_names_who_takes_over(agent: Visitor, moores: Membership) -> None:
    mia, max_, _moe = member_ids(moores)
    terms = Press(agent, new(kind="split", prime=moores.pk, leaver=mia))
    assert terms.form("")[1]["leaver"] == str(mia)
    given = {"policy": "equal", "reason": "Moved out", "leaver": mia}
    refused = terms.sends("", **given)
    assert refused.status_code == 422
    assert "The main member after the split is missing" in refused.content.decode()
    terms.does("", **given, main=max_)
    assert MembershipChange.objects.get().main_id == max_


def test_figures_by_hand_are_kept_by_type(agent: Visitor, katrin_and_john: list[Membership]) -> None:
    terms = Press(agent, new(kind="split", prime=katrin_and_john[0].pk))
    given = {"policy": "manual", "reason": "Separation", "leaver": member_of(katrin_and_john[1])}
    assert terms.sends("", **given).status_code == 400
    terms.does("", **given, **{"share-miles": "120"})
    assert MembershipChange.objects.get().manual_shares == {"miles": 120}


def test_a_change_of_form_goes_both_ways(agent: Visitor, katrin_and_john: list[Membership], moores: Membership) -> None:
    pool = Press(agent, new(kind="form", prime=katrin_and_john[0].pk))
    pool.does("", main=member_of(katrin_and_john[0]), reason="At the members' wish")
    group = Press(agent, new(kind="form", prime=moores.pk))
    group.does("", reason="At the members' wish")
    made = list(MembershipChange.objects.order_by("pk").values_list("result_type", "secondary_id"))
    assert made == [("group", None), ("shared", None)]


def test_foreign_memberships_do_not_exist_and_the_right_is_asked(anna_and_ben: list[Membership]) -> None:
    stranger = Visitor(Role.SUPPORT_AGENT, make_program("other"))
    assert stranger.client.get(new(kind="merge", prime=anna_and_ben[0].pk)).status_code == 404
    assert "Nothing found for" in Press(stranger, new(kind="merge", find=anna_and_ben[0].number)).page.text
    auditor = Visitor(Role.AUDITOR)
    assert auditor.client.get(new()).status_code == 403
    for wrong in ("x", "999999999999999999999", "-1"):
        assert Visitor(Role.SUPPORT_AGENT).client.get(new(kind="merge", prime=wrong)).status_code == 404


def test_a_draft_is_changed_by_a_colleague_and_a_stale_form_is_not_taken(
    agent: Visitor, supervisor: Visitor, anna_and_ben: list[Membership]
) -> None:
    anna, ben = anna_and_ben
    made = draft(Proposal("merge", anna.pk, ben.pk, result_type="shared", reason="first"), actor=ACTOR)
    mine, theirs = (Press(one, f"/desk/changes/{made.pk}/terms") for one in (agent, supervisor))
    theirs.does("terms" if theirs.has("terms") else "", result_type="group", main=member_of(ben), reason="second")
    made.refresh_from_db()
    assert (made.result_type, made.main_id, made.reason) == ("group", member_of(ben), "second")
    refused = mine.sends("", result_type="shared", reason="third")
    assert refused.status_code == 409
    assert "Somebody changed the draft meanwhile" in refused.content.decode()
    made.refresh_from_db()
    assert made.reason == "second"
    assert "Draft changed" in change_page(agent, made).page.text


def test_the_list_says_who_is_missing_until_when(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    opened = propose(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    page = agent.reads("changes")
    row = cells(page, "Merge into a shared account")
    assert row[1:5] == ["MMiles", f"{anna.number}, {ben.number}", "Waiting for consent", "A*** B***, B*** M***"]
    assert f"/desk/changes/{opened.pk}" in page.links
    assert "Changes of memberships 1 waiting" in page.text
    assert "No change is like that." in agent.reads("changes", kind="split").text
    assert "No change is like that." in agent.reads("changes", status="refused").text
    stranger = Visitor(Role.SUPPORT_AGENT, make_program("other"))
    assert "Nothing waits." in stranger.reads("changes").text


def test_pages_of_the_list_go_on(agent: Visitor, anna_and_ben: list[Membership], monkeypatch: object) -> None:
    from memberships.desk.changes import listing

    anna, ben = anna_and_ben
    for _ in range(3):
        draft(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    monkeypatch.setattr(listing, "PAGE", 2)  # type: ignore[attr-defined]
    first = agent.reads("changes", status="draft")
    assert len([link for link in first.links if link.startswith("/desk/changes/") and link[-1].isdigit()]) == 2
    (following,) = [link for link in first.links if "before=" in link]
    assert "status=draft" in following
    second = Press(agent, following).page
    assert len([link for link in second.links if link.startswith("/desk/changes/") and link[-1].isdigit()]) == 1
    assert agent.status_of("changes", before="x") == 200


def member_ids(membership: Membership) -> list[int]:
    return list(membership.members.order_by("pk").values_list("customer_id", flat=True))


def test_the_trials_of_choosing_write_nothing(agent: Visitor, anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    make_customer("Nobody Else")
    Press(agent, new(kind="merge", prime=anna.pk, find=ben.number))
    Press(agent, new(kind="merge", prime=anna.pk, secondary=ben.pk))
    assert MembershipChange.objects.count() == 0
    assert actor_in(anna.program).programs == frozenset({anna.program_id})
