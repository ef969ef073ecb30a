"""How far it is to the next rung, and what it takes to keep the present one (domain 1.7)."""

from datetime import UTC, datetime

import pytest

from common import clock
from customers.models import Customer
from memberships.benefits import benefits_of, has_benefit
from memberships.enrolment import enrol
from memberships.models import Membership
from memberships.progress import Progress, keeping_in_words, next_in_words, progress_of
from memberships.standings import set_standing
from programs.design import design_of
from programs.models import Benefit, FedBy, Program, Tier, TierGroup, TierPeriod
from tests.factories import ACTOR, make_program, member_of
from tests.memberships.tiers import earn_status, make_airline, member_since
from tests.memberships.tracked import give_elsewhere
from tests.organizations import tier_called

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def one(membership: Membership, *, at: datetime = JUNE) -> Progress:
    (found,) = progress_of(membership, design=design_of(membership.program_id, fresh=True), at=at)
    return found


def words(membership: Membership, *, at: datetime = JUNE) -> tuple[str, str]:
    found, design = one(membership, at=at), design_of(membership.program_id)
    return next_in_words(found, design), keeping_in_words(found, design)


def joined(program: Program, points: int) -> Membership:
    with clock.frozen(JUNE):
        membership = member_since(program, JUNE)
        if points:
            earn_status(membership, points)
    return membership


@pytest.mark.django_db
class TestProgress:
    def test_points_that_are_lacking_and_the_last_day_of_the_year(self) -> None:
        michael = joined(make_airline(), 680)
        assert words(michael) == ("320 Tier Miles to Gold until 31 Dec 2026", "")
        found = one(michael)
        assert (found.figure, found.lacking, found.percent) == (680, 320, 68)

    def test_who_has_climbed_reads_what_keeps_the_rung_too(self) -> None:
        michael = joined(make_airline(), 1_020)
        assert words(michael) == (
            "3,980 Tier Miles to Diamond until 31 Dec 2026",
            "Gold is kept beyond 31 Dec 2026",
        )
        assert words(michael, at=datetime(2027, 2, 1, tzinfo=UTC)) == (
            "5,000 Tier Miles to Diamond until 31 Dec 2027",
            "1,000 Tier Miles to keep Gold beyond 31 Dec 2027",
        )

    def test_on_the_highest_rung_there_is_none_above(self) -> None:
        assert words(joined(make_airline(), 5_000))[0] == "There is no higher rung."

    def test_what_is_kept_by_hand_takes_nothing(self) -> None:
        air = make_airline()
        michael = joined(air, 0)
        with clock.frozen(JUNE):
            far = datetime(2028, 1, 1, tzinfo=UTC)
            set_standing(michael, tier=tier_called(air, "gold"), reason="VIP", until=far, actor=ACTOR)
        assert one(michael).to_keep is None

    @pytest.mark.parametrize("period", [TierPeriod.ROLLING_MONTHS, TierPeriod.LIFETIME])
    def test_a_period_without_a_last_day_names_none(self, period: TierPeriod) -> None:
        months = 6 if period == TierPeriod.ROLLING_MONTHS else None
        michael = joined(make_airline(period=period, period_months=months), 999)
        assert words(michael) == ("1 Tier Miles to Gold", "")

    def test_by_rules_alone_nothing_is_lacking(self) -> None:
        air = make_airline()
        group = TierGroup.objects.get(program=air)
        group.fed_by, group.point_type = FedBy.RULES, None
        group.save()
        assert words(joined(air, 0)) == ("Rules alone decide about it.", "")


@pytest.mark.django_db
class TestReciprocal:
    def test_a_tier_elsewhere_gives_a_benefit_here_while_both_memberships_last(self) -> None:
        air, hotel = make_airline(), make_program("hotel")
        suite = Benefit.objects.create(program=hotel, code="suite", name="Suite")
        give_elsewhere(suite, Tier.objects.get(group__program=air, code="gold"))
        michael = joined(air, 999)
        guest = enrol(Customer.objects.get(pk=member_of(michael)), program=hotel, actor=ACTOR, at=JUNE)
        with clock.frozen(JUNE):
            assert benefits_of(guest, at=JUNE) == []
            earn_status(michael, 1)
            (held,) = benefits_of(guest, at=JUNE)
            assert (held.benefit.code, held.source, held.customer_id) == ("suite", "reciprocal", member_of(michael))
            member = guest.members.get()
            assert has_benefit(guest, "suite", at=JUNE, member=member)
        michael.refresh_from_db()
        michael.status, michael.ended_at, michael.end_reason = "expired", JUNE, "terminated"
        michael.save()
        assert benefits_of(guest, at=JUNE) == []
