"""What a verb refused, told on a form: each fault at its field, the rest above it."""

from django import forms

from common.api.problems import problem_of
from common.errors import LoyaltyError


class Refused(LoyaltyError):
    """A refusal of the database or a framework, as one of ours."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status  # type: ignore[misc]  # of this one error


def told(error: Exception) -> LoyaltyError:
    """The error as a refusal a person understands; what nobody can help is raised on."""
    if isinstance(error, LoyaltyError):
        return error
    problem = problem_of(error)
    if problem is None:
        raise error
    return Refused(problem.detail, code=problem.code, status=problem.status)


def with_faults(form: forms.Form, error: LoyaltyError) -> forms.Form:
    """The form with the faults the verb found. A form may map pointers of the verb to fields in POINTERS."""
    form.is_valid()
    pointers = getattr(form, "POINTERS", {})
    for fault in error.errors:
        name = pointers.get(fault["pointer"]) or fault["pointer"].rpartition("/")[2]
        form.add_error(name if name in form.fields else None, fault["detail"])
    return form
