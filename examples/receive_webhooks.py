"""A receiver of webhooks in one file: checks the signature, knows repetitions, answers at once.

Run it behind your TLS server: WEBHOOK_SECRET=whsec_... python examples/receive_webhooks.py 8100
It needs the package standardwebhooks.
"""

import os
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

LARGEST = 1_000_000
Event = dict[str, Any]


class Receiver:
    """`take` gets every event once. In your system `seen` is a table, written in the transaction of what is done."""

    def __init__(self, secret: str, take: Callable[[Event], None]) -> None:
        self.webhook, self.take = Webhook(secret), take
        self.seen: set[str] = set()

    def receive(self, body: bytes, headers: dict[str, str]) -> int:
        """The status to answer with: 2xx is done, anything else makes the sender try again."""
        try:
            event = self.webhook.verify(body, headers)
        except WebhookVerificationError:
            return 401
        name = headers["webhook-id"]
        if name not in self.seen:
            self.take(event)
            self.seen.add(name)
        return 204


def handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            status = 413
            if length <= LARGEST:
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver.receive(self.rfile.read(length), headers)
            self.send_response(status)
            self.end_headers()

    return Handler


def show(event: Event) -> None:
    sys.stdout.write(f"{event['timestamp']} {event['type']} {event['data']['subject_id']}\n")


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8100
    own = Receiver(os.environ["WEBHOOK_SECRET"], show)
    ThreadingHTTPServer(("127.0.0.1", port), handler_of(own)).serve_forever()
