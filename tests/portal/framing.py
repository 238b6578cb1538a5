"""Pages of our user's product around the portal: a server of another origin, whose page has a frame."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from billflow.dev.ports import LOOPBACK


@dataclass
class HostPages:
    """What the product's server answers: one page, in which a frame has the address that was set last."""

    origin: str = ""
    frame: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """The path and the `Referer` of each request."""

    def text(self) -> str:
        """Return the page."""
        frame = f'<iframe name="billing" title="Billing" src="{escape(self.frame)}" width="900" height="800"></iframe>'
        return f'<!DOCTYPE html><html lang="en"><title>Product</title><h1>Our product</h1>{frame}'


@contextmanager
def host_pages(host: str = "localhost") -> Iterator[HostPages]:
    """Serve the page until the block ends; to a browser `localhost` is another site than `127.0.0.1`."""
    pages = HostPages()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages.asked.append((self.path, self.headers.get("Referer")))
            body = pages.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    pages.origin = f"http://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
