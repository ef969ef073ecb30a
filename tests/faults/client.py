"""Clients that never give up: each request is written down before it is sent, and sent until it is answered."""

import hashlib
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.site import Answer, Site

PASSING = {409, 429, 503}
PATIENCE = 90.0


@dataclass
class Journal:
    """What was asked, on disk; what was answered; and how the tries ended that got no final answer."""

    file: Path
    asked: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    answered: dict[str, Answer] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write_down(self, key: str, path: str, body: dict[str, Any]) -> None:
        with self.lock, self.file.open("a") as lines:
            lines.write(json.dumps([key, path, body]) + "\n")
            self.asked[key] = path, body

    def acknowledged(self) -> set[str]:
        return {key for key, answer in self.answered.items() if answer.status == 201}

    def digests(self) -> set[str]:
        """Of the acknowledged keys, as the ledger holds them."""
        return {hashlib.sha256(key.encode()).hexdigest()[:32] for key in self.acknowledged()}


def insist(site: Site, journal: Journal, key: str) -> None:
    """Send until there is a final answer."""
    path, body = journal.asked[key]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = site.post(path, body, key)
        except (OSError, http.client.HTTPException):
            journal.tries["no answer"] += 1
            time.sleep(0.02)
            continue
        if answer.status not in PASSING and answer.status < 500:
            journal.answered[key] = answer
            return
        journal.tries[f"{answer.status} {answer.headers.get('content-type')} {answer.body[:400]!r}"] += 1
        time.sleep(0.02)
    raise AssertionError(f"{key} has no answer after {PATIENCE} seconds: {journal.tries}")


def requests_of(name: str, memberships: list[int]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Key, path and body, without end."""
    chance, number = random.Random(name), 0
    while True:
        number += 1
        one, other = chance.sample(memberships, 2)
        verb = chance.choice(["earn", "earn", "redeem", "transfer"])
        body = {"points": chance.randint(1, 50)} | ({"to_membership": other} if verb == "transfer" else {})
        yield f"{name}-{number}", f"/api/memberships/{one}/{verb}-points", body


class Load:
    """`threads` clients at work until the end of the `with`, which waits for their last answers."""

    def __init__(self, site: Site, journal: Journal, threads: int = 6) -> None:
        self.site, self.journal = site, journal
        self.over = threading.Event()
        self.faults: list[BaseException] = []
        self.threads = [threading.Thread(target=self._work, args=(f"client-{n}",)) for n in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _work(self, name: str) -> None:
        try:
            for key, path, body in requests_of(name, self.site.world["memberships"]):
                if self.over.is_set():
                    return
                self.journal.write_down(key, path, body)
                insist(self.site, self.journal, key)
        except AssertionError as error:
            self.faults.append(error)
