"""Whom a change waits for: the same people in lists, banners and where it is carried out."""

import pytest

from common.history import audit_context
from memberships.changes.answering import missing
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.waiting import changes_with_parties, waiting
from memberships.models import Membership, MembershipChange
from tests.changes import give_consent
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db


def listed(change: MembershipChange) -> list[int]:
    return [one.pk for one in waiting(changes_with_parties(ACTOR).get(pk=change.pk)).missing]


def test_who_gave_consent_is_waited_for_no_more(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = propose(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    assert listed(change) == missing(change) == [member_of(anna), member_of(ben)]
    with audit_context(ACTOR, "test"):
        give_consent(change.consents.get(customer=member_of(anna)))
    assert listed(change) == missing(change) == [member_of(ben)]


def test_whom_the_terms_ask_no_more_nobody_waits_for(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = propose(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    with audit_context(ACTOR, "test"):
        change.terms = {**change.terms, "asked": [member_of(ben)]}
        change.save()
    assert listed(change) == missing(change) == [member_of(ben)]
