"""Proposing asks everyone and occupies the memberships; it is taken back, asked again, or proposed anew."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from common import clock
from common.errors import NotFound
from gateway.models import Event
from memberships import lifecycle
from memberships.changes.errors import ChangeNotOpen, ChangeRefused, MembershipBusy
from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft, open_draft, propose, redraft, refresh, status_at, withdraw
from memberships.errors import ProgramNotOpen, ReasonMissing
from memberships.models import (
    ChangeParty,
    ChangeStatus,
    Consent,
    ConsentDecision,
    Membership,
    MembershipChange,
)
from points.freezing import frozen_until
from points.models import Entry, Lot, Posting
from programs.models import ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, anonymous, customer_called, earn, give_consent, owe, pair, people_of, pool_of
from tests.factories import ACTOR, actor_in, counted, make_program, member_of
from tests.memberships.changes.planning import change_program
from tests.queries import asked

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
WRITTEN = (MembershipChange, ChangeParty, Consent, ConsentDecision)


def merge(prime: Membership, secondary: Membership, result: str = "shared", **values) -> Proposal:
    return Proposal("merge", prime.pk, secondary.pk, result_type=result, **values)


def split(prime: Membership, leaver: Membership, **values) -> Proposal:
    return Proposal("split", prime.pk, leaver_id=member_of(leaver), **values)


def last_event(kind: str) -> dict:
    event = Event.objects.filter(kind=kind).latest("pk")
    return {"subject": event.subject_id, **event.facts}


def parties_of(change: MembershipChange) -> list[tuple[int, str, bool]]:
    return list(ChangeParty.objects.filter(change=change).values_list("membership_id", "role", "is_open"))


def statuses_of(change: MembershipChange) -> dict[int, str]:
    return dict(Consent.objects.filter(change=change).values_list("customer_id", "status"))


class TestProposing:
    def test_a_proposal_asks_everyone_until_its_deadline_and_moves_no_point(self, anna_and_ben):
        anna, ben = anna_and_ben
        earn(anna, 300)
        before = counted(Posting, Entry, Lot, Membership)
        with clock.frozen(NOON):
            change = propose(merge(anna, ben, reason="they moved in together"), actor=ACTOR)
        assert (change.status, change.expires_at, change.proposed_at) == (
            "awaiting_consent", NOON + timedelta(days=30), NOON,
        )  # fmt: skip
        assert (change.reason, change.channel_id, change.user_id) == ("they moved in together", 2, None)
        assert parties_of(change) == [(anna.pk, "prime", True), (ben.pk, "secondary", True)]
        assert statuses_of(change) == {member_of(anna): "asked", member_of(ben): "asked"}
        consent = Consent.objects.get(change=change, customer=member_of(ben))
        assert (consent.membership_id, consent.digest, consent.decided_at) == (ben.pk, "", None)
        assert counted(Posting, Entry, Lot, Membership) == before
        assert Membership.objects.get(pk=anna.pk).type == "standard"
        assert_audit_clean()

    def test_a_proposal_leaves_an_event(self, anna_and_ben):
        change = propose(merge(*anna_and_ben), actor=ACTOR)
        assert last_event("change.proposed") == {
            "subject": change.pk,
            "change": change.pk,
            "kind": "merge",
            "row": "pool",
            "memberships": sorted(one.pk for one in anna_and_ben),
            "asked": sorted(member_of(one) for one in anna_and_ben),
            "digest": change.digest,
            "expires_at": change.expires_at.isoformat(),
            "replaces": None,
        }

    def test_all_who_share_a_pool_are_parties_and_asked(self, miles, katrin_and_john):
        (emma,) = pair(miles, "Emma Stone")
        katrin, john = katrin_and_john
        change = propose(merge(emma, john), actor=ACTOR)
        assert sorted(parties_of(change)) == sorted(
            [(katrin.pk, "pool", True), (john.pk, "secondary", True), (emma.pk, "prime", True)]
        )
        assert set(statuses_of(change)) == {member_of(one) for one in (katrin, john, emma)}

    def test_a_large_pool_takes_no_more_statements_than_a_small_one(self, miles):
        counts = []
        for size in (2, 6):
            names = [f"Lee {size}-{n}" for n in range(size)]
            first, *_ = pool_of(miles, *names)
            proposal = split(first, first, main_id=customer_called(names[1]).pk)
            with asked() as captured:
                propose(proposal, actor=ACTOR)
            counts.append(len(captured))
        assert counts[0] == counts[1]

    def test_a_refused_proposal_leaves_nothing(self, anna_and_ben):
        before = counted(*WRITTEN, Event)
        with pytest.raises(ChangeRefused):
            propose(merge(anna_and_ben[0], anna_and_ben[0]), actor=ACTOR)
        assert counted(*WRITTEN, Event) == before

    def test_memberships_of_other_programs_than_the_actors_do_not_exist(self, anna_and_ben):
        hotel = make_program("hotel")
        (emma,) = pair(hotel, "Emma Stone")
        for actor, proposal in (
            (actor_in(hotel), merge(*anna_and_ben)),
            (actor_in(hotel), merge(emma, anna_and_ben[0])),
            (ACTOR, Proposal("merge", 0, result_type="shared")),
        ):
            with pytest.raises(NotFound):
                propose(proposal, actor=actor)

    @pytest.mark.parametrize("status", ["draft", "locked", "closed"])
    def test_only_a_released_program_takes_proposals(self, miles, anna_and_ben, status):
        change_program(miles, status=status)
        for verb in (draft, propose):
            with pytest.raises(ProgramNotOpen) as caught:
                verb(merge(*anna_and_ben), actor=ACTOR)
            assert caught.value.facts == {"program": "miles", "program_status": status}
        assert MembershipChange.objects.count() == 0

    def test_a_sandbox_goes_by_its_own_clock(self, miles, anna_and_ben):
        change_program(miles, is_sandbox=True, clock_offset=timedelta(days=100))
        with clock.frozen(NOON):
            change = propose(merge(*anna_and_ben), actor=ACTOR)
        assert change.expires_at == NOON + timedelta(days=130)


class TestDrafts:
    def test_a_draft_has_its_terms_and_asks_nobody(self, anna_and_ben):
        change = draft(merge(*anna_and_ben), actor=ACTOR)
        assert (change.status, change.expires_at, change.terms["row"]) == ("draft", None, "pool")
        assert counted(ChangeParty, Consent) == {"ChangeParty": 0, "Consent": 0}
        assert Event.objects.filter(kind__startswith="change").count() == 0

    def test_any_number_of_drafts_hinder_nobody(self, anna_and_ben):
        draft(merge(*anna_and_ben), actor=ACTOR)
        draft(merge(*anna_and_ben, "group"), actor=ACTOR)
        assert propose(merge(*anna_and_ben), actor=ACTOR).status == "awaiting_consent"

    def test_a_draft_says_something_else_until_it_is_proposed(self, miles, anna_and_ben):
        (emma,) = pair(miles, "Emma Stone")
        first = draft(merge(*anna_and_ben), actor=ACTOR)
        change = redraft(first, merge(emma, anna_and_ben[1], "group"), actor=ACTOR)
        assert (change.pk, change.version, change.terms["row"]) == (first.pk, 2, "group")
        assert change.digest != first.digest
        opened = open_draft(change, actor=ACTOR)
        assert parties_of(opened) == [(anna_and_ben[1].pk, "secondary", True), (emma.pk, "prime", True)]
        with pytest.raises(ChangeNotOpen) as caught:
            redraft(opened, merge(*anna_and_ben), actor=ACTOR)
        assert caught.value.facts == {"change": first.pk, "status": "awaiting_consent", "needed": ["draft"]}

    def test_what_was_left_open_before_is_not_kept(self, moores, katrin_and_john):
        first = draft(Proposal("merge", moores.pk, policy="equal"), actor=ACTOR)
        change = redraft(first, split(katrin_and_john[0], katrin_and_john[1]), actor=ACTOR)
        assert (change.result_type, change.policy) == ("", "by_contribution")

    def test_a_draft_stays_in_its_program(self, anna_and_ben):
        emma, mia = pair(make_program("hotel"), "Emma Stone", "Mia Lee")
        change = draft(merge(*anna_and_ben), actor=ACTOR)
        with pytest.raises(ChangeRefused) as caught:
            redraft(change, merge(emma, mia), actor=ACTOR)
        assert caught.value.facts["rule"] == "one_program"

    def test_a_draft_is_proposed_once(self, anna_and_ben):
        change = draft(merge(*anna_and_ben), actor=ACTOR)
        with clock.frozen(NOON):
            opened = open_draft(change, actor=ACTOR)
        assert (opened.pk, opened.status, opened.proposed_at) == (change.pk, "awaiting_consent", NOON)
        with pytest.raises(ChangeNotOpen):
            open_draft(change, actor=ACTOR)
        assert Consent.objects.count() == 2

    def test_a_draft_that_no_longer_fits_is_refused_when_proposed(self, anna_and_ben):
        change = draft(merge(*anna_and_ben), actor=ACTOR)
        lifecycle.suspend(anna_and_ben[0], actor=ACTOR, reason="test")
        with pytest.raises(ChangeRefused):
            open_draft(change, actor=ACTOR)
        assert MembershipChange.objects.get().status == "draft"

    def test_a_draft_is_dropped_without_a_reason(self, anna_and_ben):
        change = withdraw(draft(merge(*anna_and_ben), actor=ACTOR), actor=ACTOR, reason="")
        assert change.status == "withdrawn"


class TestOneOpenChange:
    def test_a_membership_is_in_one_open_change_and_the_refusal_names_it(self, miles, katrin_and_john, anna_and_ben):
        (emma,) = pair(miles, "Emma Stone")
        katrin, john = katrin_and_john
        first = propose(merge(emma, katrin), actor=ACTOR)
        before = counted(*WRITTEN)
        for proposal in (split(john, john), merge(anna_and_ben[0], emma)):
            with pytest.raises(MembershipBusy) as caught:
                propose(proposal, actor=ACTOR)
            assert caught.value.status == 409
            assert caught.value.facts["change"] == first.pk
            assert f"change {first.pk} (merge, waiting for consent)" in caught.value.message
        assert counted(*WRITTEN) == before
        assert propose(merge(*anna_and_ben), actor=ACTOR).status == "awaiting_consent"

    def test_the_database_holds_it_too(self, miles, anna_and_ben):
        first = propose(merge(*anna_and_ben), actor=ACTOR)
        second = draft(merge(*anna_and_ben), actor=ACTOR)
        second.status = ChangeStatus.AWAITING_CONSENT
        second.save()
        with pytest.raises(IntegrityError, match="party_one_open_change"), transaction.atomic():
            ChangeParty.objects.create(change=second, program=miles, membership=first.prime, role="prime", is_open=True)

    @pytest.mark.parametrize("status", ["agreed", "awaiting_consent"])
    def test_an_overdue_one_lapses_on_the_spot(self, anna_and_ben, status):
        with clock.frozen(NOON):
            first = propose(merge(*anna_and_ben), actor=ACTOR)
            if status == "agreed":
                agree(first)
        with clock.frozen(NOON + timedelta(days=30) - timedelta(microseconds=1)), pytest.raises(MembershipBusy):
            propose(merge(*anna_and_ben), actor=ACTOR)
        with clock.frozen(NOON + timedelta(days=30)) as now:
            second = propose(merge(*anna_and_ben, "group"), actor=ACTOR)
        first.refresh_from_db()
        assert (first.status, first.ended_at, second.status) == ("lapsed", now, "awaiting_consent")
        assert [is_open for *_, is_open in parties_of(first)] == [False, False]
        assert last_event("change.lapsed")["subject"] == first.pk
        assert_audit_clean()

    def test_an_overdue_change_counts_as_lapsed_before_anybody_says_so(self, anna_and_ben):
        with clock.frozen(NOON):
            change = propose(merge(*anna_and_ben), actor=ACTOR)
        deadline = NOON + timedelta(days=30)
        assert status_at(change, deadline - timedelta(microseconds=1)) == "awaiting_consent"
        assert status_at(change, deadline) == "lapsed"
        with clock.frozen(deadline):
            for verb in (lambda: refresh(change, actor=ACTOR), lambda: withdraw(change, actor=ACTOR, reason="late")):
                with pytest.raises(ChangeNotOpen) as caught:
                    verb()
                assert caught.value.facts["status"] == "lapsed"
        assert MembershipChange.objects.get().status == "awaiting_consent"


class TestWithdrawing:
    @pytest.mark.parametrize("status", ["awaiting_consent", "agreed"])
    def test_withdrawing_lets_the_memberships_go(self, anna_and_ben, status):
        change = propose(merge(*anna_and_ben), actor=ACTOR)
        if status == "agreed":
            agree(change)
        with clock.frozen(clock.now()) as now:
            gone = withdraw(change, actor=ACTOR, reason="they changed their mind")
        assert (gone.status, gone.ended_at, gone.carried_out_at) == ("withdrawn", now, None)
        assert gone.history.first().history_change_reason == "they changed their mind"
        assert [is_open for *_, is_open in parties_of(change)] == [False, False]
        assert last_event("change.withdrawn") == {"subject": change.pk, "kind": "merge"}
        assert propose(merge(*anna_and_ben), actor=ACTOR).status == "awaiting_consent"
        with pytest.raises(ChangeNotOpen):
            withdraw(change, actor=ACTOR, reason="again")

    def test_what_people_were_asked_for_is_withdrawn_with_a_reason(self, anna_and_ben):
        change = propose(merge(*anna_and_ben), actor=ACTOR)
        with pytest.raises(ReasonMissing):
            withdraw(change, actor=ACTOR, reason=" ")
        assert MembershipChange.objects.get().status == "awaiting_consent"


class TestFreezing:
    def test_the_pool_is_frozen_until_the_deadline_and_thawed_when_it_is_decided(self, katrin_and_john):
        katrin, john = katrin_and_john
        with clock.frozen(NOON):
            change = propose(split(katrin, john, freezes=True), actor=ACTOR)
            assert frozen_until(katrin.pool_id) == NOON + timedelta(days=30)
            withdraw(change, actor=ACTOR, reason="test")
        assert frozen_until(katrin.pool_id) is None

    def test_nothing_is_frozen_unasked(self, katrin_and_john):
        propose(split(*katrin_and_john), actor=ACTOR)
        assert frozen_until(katrin_and_john[0].pool_id) is None


class TestRefreshing:
    def test_terms_that_did_not_change_leave_everything(self, anna_and_ben):
        change = agree(propose(merge(*anna_and_ben), actor=ACTOR))
        before = counted(*WRITTEN, Event)
        assert refresh(change, actor=ACTOR) is False
        assert counted(*WRITTEN, Event) == before
        assert MembershipChange.objects.get().status == "agreed"

    def test_changed_terms_make_given_consents_void_and_say_why(self, katrin_and_john):
        katrin, john = katrin_and_john
        with clock.frozen(NOON):
            change = propose(split(katrin, katrin), actor=ACTOR)
            give_consent(Consent.objects.get(change=change, customer=member_of(katrin)))
        old = change.digest
        lifecycle.suspend(john, actor=ACTOR, reason="test")
        with clock.frozen(NOON + timedelta(days=1)) as now:
            assert refresh(change, actor=ACTOR) is True
        assert (change.status, change.version) == ("awaiting_consent", 2)
        assert change.digest != old
        assert statuses_of(change) == {member_of(katrin): "void", member_of(john): "asked"}
        consent = Consent.objects.get(change=change, customer=member_of(katrin))
        assert (consent.digest, consent.decided_at, consent.method) == (old, now, "in_person")
        decisions = ConsentDecision.objects.filter(consent=consent).order_by("pk")
        assert list(decisions.values_list("decision", "digest", "decided_at")) == [
            ("given", old, NOON), ("void", old, now),
        ]  # fmt: skip
        assert last_event("change.terms_changed") == {
            "subject": change.pk,
            "change": change.pk,
            "changed": ["memberships.status"],
            "void": [member_of(katrin)],
            "digest": change.digest,
        }

    def test_an_agreed_change_waits_again(self, katrin_and_john):
        change = agree(propose(split(*katrin_and_john), actor=ACTOR))
        lifecycle.suspend(katrin_and_john[1], actor=ACTOR, reason="test")
        assert refresh(change, actor=ACTOR) is True
        assert change.status == "awaiting_consent"
        assert set(statuses_of(change).values()) == {"void"}
        assert_audit_clean()

    def test_who_came_to_be_affected_is_asked_too(self, miles, katrin_and_john):
        card = anonymous(miles)
        katrin, john = katrin_and_john
        change = propose(Proposal("absorb", katrin.pk, card.pk), actor=ACTOR)
        assert statuses_of(change) == {member_of(katrin): "asked"}
        owe(card, 40)
        assert refresh(change, actor=ACTOR) is True
        assert statuses_of(change) == {member_of(katrin): "asked", member_of(john): "asked"}
        earn(card, 40)
        assert refresh(change, actor=ACTOR) is True
        assert change.terms["asked"] == [member_of(katrin)]

    def test_consents_may_be_asked_for_again_in_a_locked_program(self, miles, katrin_and_john):
        change = propose(split(*katrin_and_john), actor=ACTOR)
        change_program(miles, status=ProgramStatus.LOCKED, undo_window_days=1)
        assert refresh(change, actor=ACTOR) is True

    def test_what_can_not_be_any_more_is_refused_and_left_as_it_is(self, anna_and_ben):
        change = agree(propose(merge(*anna_and_ben), actor=ACTOR))
        lifecycle.suspend(anna_and_ben[0], actor=ACTOR, reason="test")
        with pytest.raises(ChangeRefused) as caught:
            refresh(change, actor=ACTOR)
        assert caught.value.facts["rule"] == "not_active"
        assert set(statuses_of(change).values()) == {"given"}
        assert MembershipChange.objects.get().status == "agreed"

    @pytest.mark.parametrize("status", ["draft", "withdrawn"])
    def test_only_an_open_change_is_read_again(self, anna_and_ben, status):
        change = draft(merge(*anna_and_ben), actor=ACTOR)
        if status == "withdrawn":
            change = withdraw(change, actor=ACTOR, reason="test")
        with pytest.raises(ChangeNotOpen):
            refresh(change, actor=ACTOR)


class TestProposingAnew:
    def refused(self, change: MembershipChange) -> MembershipChange:
        change.status, change.ended_at = ChangeStatus.REFUSED, clock.now()
        change.save()
        return change

    def test_a_refused_change_is_proposed_anew(self, katrin_and_john):
        katrin, john = katrin_and_john
        former = self.refused(propose(split(katrin, katrin), actor=ACTOR))
        change = propose(split(john, katrin, policy="equal"), actor=ACTOR, replaces=former)
        assert (change.replaces_id, change.status) == (former.pk, "awaiting_consent")
        assert last_event("change.proposed")["replaces"] == former.pk

    def test_so_is_a_lapsed_one_told_so_or_not(self, katrin_and_john):
        with clock.frozen(NOON):
            former = propose(split(*katrin_and_john), actor=ACTOR)
        with clock.frozen(NOON + timedelta(days=30)):
            change = propose(split(*katrin_and_john), actor=ACTOR, replaces=former)
        former.refresh_from_db()
        assert (former.status, change.replaces_id) == ("lapsed", former.pk)

    def test_what_was_withdrawn_is_not_replaced(self, katrin_and_john):
        former = withdraw(propose(split(*katrin_and_john), actor=ACTOR), actor=ACTOR, reason="test")
        with pytest.raises(ChangeRefused) as caught:
            propose(split(*katrin_and_john), actor=ACTOR, replaces=former)
        assert caught.value.facts == {"rule": "replaces", "change": former.pk, "status": "withdrawn"}
        assert MembershipChange.objects.count() == 1

    def test_another_kind_or_other_memberships_replace_nothing(self, miles, katrin_and_john, moores):
        katrin, _ = katrin_and_john
        former = self.refused(propose(split(katrin, katrin), actor=ACTOR))
        for proposal in (
            Proposal("merge", katrin.pk, result_type="group", main_id=member_of(katrin)),
            Proposal("split", moores.pk, leaver_id=people_of(moores)[1]),
        ):
            with pytest.raises(ChangeRefused) as caught:
                propose(proposal, actor=ACTOR, replaces=former)
            assert caught.value.facts == {"rule": "replaces", "change": former.pk}
        connection.check_constraints()
