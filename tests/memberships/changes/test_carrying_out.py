"""Carrying a change out: asked again under the locks, once, and all or nothing (domain 1.9)."""

import pytest
from django.db import transaction

from common.history import audit_context
from gateway.models import Event
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import ChangeNotOpen, ChangeRefused, ConsentMissing, TermsChanged
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.errors import ProgramNotOpen
from memberships.lifecycle import suspend, suspend_member
from memberships.models import ChangeParty, Consent, Membership, MembershipChange
from points.freezing import frozen_until
from points.models import Posting
from programs.life import lock
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, earn, give_consent, people_of, pool_of
from tests.factories import ACTOR, counted, member_of

pytestmark = pytest.mark.django_db


def proposed(prime: Membership, secondary: Membership, result_type: str = "shared") -> MembershipChange:
    return propose(Proposal("merge", prime.pk, secondary.pk, result_type=result_type), actor=ACTOR)


def untouched(*memberships: Membership) -> bool:
    return all(Membership.objects.get(pk=one.pk).version == one.version for one in memberships)


def test_who_has_not_consented_is_named_and_nothing_happens(katrin_and_john: list[Membership], miles: Program) -> None:
    """Case 20."""
    lena, luis = pool_of(miles, "Lena Lopez", "Luis Lopez")
    katrin, john = katrin_and_john
    change = proposed(katrin, lena)
    with audit_context(ACTOR, "test"):
        for consent in Consent.objects.filter(change=change).exclude(customer=member_of(luis)):
            give_consent(consent)
    before = counted(Posting, Event, Membership)
    with pytest.raises(ConsentMissing) as refused:
        carry_out(change, actor=ACTOR)
    assert refused.value.facts["missing"] == [member_of(luis)]
    assert str(member_of(luis)) in refused.value.message
    assert counted(Posting, Event, Membership) == before
    assert untouched(katrin, john, lena, luis)


def test_a_second_time_is_refused_and_changes_nothing(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    earn(anna, 300)
    change = agree(proposed(anna, ben))
    carry_out(change, actor=ACTOR)
    before = counted(Posting, Event)
    with pytest.raises(ChangeNotOpen) as refused:
        carry_out(change, actor=ACTOR)
    assert refused.value.facts == {"change": change.pk, "status": "carried_out", "result": anna.pk}
    assert counted(Posting, Event) == before
    anna.refresh_from_db()
    assert account_in_use(anna).balance == 300
    assert_audit_clean()


def test_other_terms_void_the_consents_and_say_why(moores: Membership, anna_and_ben: list[Membership]) -> None:
    """Somebody of the group was suspended after everyone had agreed."""
    anna, _ = anna_and_ben
    change = agree(proposed(moores, anna, "group"))
    suspend_member(moores.members.order_by("pk").last(), actor=ACTOR, reason="lost contact")
    with pytest.raises(TermsChanged) as refused:
        carry_out(change, actor=ACTOR)
    assert refused.value.facts["differences"]
    change.refresh_from_db()
    assert change.status == "awaiting_consent"
    assert set(change.consents.values_list("status", flat=True)) == {"void"}
    assert Membership.objects.get(pk=anna.pk).status == "active"


def test_a_side_suspended_meanwhile_refuses(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = agree(proposed(anna, ben))
    suspend(ben, actor=ACTOR, reason="fraud check")
    with pytest.raises(ChangeRefused):
        carry_out(change, actor=ACTOR)
    change.refresh_from_db()
    assert change.status == "agreed"
    assert untouched(anna)


def test_a_locked_program_carries_nothing_out(anna_and_ben: list[Membership], miles: Program) -> None:
    anna, ben = anna_and_ben
    change = agree(proposed(anna, ben))
    lock(miles, actor=ACTOR, reason="year end")
    with pytest.raises(ProgramNotOpen):
        carry_out(change, actor=ACTOR)
    assert untouched(anna, ben)


def test_what_was_frozen_is_spent_again(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    assert katrin.pool_id is not None
    wish = Proposal("split", john.pk, leaver_id=member_of(john), policy="equal", freezes=True)
    change = agree(propose(wish, actor=ACTOR))
    assert frozen_until(katrin.pool_id) is not None
    carry_out(change, actor=ACTOR)
    assert frozen_until(katrin.pool_id) is None


def test_parties_are_free_for_another_change(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = carry_out(agree(proposed(anna, ben)), actor=ACTOR)
    assert not ChangeParty.objects.filter(change=change, is_open=True).exists()
    for one in anna_and_ben:
        one.refresh_from_db()
    again = propose(Proposal("split", anna.pk, leaver_id=member_of(anna)), actor=ACTOR)
    assert again.status == "awaiting_consent"


def test_the_event_names_ids_only(anna_and_ben: list[Membership]) -> None:
    anna, ben = anna_and_ben
    change = carry_out(agree(proposed(anna, ben, "group")), actor=ACTOR)
    event = Event.objects.get(kind="change.carried_out")
    assert event.subject_id == change.pk
    assert event.facts == {
        "kind": "merge",
        "row": "group",
        "memberships": [anna.pk, ben.pk],
        "result": change.result_id,
        "posting": None,
    }
    assert people_of(change.result) == [member_of(anna), member_of(ben)]  # type: ignore[arg-type]
    assert_audit_clean()


def test_an_error_in_the_middle_leaves_everything(
    anna_and_ben: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 18."""
    anna, ben = anna_and_ben
    earn(anna, 300)
    change = agree(proposed(anna, ben))
    monkeypatch.setattr("memberships.changes.carrying_out.record_event", _broken)
    before = counted(Posting, Event)
    with pytest.raises(OSError, match="planted"), transaction.atomic():
        carry_out(change, actor=ACTOR)
    assert counted(Posting, Event) == before
    assert untouched(anna, ben)
    assert account_in_use(anna).balance == 300


def _broken(*_: object, **__: object) -> None:
    raise OSError("planted")
