"""The benchmark of organizations at a tiny size."""

import pytest

from bench import organizations
from bench.world import Sizes
from memberships.models import InheritedAgreement


@pytest.mark.django_db(transaction=True)
def test_enrolments_are_held_against_plain_ones_and_employees_come_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENROLMENTS": 2, "SHARING": 3, "EMPLOYEES": 4}.items():
        monkeypatch.setattr(organizations, name, value)
    figures = {one.what: one for one in organizations.organizations(Sizes(rounds=1))}
    assert [one.goal for what, one in figures.items() if what.endswith("/ plain")] == [1.5, 1.5]
    assert figures["4 employees from CSV"].value > 0
    assert InheritedAgreement.objects.count() == 3 + 2 + 2 + 4
