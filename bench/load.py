"""A load generator in plain Python: processes with threads, each on one kept connection of the loopback."""

import json
import multiprocessing
import random
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.server import HOST

PROCESSES, THREADS = 2, 4
WARM_CALLS = 20
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Target:
    """What is asked: `path` with the membership's id for {}; every request has a new Idempotency-Key unless
    `keys` says how many are used again and again. `body`, if not that of earning, with <membership> and <reference>
    where they belong."""

    port: int
    token: str
    path: str
    first: int
    last: int
    keys: int = 0
    body: str = ""


def http_rate(target: Target, *, seconds: float) -> float:
    """Answers 201 a second; any other answer is an error."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        parts = pool.starmap(_process, [(target, seconds)] * PROCESSES)
    return sum(rate for part in parts for rate in part)


def _process(target: Target, seconds: float) -> Sequence[float]:
    start = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda _: _thread(target, start, seconds), range(THREADS)))


def _thread(target: Target, start: threading.Barrier, seconds: float) -> float:
    with socket.create_connection((HOST, target.port), timeout=30) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        requests = _requests(target)
        for _ in range(max(WARM_CALLS, target.keys)):
            _exchange(wire, next(requests))
        start.wait(timeout=60)
        began, calls = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            _exchange(wire, next(requests))
            calls += 1
        return calls / (time.perf_counter() - began)


def _requests(target: Target) -> Iterator[bytes]:
    if target.keys:
        known = [_request(target) for _ in range(target.keys)]
        while True:
            yield from known
    while True:
        yield _request(target)


def _request(target: Target) -> bytes:
    membership = random.randint(target.first, target.last)
    path, key = target.path.format(membership), secrets.token_hex(16)
    text = target.body.replace("<membership>", str(membership)).replace("<reference>", key)
    body = text.encode() or json.dumps({"points": 100, "reference": "bench"}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {target.token}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _exchange(wire: socket.socket, request: bytes) -> None:
    wire.sendall(request)
    received = wire.recv(65536)
    while END_OF_HEAD not in received:
        received += _more(wire, received)
    head, _, body = received.partition(END_OF_HEAD)
    if not head.startswith(b"HTTP/1.1 201"):
        raise RuntimeError(f"Refused: {received[:400]!r}")
    missing = _length(head) - len(body)
    while missing > 0:
        missing -= len(_more(wire, received))


def _more(wire: socket.socket, received: bytes) -> bytes:
    more = wire.recv(65536)
    if not more:
        raise RuntimeError(f"The server closed the connection after {received[:200]!r}")
    return more


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise RuntimeError(f"An answer without a length: {head!r}")
