"""Why a rule can't be kept, and why one could not be applied."""

from typing import Any

from activities.errors import ActivityError
from common.errors import Conflict, FieldError


class RuleRefused(ActivityError):
    """Refused when it is saved. `errors` holds every mistake; `facts["at"]` the character of those in expressions,
    by pointer."""

    code = "rule_refused"
    title = "The rule can't be kept as it is written"

    def __init__(self, mistakes: list[FieldError], *, at: dict[str, int] | None = None) -> None:
        several = f" ({len(mistakes)} mistakes)" if len(mistakes) > 1 else ""
        message = f"{mistakes[0]['detail']}{several}" if mistakes else ""
        super().__init__(message, facts={"at": at or {}}, errors=mistakes)


class RuleWrongStatus(Conflict):
    code = "rule_wrong_status"
    title = "The rule is in another status"


class RuleUnchanged(Conflict):
    code = "rule_unchanged"
    title = "The rule says what is in force already"


class RuleFailed(ActivityError):
    """A rule could not be applied to one activity, which waits as failed. `why` is a stable code."""

    code = "rule_failed"
    title = "A rule could not be applied"

    def __init__(self, why: str, detail: str, *, rule: str = "", version: int | None = None) -> None:
        super().__init__(detail, facts={"rule": rule, "version": version})
        self.why = why
        self.rule = rule
        self.version = version

    def of(self, rule: str, version: int) -> "RuleFailed":
        """The same failure, saying whose it is."""
        return self if self.rule else RuleFailed(self.why, self.message, rule=rule, version=version)

    def problem(self) -> dict[str, Any]:
        """As it is kept on the activity."""
        return {"code": self.why, "detail": self.message, "rule": self.rule, "version": self.version}
