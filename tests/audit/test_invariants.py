"""Sound data breaks no invariant; every planted fault is reported by exactly the rules it breaks."""

from datetime import timedelta

from django.db import connection
from django.test import TestCase

from loyalty_site.auditing import INVARIANTS, NOT_YET, SOURCES, audit, chosen, run, scope_of
from points.keeping import keep_days

from . import (
    faults_batches,
    faults_changes,
    faults_consents,
    faults_memberships,
    faults_organizations,
    faults_people,
    faults_points,
    faults_registrations,
    faults_rewards,
    faults_rules,
    faults_sales,
    faults_tracked,
)
from .changes import open_changes
from .consents import add_changes
from .faults import FAULTS, Fault
from .helpers import assert_audit_clean
from .organizations import add_organizations
from .rewards import add_rewards
from .rules import add_rules
from .sales import add_sales
from .tracked import add_tracked
from .world import World, build

MODULES = (
    faults_batches,
    faults_changes,
    faults_consents,
    faults_memberships,
    faults_organizations,
    faults_people,
    faults_points,
    faults_registrations,
    faults_rewards,
    faults_rules,
    faults_sales,
    faults_tracked,
)
# Triggers of foreign keys and our own, which fire in every replication role; then whatever else refuses a row.
STRIP = """
DO $$ DECLARE r record; BEGIN
FOR r IN SELECT c.oid::regclass AS name FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER ALL', r.name);
END LOOP;
FOR r IN SELECT k.conrelid::regclass AS name, k.conname FROM pg_constraint k
    WHERE k.connamespace = current_schema()::regnamespace AND k.contype IN ('f', 'c', 'u', 'x')
    ORDER BY k.contype <> 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', r.name, r.conname);
END LOOP;
FOR r IN SELECT i.indexrelid::regclass AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE i.indisunique AND NOT i.indisprimary AND c.relkind = 'r'
        AND c.relnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('DROP INDEX %s', r.name);
END LOOP;
END $$
"""


class SoundWorld(TestCase):
    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        cls.world = build()
        add_changes(cls.world)
        add_organizations(cls.world)
        add_rewards(cls.world)
        add_rules(cls.world)
        add_sales(cls.world)
        add_tracked(cls.world)
        open_changes(cls.world)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_breaks_no_invariant(self) -> None:
        assert_audit_clean()

    def test_breaks_none_within_a_program_or_lately(self) -> None:
        assert audit(program_id=self.world.north.pk) == []
        assert audit(program_id=self.world.south.pk) == []
        assert audit(recent=timedelta(days=2.5)) == []

    def test_breaks_none_with_kept_figures(self) -> None:
        assert keep_days(self.world.north) > 40
        assert_audit_clean()
        assert audit(program_id=self.world.north.pk) == []

    def test_lately_means_the_accounts_of_postings_recorded_since(self) -> None:
        assert list(scope_of(recent=timedelta(days=1.85)).accounts) == [self.world.account("john", pool=True).pk]

    def test_the_quick_form_asks_the_whole_ledger(self) -> None:
        asked = {one.invariant.id for one in run(chosen(), recent=timedelta(minutes=5))}
        assert {"L01", "L02", "L03", "L04", "P02", "P03", "P04", "P05", "P11", "I07", "L13"} <= asked
        assert asked.isdisjoint({"M01", "K05", "H01", "A07", "D01", "D04", "T08", "I10", "I11"})


class SpoiledWorld(TestCase):
    """The database refuses nothing here, so that every fault can be planted."""

    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        cls.world = build()
        add_changes(cls.world)
        add_organizations(cls.world)
        add_rewards(cls.world)
        add_rules(cls.world)
        add_sales(cls.world)
        add_tracked(cls.world)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(STRIP)


def _test(one: Fault):  # noqa: ANN202
    def test(self: SpoiledWorld) -> None:
        one.plant(self.world)
        found = {finding.invariant.id for finding in audit()}
        assert found == one.ids, f"{sorted(found)} instead of {sorted(one.ids)}"

    return test


for _fault in FAULTS:
    setattr(SpoiledWorld, f"test_{_fault.name}", _test(_fault))


def test_every_invariant_has_a_fault_that_proves_it_alive() -> None:
    assert {invariant.id for invariant in INVARIANTS} == {id for fault in FAULTS for id in fault.ids}


def test_ids_and_short_names_are_given_once() -> None:
    ids = [invariant.id for invariant in INVARIANTS] + list(NOT_YET)
    assert len(ids) == len(set(ids))
    assert all(name == source.name for name, source in SOURCES.items())
