"""Staff at work on task pages, by the test client: open, preview, confirm, as often as one likes."""

from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.test import Client

from points.models import Lot, PointAccount
from programs.models import Program
from staff.models import StaffRight, User
from tests.rows import counts


class Desk:
    """A member of staff with one role, in one program or in all."""

    def __init__(self, name: str, role: str, *programs: Program) -> None:
        self.user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
        for program in programs or (None,):
            StaffRight.objects.get_or_create(user=self.user, role=role, program=program)
        self.client = Client()
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")

    def opens(self, path: str, state: str = "form") -> Any:
        """The page, in the state one expects."""
        page = self.client.get(f"/desk/{path}")
        assert page.status_code == 200, page.content
        assert page.context["state"] == state, said(page)
        return page

    def previews(self, path: str, *, key: str = "", **fields: Any) -> Any:
        """The answer to the form filled in; a new form unless a key is given."""
        key = key or self.opens(path).context["key"]
        return self.client.post(f"/desk/{path}", {**fields, "key": key, "step": "preview"})

    def confirms(self, preview: Any) -> Any:
        """The click on the preview's button."""
        assert preview.status_code == 200, said(preview)
        assert preview.context["state"] == "preview", said(preview)
        return self.client.post(preview.wsgi_request.path, confirmation(preview))

    def does(self, path: str, **fields: Any) -> Any:
        """The receipt, after the whole way."""
        return self.receipt(self.confirms(self.previews(path, **fields)))

    def receipt(self, done: Any) -> Any:
        assert done.status_code == 302, said(done)
        page = self.client.get(done["Location"])
        assert page.status_code == 200, page.content
        return page


def confirmation(preview: Any) -> dict[str, Any]:
    """What the button of a preview sends."""
    given: dict[str, Any] = {}
    for name, value in preview.context["carried"]:
        given.setdefault(name, []).append(value)
    return given | {"key": preview.context["key"], "seen": preview.context["seen"], "step": "confirm"}


def said(page: Any) -> list[str]:
    """What stands on the page: obstacles, the refusal, the faults, or what happens."""
    context = page.context or {}
    error, form = context.get("error"), context.get("form")
    faults = [f"{name}: {text}" for name, texts in form.errors.items() for text in texts] if form else []
    kept = context.get("kept") or {}
    return [
        *(context.get("obstacles") or ()),
        *([error.message] if error else []),
        *faults,
        *(str(one) for one in (context.get("says") or kept.get("says") or ())),
    ]


def changed(page: Any) -> dict[str, tuple[Any, Any]]:
    """The lines of before and after that differ."""
    return {one.label: (one.before, one.after) for one in page.context["changes"]["changed"]}


def ways(page: Any) -> dict[str, str]:
    return {str(way.label): way.url for way in page.context["ways"]}


def everything() -> dict[str, Any]:
    """How many rows every table has, and what stands on accounts and lots."""
    rows = counts(model for model in apps.get_models() if model is not Session)
    accounts = list(PointAccount.objects.order_by("pk").values_list("pk", "balance", "debt", "entry_count"))
    lots = list(Lot.objects.order_by("pk").values_list("pk", "remaining", "expires_at"))
    return {**rows, "accounts": accounts, "lots": lots}
