"""What a task page is made of: its words, its form, its subject, its verb. common.desk.tasks does the rest."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy

from common.api.dry_run import rehearse
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.pages import DeskPage
from common.desk.refusing import told
from common.errors import LoyaltyError

# How long a preview waits for what somebody else is changing.
PATIENCE = "2s"


class Task(DeskPage):
    """What a subclass says and does; each hook has a default where most tasks need none."""

    template = "desk/tasks/task.html"
    title: ClassVar[Any]
    # What it does, in plain words.
    what: ClassVar[Any]
    confirm: ClassVar[Any] = gettext_lazy("Confirm")
    form_class: ClassVar[type[forms.Form]]
    form_template: ClassVar[str] = "desk/tasks/form.html"
    # What one looks at before filling in the form; empty: nothing.
    about_template: ClassVar[str] = ""
    # Nothing takes it back: the button says so by its color.
    for_ever: ClassVar[bool] = False
    # Many short fields: two or three in a row where there is room.
    dense: ClassVar[bool] = False

    # Set by `load`.
    program: Any = None
    subject: str = ""

    def load(self, **kwargs: Any) -> None:
        """Find what the task is about; Http404 for what is foreign or missing, PermissionDenied without the right."""
        raise NotImplementedError

    def obstacles(self) -> Sequence[str]:
        """What stands in the way, each a sentence with cause and cure; empty where the task may be done now."""
        return ()

    def refusals(self, func: Callable[[], object]) -> list[str]:
        """For `obstacles`, where the verb is its own predicate: what it says when it is tried and undone again."""
        try:
            undone(lambda: {"done": bool(func())})
        except (LoyaltyError, DatabaseError) as error:
            return [told(error).message]
        return []

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        """Call the verb with the form's values."""
        raise NotImplementedError

    def figures(self) -> Sequence[Figure]:
        """How the subject stands now, read anew; no personal value, for receipts keep it."""
        return ()

    def shown_figures(self) -> Sequence[Figure]:
        """What the preview shows: by default what the receipt keeps."""
        return self.figures()

    def customers(self) -> Iterable[int]:
        """Whose erasure blanks the receipt."""
        return ()

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        """Where to go from the receipt: what takes it back, what comes next. The subject may be gone by now."""
        return ()

    def exits(self) -> Sequence[Way]:
        """Where to go instead of filling in the form."""
        return ()

    def context(self) -> dict[str, Any]:
        """What a template of the subclass needs beside the rest."""
        return {}

    def initial(self) -> dict[str, Any]:
        """Defaults, overridden by what the address gives; a link may fill in a form."""
        return {}

    def make_form(self, data: Any = None) -> Any:
        asked = {name: self.request.GET[name] for name in self.form_class.base_fields if name in self.request.GET}
        return self.form_class(data, initial=self.initial() | asked, **self.form_options())

    def form_options(self) -> dict[str, Any]:
        return {}


def undone(func: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `func` answers, and nothing else of it: carried out with little patience for locks, and undone."""

    def tried() -> tuple[int, dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        return 200, func()

    found: dict[str, Any] = rehearse(tried)[1]
    return found
