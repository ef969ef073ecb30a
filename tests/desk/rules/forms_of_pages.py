"""What a browser sends of the form of a page, as it is filled in."""

from html.parser import HTMLParser
from typing import Any

Attributes = list[tuple[str, str | None]]


class FilledIn(HTMLParser):
    """`values` of all fields of the page's last form: of boxes those ticked, of a select the one chosen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._select: str | None = None
        self._first: str | None = None
        self._text: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = dict(attrs)
        if tag == "form":
            self.values = {}
        name = given.get("name") or ""
        if tag == "input" and name:
            kind = given.get("type")
            if kind not in ("checkbox", "radio") or "checked" in given:
                self.values.setdefault(name, []).append(given.get("value") or ("on" if kind == "checkbox" else ""))
        if tag == "select":
            self._select, self._first = name, None
        if tag == "option" and self._select is not None:
            value = given.get("value") or ""
            self._first = value if self._first is None else self._first
            if "selected" in given:
                self.values.setdefault(self._select, []).append(value)
        if tag == "textarea":
            self._text = name
            self.values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select is not None:
            if self._select not in self.values and self._first is not None:
                self.values[self._select] = [self._first]
            self._select = None
        if tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.values[self._text][0] += data.removeprefix("\r\n").removeprefix("\n")


def filled_in(response: Any, **changed: Any) -> dict[str, Any]:
    """Fields as they stand in the page; `changed` ones with __ for the hyphen of their names."""
    values: dict[str, Any] = FilledIn(response.content.decode()).values
    return values | {name.replace("__", "-"): value for name, value in changed.items()}
