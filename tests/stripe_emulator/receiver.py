"""A web server that takes webhooks and remembers them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe

from tests.waiting import PATIENCE

SECRET = "whsec_of_the_tests"


class Receiver:
    """Takes webhooks; `responses` are the next status codes, then 200. It answers while it is `free`."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.responses: list[int] = []
        self.url = ""
        self.free = threading.Event()
        self.free.set()
        self._arrived = threading.Condition()

    def take(self, body: bytes, signature: str) -> int:
        with self._arrived:
            self.bodies.append(body)
            self.signatures.append(signature)
            self._arrived.notify_all()
            return self.responses.pop(0) if self.responses else 200

    def wait_for(self, count: int) -> None:
        """Return once this many webhooks have arrived; fail when they do not."""
        deadline = time.monotonic() + PATIENCE
        with self._arrived:
            while len(self.bodies) < count:
                assert self._arrived.wait(deadline - time.monotonic()), f"{len(self.bodies)} of {count} arrived"

    def events(self, secret: str = SECRET) -> list[Any]:
        """Return the events as Stripe's client reads them, with their signatures verified."""
        pairs = zip(self.bodies, self.signatures, strict=True)
        return [stripe.Webhook.construct_event(body, signature, secret) for body, signature in pairs]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.free.wait(PATIENCE)
            self.send_response(receiver.take(body, self.headers["Stripe-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
