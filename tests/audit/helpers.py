"""For all other tests: the data they leave behind is sound."""

import re
from collections.abc import Collection
from functools import cache
from unittest.mock import patch

from django.apps import apps

from common import clock
from common.audit import Invariant, Scope
from loyalty_site import audit_history
from loyalty_site.auditing import SOURCES, audit, chosen
from tests.rows import filled


def assert_audit_clean(*, only: Collection[str] = (), without: Collection[str] = ()) -> None:
    """No invariant is broken; tests of lower apps leave out those that ask for what they did not make.

    Hundreds of tests ask, most of them with few filled tables: what reads only empty ones is not asked
    (tests/audit/test_invariants.py asks everything).
    """
    full = filled(tables())
    asked = {one.id for one in chosen(only, without) if one.find is not None or tables_of(one) & full}
    audited = [one for one in audit_history.audited_models() if tables_of_model(one) & full]
    with patch.object(audit_history, "audited_models", lambda: audited):
        found = audit(only=asked) if asked else []
    findings = [f"{one.invariant.id} {one.row}: {one.detail}" for one in found]
    assert not findings, "\n".join([f"{len(findings)} rows break an invariant:", *findings])


@cache
def tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in apps.get_models(include_auto_created=True))


def tables_of_model(model: type[audit_history.AuditedModel]) -> set[str]:
    return {model._meta.db_table, model.history.model._meta.db_table}


@cache
def tables_of(invariant: Invariant) -> frozenset[str]:
    """What its query reads; all tables where it names none of ours."""
    statement = invariant.statement(Scope(clock.now()), SOURCES)
    return frozenset(re.findall(r"\w+", statement)) & tables() or tables()
