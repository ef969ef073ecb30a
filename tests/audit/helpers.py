"""For all other tests: the data they leave behind is sound."""

from collections.abc import Collection

from loyalty_site.auditing import audit


def assert_audit_clean(*, only: Collection[str] = (), without: Collection[str] = ()) -> None:
    """No invariant is broken; tests of lower apps leave out those that ask for what they did not make."""
    findings = [f"{one.invariant.id} {one.row}: {one.detail}" for one in audit(only=only, without=without)]
    assert not findings, "\n".join([f"{len(findings)} rows break an invariant:", *findings])
