"""Around changes: who brought and spent, handing over, one member suspended, and the playbooks with their state."""

import pytest

from customers.models import Customer
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import Member, Membership, MembershipType
from points.models import PointAccountSet, Posting
from points.shares_today import shares_today
from staff.models import Role
from tests.changes import agree, earn, owe, people_of
from tests.desk.tasks.working import Desk
from tests.desk.visitor import Reader, Visitor, cells, redeemed
from tests.factories import ACTOR, make_program, member_of


def number(customer_id: int) -> str:
    return Customer.objects.get(pk=customer_id).number


def test_the_fairness_view_says_who_brought_who_spent_and_what_each_would_take(
    agent: Visitor, katrin_and_john: list[Membership]
) -> None:
    katrin, john = katrin_and_john
    earn(katrin, 300)
    earn(john, 200)
    redeemed(john, 100)
    page = agent.reads("fairness", john.pk)
    kat, joe = member_of(katrin), member_of(john)
    assert "Miles: 400" in page.text
    assert cells(page, "K***") == [f"K*** B*** ({number(kat)}) owner", "300", "0", "0", "200", "0", "200", "200"]
    assert cells(page, "J***") == [f"J*** M*** ({number(joe)})", "200", "100", "0", "200", "0", "200", "200"]
    assert f"/desk/changes/new?kind=split&prime={john.pk}" in page.links


def test_a_group_shows_both_kinds_of_points_and_a_standard_membership_none(
    agent: Visitor, moores: Membership, katrin_bauer: Membership
) -> None:
    mia, max_, _moe = people_of(moores)
    earn(moores, 90, person=mia)
    earn(moores, 30, "status", person=max_)
    page = agent.reads("fairness", moores.pk)
    assert "Miles: 90" in page.text
    assert "Status: 30" in page.text
    assert "main member" in cells(page, f"M*** M*** ({number(mia)})")[0]
    assert "Nobody shares points here" in agent.reads("fairness", katrin_bauer.pk).text


def test_a_debt_lessens_what_its_person_would_take(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    kat, joe = member_of(katrin), member_of(john)
    owe(john, 40)
    pool = katrin.pool_id
    assert pool is not None
    found = shares_today(pool, {kat: frozenset({kat}), joe: frozenset({joe})})
    by_person = {(person, policy): points for (_type, person, policy), points in found.items()}
    assert by_person[joe, "by_contribution"] == -40
    assert by_person[kat, "by_contribution"] == 0
    assert by_person[joe, "equal"] + by_person[kat, "equal"] == -40


def test_fairness_of_another_program_does_not_exist(katrin_and_john: list[Membership]) -> None:
    stranger = Visitor(Role.AUDITOR, make_program("other"))
    assert stranger.status_of("fairness", katrin_and_john[0].pk) == 404


def test_a_group_is_handed_over_once(moores: Membership) -> None:
    mia, max_, _moe = people_of(moores)
    desk = Desk("agnes", Role.SUPPORT_AGENT)
    member = Member.objects.get(membership=moores, customer=max_)
    receipt = desk.does(f"memberships/{moores.pk}/hand-over", member=member.pk, reason="At the members' wish")
    moores.refresh_from_db()
    assert moores.main_member_id == member.pk
    assert f"customer {number(max_)}" in Reader(receipt.content.decode()).text
    assert people_of(moores)[0] == mia


def test_a_pool_gets_another_owner(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    member = Member.objects.get(membership=john)
    Desk("agnes", Role.SUPPORT_AGENT).does(
        f"memberships/{katrin.pk}/hand-over", member=member.pk, reason="At the members' wish"
    )
    assert PointAccountSet.objects.get(pk=katrin.pool_id).owner_id == member.customer_id


def test_nobody_hands_over_what_is_shared_with_nobody(katrin_bauer: Membership) -> None:
    page = Desk("agnes", Role.SUPPORT_AGENT).opens(f"memberships/{katrin_bauer.pk}/hand-over", "ineligible")
    assert "This is neither." in page.content.decode()


def test_one_member_of_a_group_is_suspended_and_reinstated(moores: Membership) -> None:
    desk = Desk("agnes", Role.SUPPORT_AGENT)
    member = Member.objects.get(membership=moores, customer=people_of(moores)[1])
    desk.does(f"memberships/{moores.pk}/suspend-member", member=member.pk, reason="Misuse suspected")
    member.refresh_from_db()
    assert member.suspended_at is not None
    assert Member.objects.filter(membership=moores, suspended_at__isnull=False).count() == 1
    desk.does(f"memberships/{moores.pk}/reinstate-member", member=member.pk, reason="Cleared up")
    member.refresh_from_db()
    assert member.suspended_at is None


def test_in_a_pool_the_membership_is_suspended_instead(katrin_and_john: list[Membership]) -> None:
    page = Desk("agnes", Role.SUPPORT_AGENT).opens(f"memberships/{katrin_and_john[0].pk}/suspend-member", "ineligible")
    assert "suspend the membership instead" in page.content.decode()


def divorce(agent: Visitor, customer: int) -> Reader:
    return agent.reads("playbook-divorce", customer=str(customer))


@pytest.mark.django_db(transaction=True)
def test_the_divorce_playbook_follows_the_split(agent: Visitor, katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    kat, joe = member_of(katrin), member_of(john)
    page = divorce(agent, kat)
    assert f"/desk/changes/new?kind=split&prime={katrin.pk}&leaver={kat}" in page.links
    assert "This program allows no decision in place of a consent" in page.text
    first = propose(Proposal("split", katrin.pk, leaver_id=joe, policy="equal", reason="x"), actor=ACTOR)
    assert "Waits for" in divorce(agent, kat).text
    decide(first, customer_id=joe, decision="refused", method="in_person", actor=ACTOR, evidence="x")
    page = divorce(agent, kat)
    assert "It came to nothing: refused." in page.text
    assert f"/desk/changes/{first.pk}/again" in page.links
    first.refresh_from_db()
    proposal = Proposal("split", katrin.pk, leaver_id=joe, policy="equal", reason="x")
    second = agree(propose(proposal, actor=ACTOR, replaces=first))
    assert f"/desk/changes/{second.pk}" in divorce(agent, kat).links
    carry_out(second, actor=ACTOR)
    katrin.refresh_from_db()
    assert katrin.type == MembershipType.STANDARD
    assert "Receipt" in divorce(agent, kat).text


def test_the_deceased_playbook_settles_each_membership(
    agent: Visitor, katrin_and_john: list[Membership], katrin_bauer: Membership
) -> None:
    kat = member_of(katrin_and_john[0])
    page = agent.reads("playbook-deceased", customer=str(kat))
    assert f"/desk/customers/{kat}/deceased" in page.links
    assert f"/desk/changes/new?kind=split&prime={katrin_and_john[0].pk}&leaver={kat}" in page.links
    alone = member_of(katrin_bauer)
    page = agent.reads("playbook-deceased", customer=str(alone))
    assert f"/desk/memberships/{katrin_bauer.pk}/terminate?end_reason=deceased" in page.links


def test_a_playbook_starts_from_a_customer(agent: Visitor, auditor: Visitor) -> None:
    assert "A playbook starts from a person" in agent.reads("playbook-divorce").text
    for wrong in ("x", "999999", "9" * 30):
        assert agent.status_of("playbook-divorce", customer=wrong) == 404
    assert auditor.status_of("playbook-deceased") == 403


def test_the_pages_of_sharers_lead_to_their_tasks(
    agent: Visitor, auditor: Visitor, moores: Membership, katrin_bauer: Membership
) -> None:
    links = agent.reads("membership", moores.pk).links
    for wanted in (
        f"/desk/changes/new?kind=split&prime={moores.pk}",
        f"/desk/changes/new?kind=form&prime={moores.pk}",
        f"/desk/memberships/{moores.pk}/fairness",
        f"/desk/memberships/{moores.pk}/hand-over",
        f"/desk/memberships/{moores.pk}/suspend-member",
    ):
        assert wanted in links
    standard = agent.reads("membership", katrin_bauer.pk).links
    assert f"/desk/changes/new?kind=merge&prime={katrin_bauer.pk}" in standard
    assert not [link for link in standard if "fairness" in link or "kind=split" in link]
    looked = auditor.reads("membership", moores.pk).links
    assert f"/desk/memberships/{moores.pk}/fairness" in looked
    assert not [link for link in looked if "changes/new" in link or "hand-over" in link]
    assert Posting.objects.count() == 0
