"""A real HTTP server that takes webhooks, or does not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Receiver:
    """`answers` are taken one by one, then 204: a status, "silent" (no answer until the end) or "drip" (a byte now and
    then)."""

    url: str = ""
    answers: list[int | str] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    def verified(self, secret: str) -> list[Any]:
        """What came, each signature checked by the library a receiver would use."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with receiver.lock:
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = receiver.answers.pop(0) if receiver.answers else 204
        if answer == "silent":
            receiver.over.wait(20)
        elif answer == "drip":
            self._drip(receiver)
        elif isinstance(answer, int):
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _drip(self, receiver: Receiver) -> None:
        for byte in b"HTTP/1.1 204 No Content\r\n" + b"X-Slow: yes\r\n" * 100:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            if receiver.over.wait(0.05):
                return

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def receiving(*answers: int | str) -> Iterator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}", list(answers))
    server.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
