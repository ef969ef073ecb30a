"""`migrate` collects garbage seldom, and afterwards as before."""

import gc

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate

from loyalty_site.management.commands.migrate import SELDOM


@pytest.mark.django_db
@pytest.mark.parametrize("fails", [False, True])
def test_garbage_is_collected_seldom_only_while_migrating(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    seen = []

    def handle(*_: object, **__: object) -> None:
        seen.append(gc.get_threshold()[0])
        if fails:
            raise RuntimeError

    monkeypatch.setattr(migrate.Command, "handle", handle)
    before = gc.get_threshold()
    if fails:
        with pytest.raises(RuntimeError):
            call_command("migrate", skip_checks=True)
    else:
        call_command("migrate", skip_checks=True)
    assert (seen, gc.get_threshold()) == ([SELDOM], before)
