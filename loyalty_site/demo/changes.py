"""How people of the sample world came together and apart: proposed, consented to and carried out by its staff."""

from typing import Any

from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from common.actor import Actor
from customers.models import Customer
from loyalty_site.authentication import actor_of_user
from loyalty_site.demo.plan import Person
from loyalty_site.demo.together import DIVORCE, FAMILY, FRIENDS, MISTAKE, STORIES, TWICE, Story
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide, missing
from memberships.changes.inviting import ask
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import (
    ChangeKind,
    ConsentMethod,
    ConsentStatus,
    InvitationKind,
    Member,
    Membership,
    MembershipChange,
    MembershipType,
)
from memberships.one_person import unite_people
from programs.models import SplitPolicy
from staff.models import User

SEEN = "Passport shown at the desk"


def come_together() -> None:
    """Each story as far as it goes; the people are there already."""
    agent, supervisor = (actor_of_user(User.objects.get(username=name)) for name in ("agent", "supervisor"))
    _friends(agent, supervisor)
    _family(agent, supervisor)
    _divorce(agent, supervisor)
    first, second = memberships_of(MISTAKE)
    _merge(first, second, MembershipType.SHARED, agent, supervisor)
    maria, again = (customer_of(person) for person in TWICE.people)
    unite_people(maria, duplicate=again, actor=supervisor, reason="Same passport, seen at the desk")


def rows() -> dict[str, Any]:
    """Per story the customers by name, where each takes part now, and the changes, oldest first."""
    told: dict[str, Any] = {}
    for story in STORIES:
        people = [customer_of(person).pk for person in story.people]
        changes = MembershipChange.objects.filter(consents__customer__in=people).distinct().order_by("pk")
        told[story.code] = {
            "customers": people,
            "memberships": [one.pk for one in memberships_of(story)],
            "changes": list(changes.values_list("pk", flat=True)),
        }
    return told


def memberships_of(story: Story) -> list[Membership]:
    """Of each person the current one in the story's program; a group once per person."""
    return [_membership(story, person) for person in story.people]


def customer_of(person: Person) -> Customer:
    return Customer.objects.get(email=person.email)


def _friends(agent: Actor, supervisor: Actor) -> None:
    """Katrin and John share their miles; each keeps the own ladder and tier."""
    katrin, john = memberships_of(FRIENDS)
    _merge(katrin, john, MembershipType.SHARED, agent, supervisor)
    earn(PointsCall(john.pk, 4_000, location="Tokyo"), actor=agent)
    redeem(PointsCall(katrin.pk, 10_000, location="Award flight"), actor=agent)


def _family(agent: Actor, supervisor: Actor) -> None:
    """Mia and Max make a group of which Mia is the main member, then Ella joins it."""
    mia, max_, ella = memberships_of(FAMILY)
    group = _merge(mia, max_, MembershipType.GROUP, agent, supervisor, main_id=customer_of(FAMILY.people[0]).pk).result
    assert group is not None  # noqa: S101 - a merge has a result
    _merge(group, ella, MembershipType.GROUP, agent, supervisor)
    for person, points in zip(FAMILY.people[1:], (120, 80), strict=True):
        earn(PointsCall(group.pk, points, member=customer_of(person).pk, location="Family card"), actor=agent)
    redeem(PointsCall(group.pk, 250, member=customer_of(FAMILY.people[2]).pk), actor=agent)


def _divorce(agent: Actor, supervisor: Actor) -> None:
    """Anna and Peter shared; Peter is to leave. Anna agreed, Peter was sent a link, nobody spends meanwhile."""
    anna, peter = memberships_of(DIVORCE)
    _merge(anna, peter, MembershipType.SHARED, agent, supervisor)
    redeem(PointsCall(peter.pk, 5_000, location="Flight to Oslo"), actor=agent)
    annas, peters = (customer_of(person).pk for person in DIVORCE.people)
    asked = Proposal(
        kind=ChangeKind.SPLIT,
        prime_id=anna.pk,
        leaver_id=peters,
        policy=SplitPolicy.BY_CONTRIBUTION,
        freezes=True,
        reason="Divorce",
    )
    change = propose(asked, actor=agent)
    _agree(change, annas, supervisor)
    ask(change, customer_id=peters, method=InvitationKind.LINK, actor=agent)


def _merge(
    prime: Membership,
    secondary: Membership,
    result_type: MembershipType,
    agent: Actor,
    supervisor: Actor,
    main_id: int | None = None,
) -> MembershipChange:
    asked = Proposal(
        kind=ChangeKind.MERGE,
        prime_id=prime.pk,
        secondary_id=secondary.pk,
        main_id=main_id,
        result_type=result_type,
        reason="Asked for at the desk",
    )
    change = propose(asked, actor=agent)
    for customer_id in missing(change):
        _agree(change, customer_id, supervisor)
    return carry_out(change, actor=agent)


def _agree(change: MembershipChange, customer_id: int, actor: Actor) -> None:
    decide(
        change,
        customer_id=customer_id,
        decision=ConsentStatus.GIVEN,
        method=ConsentMethod.IN_PERSON,
        actor=actor,
        evidence=SEEN,
    )


def _membership(story: Story, person: Person) -> Membership:
    members = Member.objects.select_related("membership").filter(current=True, ended_at__isnull=True)
    return members.get(program__code=story.program, customer__email=person.email).membership
