"""Staff at a change: read its page, fill in one of its forms as the browser would, press the button."""

from html.parser import HTMLParser
from typing import Any

from django.urls import reverse

from customers.models import Message, MessagePurpose
from memberships.models import MembershipChange
from tests.desk.visitor import Reader, Visitor


class Forms(HTMLParser):
    """Every form of a page: its address and what it would send untouched, as (action, {name: value})."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: dict[str, str] | None = None
        self.select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = {}
            self.found.append((given.get("action", ""), self.open))
        if self.open is None:
            return
        if tag == "input" and given.get("name") and self._counts(given):
            ticked = "on" if given.get("type") == "checkbox" else ""
            self.open[given["name"]] = given.get("value", ticked)
        if tag == "select":
            self.select = given.get("name", "")
        if tag == "option" and "selected" in given:
            self.open[self.select] = given.get("value", "")
        if tag == "textarea":
            self.open[given.get("name", "")] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None

    def _counts(self, given: dict[str, str]) -> bool:
        return given.get("type") not in ("radio", "checkbox", "file") or "checked" in given


class Press:
    """One page as it was loaded; pressing its buttons later sends what it showed then."""

    def __init__(self, visitor: Visitor, path: str) -> None:
        self.visitor, self.path = visitor, path
        response = visitor.client.get(path)
        assert response.status_code == 200, response.status_code
        self.html = response.content.decode()
        self.page = Reader(self.html)
        self.forms = Forms(self.html).found

    def sends(self, name: str, **fields: Any) -> Any:
        """The answer to the form that leads to the step of that name and holds these fields' fixed ones."""
        action, given = self.form(name, **{key: str(value) for key, value in fields.items() if key in FIXED})
        return self.visitor.client.post(action or self.path, {**given, **fields})

    def does(self, name: str, **fields: Any) -> Reader:
        """The page one is led to."""
        response = self.sends(name, **fields)
        assert response.status_code == 302, told(response)
        shown = self.visitor.client.get(response["Location"])
        assert shown.status_code == 200
        return Reader(shown.content.decode())

    def form(self, name: str, **fixed: str) -> tuple[str, dict[str, str]]:
        for action, given in self.forms:
            mine = not action if name == "" else action.endswith(f"/{name}")
            if mine and all(given.get(key) == value for key, value in fixed.items()):
                return action, given
        raise AssertionError(f"no form leads to {name} with {fixed}: {[action for action, _given in self.forms]}")

    def has(self, name: str, **fixed: Any) -> bool:
        try:
            self.form(name, **{key: str(value) for key, value in fixed.items()})
        except AssertionError:
            return False
        return True


FIXED = ("customer", "method", "decides")


def change_page(visitor: Visitor, change: MembershipChange) -> Press:
    return Press(visitor, reverse("desk:change", args=[change.pk]))


def told(response: Any) -> str:
    """What the page says, for a failure."""
    return Reader(response.content.decode()).text[:2000] if response.content else str(response.status_code)


def code_sent_to(customer_id: int) -> str:
    """The digits in the last code that was written to that customer."""
    message = Message.objects.filter(customer=customer_id, purpose=MessagePurpose.CODE).latest("pk")
    (code,) = [word.strip(".:,") for word in (message.body or "").split() if word.strip(".:,").isdigit()][:1]
    return code
