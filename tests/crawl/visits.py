"""The visits of a crawl: every page, every caller, GET and POST, and what each of them is to be answered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import URLResolver, get_resolver, reverse

from tests.crawl.back_office import BACK_OFFICE, EXTRA, OPEN, Rows
from tests.crawl.pages import ANYBODY, DESK, FINE, PUBLIC, Page
from tests.crawl.world import Caller, World

# Keyed by the form, so that the task pages take a POST for one that was meant.
FORM = {"key": "0" * 32, "step": "confirm", "seen": ""}
OF_MODELS = ("changelist", "add", "change", "delete", "history", "simple_history", "do")
LOOKS = FINE - {400, 409, 422}


@dataclass(frozen=True)
class Visit:
    """One request; `scoped`: what it is about belongs to the program of `side`."""

    path: str
    method: str
    side: str
    # An action, ANYBODY, or None for what nobody may.
    needs: str | None
    scoped: bool
    fine: frozenset[int]
    in_all: bool = False
    sends: dict[str, Any] = field(default_factory=dict)

    def expected(self, caller: Caller) -> frozenset[int]:
        if caller.name == "anonymous":
            return frozenset({302})
        if self.needs == ANYBODY:
            return self.fine
        if self.needs is None or not caller.may_somewhere(self.needs):
            return frozenset({403, 404})
        if self.in_all and not caller.may(self.needs, "all"):
            return frozenset({403})
        if not self.scoped:
            return self.fine
        if caller.may(self.needs, self.side):
            return self.fine
        # A page that takes no such method may say so before it looks for what was named.
        refusals = {404, 403} if caller.sees(self.side) else {404}
        return frozenset(refusals | (self.fine & {405}))

    def refused(self, caller: Caller) -> bool:
        return caller.name == "anonymous" or not self.expected(caller) & LOOKS

    def send(self, caller: Caller) -> Any:
        caller.client.raise_request_exception = False
        ask = getattr(caller.client, self.method.lower())
        return ask(self.path, self.sends) if self.method == "POST" else ask(self.path)


def names(prefix: str) -> set[str]:
    """Of every page below the prefix."""
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLResolver) and str(pattern.pattern) == prefix:
            return {one.name for one in _patterns(pattern) if one.name}
    raise AssertionError(f"Nothing is mounted at {prefix}")


def _patterns(resolver: URLResolver) -> Iterator[Any]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one)
        else:
            yield one


def missing_desk_rows() -> set[str]:
    return names("desk/") - set(DESK)


def missing_public_rows() -> set[str]:
    """Names of pages outside of the three that are guarded as a whole."""
    guarded = ("desk/", "admin/", "api/")
    roots = [one for one in get_resolver().url_patterns if str(one.pattern) not in guarded]
    inside = {one.name for root in roots if isinstance(root, URLResolver) for one in _patterns(root)}
    return (inside | {one.name for one in roots if not isinstance(one, URLResolver)}) - set(PUBLIC)


def missing_admin_rows() -> set[str]:
    """Models without a row, and pages that are neither Django's own nor EXTRA."""
    models = {model._meta.label_lower for model in admin.site._registry}
    known = {f"{label.replace('.', '_')}_{kind}" for label in models for kind in OF_MODELS}
    return (models - set(BACK_OFFICE)) | (names("admin/") - known - set(EXTRA) - OPEN)


def desk_visits(world: World) -> Iterator[Visit]:
    for name in sorted(names("desk/") & set(DESK)):
        page = DESK[name]
        yield from _page_visits(f"desk:{name}", page, world)


def admin_visits(world: World) -> Iterator[Visit]:
    for name, page in EXTRA.items():
        yield from _page_visits(f"admin:{name}", page, world)
    for label, rows in registered():
        yield from _list_visits(label, rows)
        for side in ("ours", "theirs")[: 2 if rows.program else 1]:
            yield from _row_visits(label, rows, side, world)


def _page_visits(name: str, page: Page, world: World) -> Iterator[Visit]:
    both = not page.everywhere
    for where, side in (("ours", world.ours), ("theirs", world.theirs))[: 2 if both else 1]:
        path = reverse(name, args=[side.ids[one] for one in page.named])
        visit = partial(Visit, side=where, needs=page.needs, scoped=not page.everywhere)
        path += f"?{page.query.format(**side.ids)}" if page.query else ""
        yield visit(path=path, method="GET", fine=page.get)
        yield visit(path=path, method="POST", fine=page.post, sends=FORM | page.sends)


def _list_visits(label: str, rows: Rows) -> Iterator[Visit]:
    at = partial(reverse, f"admin:{label.replace('.', '_')}_changelist")
    visit = partial(Visit, side="ours", scoped=False)
    yield visit(path=at(), method="GET", needs=rows.sees, fine=LOOKS)
    adds = rows.writes if rows.adds else None
    new = reverse(f"admin:{label.replace('.', '_')}_add")
    yield visit(path=new, method="GET", needs=adds, fine=LOOKS, in_all=rows.adds_in_all)
    yield visit(path=new, method="POST", needs=adds, fine=FINE, in_all=rows.adds_in_all)


def _row_visits(label: str, rows: Rows, side: str, world: World) -> Iterator[Visit]:
    row: Any = world.row(label, rows, getattr(world, side))
    if row is None:
        raise AssertionError(f"tests/crawl/world.py holds no {label} in the program of {side}: make one there.")
    name = f"admin:{label.replace('.', '_')}"
    scoped = rows.program is not None
    visit = partial(Visit, side=side, scoped=scoped)
    changes = None if rows.fixed else rows.writes
    deletes = rows.writes if rows.deletes else None
    for kind, method, needs in (
        ("change", "GET", rows.sees),
        ("change", "POST", changes),
        ("delete", "GET", deletes),
        ("delete", "POST", deletes),
        ("history", "GET", rows.sees),
    ):
        path = reverse(f"{name}_{kind}", args=[row.pk])
        yield visit(path=path, method=method, needs=needs, fine=FINE, sends={"post": "yes"} if kind == "delete" else {})
    for verb in getattr(admin.site.get_model_admin(apps.get_model(label)), "verbs", {}):
        path = reverse(f"{name}_do", args=[row.pk, verb])
        yield visit(path=path, method="GET", needs=changes, fine=FINE)
        yield visit(path=path, method="POST", needs=changes, fine=FINE, sends={"reason": "because"})
    if hasattr(row, "history"):
        version = row.history.latest("history_id").history_id
        path = reverse(f"{name}_simple_history", args=[row.pk, version])
        yield visit(path=path, method="GET", needs=rows.sees, fine=LOOKS)
        yield visit(path=path, method="POST", needs=None, fine=LOOKS)


def registered() -> list[tuple[str, Rows]]:
    known = {model._meta.label_lower for model in admin.site._registry}
    return [(label, rows) for label, rows in BACK_OFFICE.items() if label in known]


def action_visits(world: World) -> Iterator[tuple[str, Visit]]:
    """Every action of every list, sent for a row of ours: (label, visit)."""
    for label, rows in registered():
        model_admin = admin.site.get_model_admin(apps.get_model(label))
        row = world.row(label, rows, world.ours)
        for action in _actions(model_admin):
            sends = {"action": action, "_selected_action": [str(row.pk) if row else "0"], "index": "0"}
            path = reverse(f"admin:{label.replace('.', '_')}_changelist")
            yield label, Visit(path, "POST", "ours", rows.sees, False, FINE, sends=sends)


def _actions(model_admin: Any) -> list[str]:
    return [name for _, name, _ in model_admin._get_base_actions()]
